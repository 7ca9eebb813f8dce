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
#include "cli/completion.h"
#include "cli/config_check.h"
#include "cli/dev.h"
#include "cli/doctor.h"
#include "cli/json_text.h"
#include "cli/kafka_tools/tools.h"
#include "cli/run_verb.h"
#include "cli/version.h"
#include "cli/watch.h"
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

int64_t wall_ms() {
  return std::chrono::duration_cast<Milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
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

int run(CommandLine line, int64_t now_ms) {
  const Output output = terminal_output(line.common.format, line.common.quiet, line.common.headers);
  switch (line.verb) {  // what needs no controller
    case Verb::kDev:
      return dev(output, line.dev);
    case Verb::kDoctor:
      return doctor(output, line.doctor);
    case Verb::kConfigCheck:
      return config_check(output, line.config_check);
    default:
      break;
  }
  if (line.verb == Verb::kVersion) return version(output);
  const Patience patience = real_patience();
  if (line.verb == Verb::kComplete) line.common.timeout = kCompletionTime;
  AdminClient client(line.common.controllers, dial_grpc, patience,
                     Uuid::make(*system_random()).bytes(), line.common.timeout);
  if (line.common.watch) {
    return watch(output, patience, [&](const Output& picture) {
      return run_verb(client, {patience, wall_ms()}, picture, line);
    });
  }
  return run_verb(client, {patience, now_ms}, output, line);
}

// Called by the name of one of Kafka's own tools, or with that name as the first word.
std::optional<int> kafka_tool(int argc, char** argv) {
  const kafka_tools::Streams streams{std::cin, std::cout, std::cerr};
  if (const auto* tool = kafka_tools::find_tool(argv[0])) {
    return tool->run({argv + 1, argv + argc}, streams);
  }
  if (argc < 2) return std::nullopt;
  const auto* const tool = kafka_tools::find_tool(argv[1]);
  if (tool == nullptr) return std::nullopt;
  return tool->run({argv + 2, argv + argc}, streams);
}

// In a line that was not understood as a whole.
Format format_wanted(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--format" && i + 1 < argc) word += std::string("=") + argv[i + 1];
    if (word == "--format=json" || word == "--format=jsonl" || word == "--format=yaml") {
      return Format::kJson;
    }
  }
  return Format::kTable;
}

int start(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  signal(SIGPIPE, SIG_IGN);
  if (const auto code = kafka_tool(argc, argv)) return *code;
  const int64_t now_ms = wall_ms();
  Parsed parsed = parse({argv + 1, argv + argc}, environment, now_ms);
  if (parsed.line.has_value()) return run(std::move(*parsed.line), now_ms);
  if (!parsed.problem.has_value()) {
    std::cout << parsed.help;
    return 0;
  }
  terminal_output(format_wanted(argc, argv), false).fail(*parsed.problem);
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
