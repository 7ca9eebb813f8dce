#include "cli/grammar.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include "cli/duration.h"
#include "cli/record_layout.h"

namespace barnabas::cli {
namespace {

constexpr const char* kExitCodes =
    "exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 exists, 5 unauthorised, 6 unreachable,\n"
    "            7 timed out, 8 precondition, 9 partial (status: 0 healthy, 1 degraded, 2 down,\n"
    "            64 usage)";

Format format_of(const std::string& word) {
  if (word == "wide") return Format::kWide;
  if (word == "json") return Format::kJson;
  if (word == "yaml") return Format::kYaml;
  if (word == "jsonl") return Format::kJsonl;
  return Format::kTable;
}

// Those that show what changes by itself, and change nothing.
bool watchable(Verb verb) {
  switch (verb) {
    case Verb::kStatus:
    case Verb::kQuorumStatus:
    case Verb::kTopicList:
    case Verb::kTopicDescribe:
    case Verb::kGroupList:
    case Verb::kGroupDescribe:
    case Verb::kGroupLag:
    case Verb::kNodeList:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool takes_verb(const CLI::App* app) {
  return !app->get_subcommands([](const CLI::App*) { return true; }).empty();
}

std::string path_of(const CLI::App* app) {
  if (app->get_parent() == nullptr) return app->get_name();
  return absl::StrCat(path_of(app->get_parent()), " ", app->get_name());
}

std::optional<std::pair<std::string, std::string>> key_value(const std::string& text) {
  const size_t at = text.find('=');
  if (at == 0 || at == std::string::npos) return std::nullopt;
  return std::make_pair(text.substr(0, at), text.substr(at + 1));
}

Problem usage_problem(std::string came_back, std::string cause, std::string next) {
  return {ExitCode::kUsage, "understand the command line", std::move(came_back), std::move(cause),
          std::move(next)};
}

Grammar::Grammar(CommandLine& line) : line_(line) {
  app_.require_subcommand(1);
  app_.set_help_flag("-h,--help", "what there is");
  app_.footer(kExitCodes);
  app_.option_defaults()->always_capture_default(false);
  app_.add_option("--format", raw_.format,
                  "table (for people), wide (all of it), json, yaml or jsonl (a line per element)")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml", "jsonl"}));
  app_.add_flag("--no-headers", raw_.no_headers, "tables without their titles");
  app_.add_flag("-q,--quiet", line_.common.quiet, "data only");
  app_.add_option("--timeout", raw_.timeout, "how long to try: 500ms, 10s (the default), 2m");
  app_.add_option("--controllers", raw_.controllers,
                  "HOST:PORT,... (BARNABAS_CONTROLLERS; else the ports 9640 to 9642 here)");
  app_.add_option("--bootstrap", raw_.bootstrap,
                  "HOST:PORT,... of brokers (BARNABAS_BROKERS; else asked of the controllers)");
  app_.add_option("-X", raw_.properties,
                  "a property of the Kafka client: key=value (produce, consume: librdkafka's)")
      ->allow_extra_args(false);
  verb(app_, "status", "the whole cluster on one screen", Verb::kStatus);
  topic();
  quorum();
  groups();
  nodes();
  configs();
  produce();
  consume();
  dev();
  doctor();
  verb(app_, "explain", "an error of Kafka's, a setting or an exit code, in words", Verb::kExplain)
      ->add_option("what", line_.word, "NOT_ENOUGH_REPLICAS, 19, retention.ms, exit:8")
      ->required();
  verb(app_, "completion", "what makes a shell complete these words", Verb::kCompletion)
      ->add_option("shell", line_.word, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb(app_, "version", "what this is", Verb::kVersion);
}

CLI::App* Grammar::group(const char* name, const char* text) {
  CLI::App* app = app_.add_subcommand(name, text);
  app->require_subcommand(1);
  app->fallthrough();
  return app;
}

CLI::App* Grammar::verb(CLI::App& parent, const char* name, const char* text, Verb verb) {
  CLI::App* app = parent.add_subcommand(name, text);
  app->fallthrough();
  app->callback([this, verb] { line_.verb = verb; });
  if (watchable(verb)) {
    app->add_flag("--watch", line_.common.watch, "again every second, until ^C");
  }
  return app;
}

std::optional<Problem> Grammar::pairs(const char* flag, const std::vector<std::string>& words,
                                      std::vector<std::pair<std::string, std::string>>& out) {
  for (const std::string& word : words) {
    auto pair = key_value(word);
    if (!pair) {
      return usage_problem(absl::StrCat(flag, *flag == '\0' ? "" : " ", word, " is not key=value"),
                           "", absl::StrCat(flag, *flag == '\0' ? "" : " ", "key=value"));
    }
    out.push_back(std::move(*pair));
  }
  return std::nullopt;
}

std::optional<Problem> Grammar::place(const char* flag, const std::string& word, int64_t now_ms,
                                      bool shifts, Position& out) {
  auto found = parse_position(word, now_ms);
  if (!found.has_value()) {
    return usage_problem(absl::StrCat(flag, " ", word, " is not a place in a topic"), "",
                         absl::StrCat(flag, " start, ", flag, " end, ", flag, " -10, ", flag,
                                      " 1200, ", flag, " @2026-11-20T14:00, ", flag, " @-5m"));
  }
  if (shifts && found->kind == Position::Kind::kLast) {
    *found = {Position::Kind::kShift, -found->value};
  } else if (shifts && word.front() == '+') {
    found->kind = Position::Kind::kShift;
  }
  out = *found;
  return std::nullopt;
}

std::optional<Problem> Grammar::finish_common(const Environment& environment) {
  line_.common.format = format_of(raw_.format);
  line_.common.headers = !raw_.no_headers;
  if (!raw_.timeout.empty()) {
    const auto timeout = parse_duration(raw_.timeout);
    if (!timeout.has_value() || timeout->count() == 0) {
      return usage_problem(absl::StrCat("--timeout ", raw_.timeout, " is not a time"),
                           "a number with a unit is wanted",
                           "--timeout 500ms, --timeout 10s, --timeout 2m");
    }
    line_.common.timeout = *timeout;
  } else if (line_.verb == Verb::kProduce) {
    line_.common.timeout = std::chrono::minutes(2);  // records may wait for a failover
  } else if (line_.verb == Verb::kNodeDrain) {
    line_.common.timeout = std::chrono::minutes(1);
  } else if (line_.verb == Verb::kQuorumAdd || line_.verb == Verb::kQuorumReplace) {
    line_.common.timeout = std::chrono::minutes(10);  // the log, or a snapshot, is copied first
  } else if (line_.verb == Verb::kQuorumRemove || line_.verb == Verb::kQuorumTransfer) {
    line_.common.timeout = std::chrono::seconds(30);
  } else if (line_.verb == Verb::kStatus) {
    line_.common.timeout = std::chrono::seconds(3);
  }
  if (raw_.controllers.empty()) {
    raw_.controllers = environment("BARNABAS_CONTROLLERS").value_or(kDefaultControllers);
  }
  line_.common.controllers = absl::StrSplit(raw_.controllers, ',', absl::SkipWhitespace());
  for (std::string& endpoint : line_.common.controllers) {
    absl::StripAsciiWhitespace(&endpoint);
    const size_t colon = endpoint.rfind(':');
    int port = 0;
    if (colon == std::string::npos || colon == 0 ||
        !absl::SimpleAtoi(endpoint.substr(colon + 1), &port) || port < 1 || port > 65535) {
      return usage_problem(absl::StrCat("'", endpoint, "' is not HOST:PORT"),
                           "--controllers or BARNABAS_CONTROLLERS names a controller without its "
                           "port",
                           "--controllers 127.0.0.1:9640");
    }
  }
  if (line_.common.controllers.empty()) {
    return usage_problem("no controller is named", "--controllers or BARNABAS_CONTROLLERS is empty",
                         "--controllers 127.0.0.1:9640");
  }
  if (raw_.bootstrap.empty()) raw_.bootstrap = environment("BARNABAS_BROKERS").value_or("");
  line_.common.bootstrap = raw_.bootstrap;
  return pairs("-X", raw_.properties, line_.common.properties);
}

std::optional<Problem> Grammar::finish(const Environment& environment, int64_t now_ms) {
  if (auto problem = finish_common(environment)) return problem;
  if (auto problem = finish_dev()) return problem;
  if (auto problem = finish_topic()) return problem;
  if (auto problem = finish_stream(now_ms)) return problem;
  if (auto problem = finish_group(now_ms)) return problem;
  if (auto problem = finish_quorum()) return problem;
  return finish_config();
}

std::pair<CLI::App*, std::string> Grammar::first_unknown(const std::vector<std::string>& words) {
  CLI::App* app = &app_;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") break;
    if (word.size() > 1 && word[0] == '-') {
      const std::string name = word.substr(0, word.find('='));
      const CLI::Option* option = nullptr;
      for (CLI::App* at = app; at != nullptr && option == nullptr; at = at->get_parent()) {
        option = at->get_option_no_throw(name);
      }
      const bool digits = word.find_first_not_of("-0123456789") == std::string::npos;
      const bool joined = word[1] != '-' && word.size() > 2;  // -n10
      if (option == nullptr && !digits && !joined) return {app, name};
      if (option != nullptr && option->get_expected_min() > 0 && name.size() == word.size()) ++i;
      continue;
    }
    if (!takes_verb(app)) continue;
    const auto found =
        app->get_subcommands([&](CLI::App* verb) { return verb->get_name() == word; });
    if (found.empty()) return {app, word};
    app = found.front();
  }
  return {app, ""};
}

}  // namespace barnabas::cli
