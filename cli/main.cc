// The `barnabas` command: a composition root. Parses, connects, hands over, leaves.

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "cli/admin_client.h"
#include "cli/admin_grpc.h"
#include "cli/command_line.h"
#include "cli/json_text.h"
#include "cli/streams.h"
#include "cli/verbs.h"
#include "cli/version.h"
#include "common/random.h"
#include "common/uuid.h"

namespace barnabas::cli {
namespace {

Patience real_patience() {
  return {[] {
            return std::chrono::duration_cast<Milliseconds>(
                std::chrono::steady_clock::now().time_since_epoch());
          },
          [](Milliseconds time) { std::this_thread::sleep_for(time); }};
}

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

int version(const Output& output) {
  if (output.data()) {
    output.print_data(JsonObject().add("name", "barnabas").add("version", kVersion).text());
  } else {
    output.out << "barnabas " << kVersion << '\n';
  }
  return 0;
}

// librdkafka needs to know a broker; where none was named the controllers know them all.
std::optional<Problem> complete(StreamOptions& stream, AdminClient& client) {
  if (!stream.bootstrap.empty()) return std::nullopt;
  auto found = find_brokers(client);
  if (!found.ok()) return found.problem();
  stream.bootstrap = std::move(found.value());
  return std::nullopt;
}

int run(CommandLine line) {
  const Output output = terminal_output(line.common.format, line.common.quiet, line.common.headers);
  AdminClient client(line.common.controllers, dial_grpc, real_patience(),
                     Uuid::make(*system_random()).bytes(), line.common.timeout);
  switch (line.verb) {
    case Verb::kVersion:
      return version(output);
    case Verb::kStatus:
      return status(client, output);
    case Verb::kQuorumStatus:
      return quorum_status(client, output);
    case Verb::kTopicCreate:
      return topic_create(client, output, line.create);
    case Verb::kTopicDelete:
      return topic_delete(client, output, line.remove);
    case Verb::kTopicList:
      return topic_list(client, output, line.list);
    case Verb::kTopicDescribe:
      return topic_describe(client, output, line.describe);
    case Verb::kProduce:
      if (const auto problem = complete(line.produce.stream, client)) return output.fail(*problem);
      return produce(std::cin, output, line.produce, line.common.timeout);
    case Verb::kConsume:
      if (const auto problem = complete(line.consume.stream, client)) return output.fail(*problem);
      return consume(output, line.consume, line.common.timeout);
    default:
      break;
  }
  return static_cast<int>(ExitCode::kFailed);
}

int start(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  signal(SIGPIPE, SIG_IGN);
  const auto now_ms =
      std::chrono::duration_cast<Milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  Parsed parsed = parse({argv + 1, argv + argc}, environment, now_ms);
  if (parsed.line.has_value()) return run(std::move(*parsed.line));
  if (!parsed.problem.has_value()) {
    std::cout << parsed.help;
    return 0;
  }
  terminal_output(Format::kTable, false).fail(*parsed.problem);
  return parsed.usage_exit;
}

}  // namespace
}  // namespace barnabas::cli

int main(int argc, char** argv) {
  const int code = barnabas::cli::start(argc, argv);
  std::cout.flush();
  std::cerr.flush();
  // gRPC's orderly end takes longer than the call it was made for, and has nothing to save.
  _exit(code);
}
