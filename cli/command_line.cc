#include "cli/command_line.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "cli/duration.h"
#include "cli/nearest.h"
#include "cli/record_layout.h"

namespace barnabas::cli {
namespace {

constexpr const char* kExitCodes =
    "exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 exists, 5 unauthorised, 6 unreachable,\n"
    "            7 timed out, 8 precondition, 9 partial (status: 0 healthy, 1 degraded, 2 down,\n"
    "            64 usage)";

bool takes_verb(CLI::App* app) {
  return !app->get_subcommands([](const CLI::App*) { return true; }).empty();
}

// The words as CLI11 leaves them, before they are given their meaning.
struct Raw {
  std::string format = "table", timeout, controllers, bootstrap;
  std::vector<std::string> configs, properties, assignment;
  std::string key_separator, from = "end";
};

std::optional<std::pair<std::string, std::string>> key_value(const std::string& text) {
  const size_t at = text.find('=');
  if (at == 0 || at == std::string::npos) return std::nullopt;
  return std::make_pair(text.substr(0, at), text.substr(at + 1));
}

Problem usage(std::string came_back, std::string cause, std::string next) {
  return {ExitCode::kUsage, "understand the command line", std::move(came_back), std::move(cause),
          std::move(next)};
}

// "0=1,2" "1=2,3": the brokers of each partition, which are to be named once each, from 0.
std::optional<std::vector<std::vector<int32_t>>> assignment_of(
    const std::vector<std::string>& words) {
  std::vector<std::vector<int32_t>> assignment(words.size());
  for (const std::string& word : words) {
    const auto pair = key_value(word);
    int32_t partition = 0;
    if (!pair || !absl::SimpleAtoi(pair->first, &partition) || partition < 0 ||
        partition >= static_cast<int32_t>(words.size()) ||
        !assignment[static_cast<size_t>(partition)].empty()) {
      return std::nullopt;
    }
    for (const auto& text : absl::StrSplit(pair->second, ',')) {
      int32_t broker = 0;
      if (!absl::SimpleAtoi(text, &broker)) return std::nullopt;
      assignment[static_cast<size_t>(partition)].push_back(broker);
    }
  }
  return assignment;
}

class Grammar {
 public:
  explicit Grammar(CommandLine& line) : line_(line) {
    app_.require_subcommand(1);
    app_.set_help_flag("-h,--help", "what there is");
    app_.footer(kExitCodes);
    app_.option_defaults()->always_capture_default(false);
    app_.add_option("--format", raw_.format, "table (for people) or json")
        ->check(CLI::IsMember({"table", "json"}));
    app_.add_flag("-q,--quiet", line_.common.quiet, "data only");
    app_.add_option("--timeout", raw_.timeout, "how long to try: 500ms, 10s (the default), 2m");
    app_.add_option("--controllers", raw_.controllers,
                    "HOST:PORT,... (BARNABAS_CONTROLLERS; else the ports 9640 to 9642 here)");
    verb(app_, "status", "the whole cluster on one screen", Verb::kStatus);
    topic();
    auto* quorum = group("quorum", "the controllers' quorum");
    verb(*quorum, "status", "leader, term, and how far each controller is", Verb::kQuorumStatus);
    produce();
    consume();
    verb(app_, "version", "what this is", Verb::kVersion);
  }

  CLI::App& app() { return app_; }

  // Gives the raw words their meaning.
  std::optional<Problem> finish(const Environment& environment, int64_t now_ms);

  // The app that `words` lead to, and the first word nobody knows there.
  std::pair<CLI::App*, std::string> first_unknown(const std::vector<std::string>& words);

 private:
  CLI::App* group(const char* name, const char* text) {
    CLI::App* app = app_.add_subcommand(name, text);
    app->require_subcommand(1);
    app->fallthrough();
    return app;
  }

  CLI::App* verb(CLI::App& parent, const char* name, const char* text, Verb verb) {
    CLI::App* app = parent.add_subcommand(name, text);
    app->fallthrough();
    app->callback([this, verb] { line_.verb = verb; });
    return app;
  }

  void topic();
  void produce();
  void consume();
  void stream(CLI::App* app, StreamOptions& options) {
    app->add_option("topic", options.topic, "the topic's name")->required();
    app->add_option("--bootstrap", raw_.bootstrap,
                    "HOST:PORT,... of brokers (BARNABAS_BROKERS; else asked of the controllers)");
    app->add_option("-p,--partition", options.partition, "only this partition");
    app->add_option("-X", raw_.properties, "any property of librdkafka: key=value")
        ->allow_extra_args(false);
  }

  CommandLine& line_;
  Raw raw_;
  CLI::App app_{"barnabas: administers a cluster, and moves records in and out of it", "barnabas"};
};

void Grammar::topic() {
  CLI::App* topic = group("topic", "create, list, describe, delete topics");
  CLI::App* create = verb(*topic, "create", "make topics", Verb::kTopicCreate);
  create->add_option("names", line_.create.names, "names")->required();
  create->add_option("-p,--partitions", line_.create.partitions, "how many (cluster's default)")
      ->check(CLI::PositiveNumber);
  create
      ->add_option("-r,--replicas,--replication-factor", line_.create.replicas,
                   "copies of each partition (cluster's default)")
      ->check(CLI::PositiveNumber);
  create->add_option("-c,--config", raw_.configs, "a setting of the topic: key=value")
      ->allow_extra_args(false);
  create
      ->add_option("--assign", raw_.assignment,
                   "brokers of one partition: 0=1,2,3; then for each partition")
      ->allow_extra_args(false);
  create->add_flag("--if-not-exists", line_.create.if_not_exists, "a topic that exists is fine");
  create->add_flag("--validate-only", line_.create.validate_only, "only say whether it could be");
  CLI::App* list = verb(*topic, "list", "all topics", Verb::kTopicList);
  list->add_flag("--internal", line_.list.internal, "also those the cluster keeps for itself");
  CLI::App* describe =
      verb(*topic, "describe", "partitions, leaders, replicas in sync", Verb::kTopicDescribe);
  describe->add_option("names", line_.describe.names, "names; none: all");
  CLI::App* remove = verb(*topic, "delete", "delete topics with their records", Verb::kTopicDelete);
  remove->add_option("names", line_.remove.names, "names")->required();
  remove->add_flag("--if-exists", line_.remove.if_exists, "a topic that is not there is fine");
}

void Grammar::produce() {
  CLI::App* app = verb(app_, "produce", "one record per line of stdin", Verb::kProduce);
  stream(app, line_.produce.stream);
  app->add_option("-k,--key-separator", raw_.key_separator, "what is before it is the key");
  app->add_option("-z,--compression", line_.produce.codec, "none, gzip, snappy, lz4 or zstd")
      ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}));
  app->add_option("--acks", line_.produce.acks, "all (the default), 1 or 0")
      ->check(CLI::IsMember({"all", "-1", "1", "0"}));
}

void Grammar::consume() {
  CLI::App* app = verb(app_, "consume", "print records", Verb::kConsume);
  stream(app, line_.consume.stream);
  app->add_option("-o,--offset", raw_.from,
                  "start, end (the default), -10 (the last ten), 1200, @2026-11-20T14:00, @-5m");
  app->add_option("-n,--count", line_.consume.count, "stop after so many")
      ->check(CLI::NonNegativeNumber);
  app->add_flag("-e,--exit-at-end", line_.consume.exit_at_end, "stop where the topic ends now");
  app->add_option("-f,--layout", line_.consume.layout,
                  "%t topic %p partition %o offset %k key %v value %T time; \\n \\t");
}

std::optional<Problem> Grammar::finish(const Environment& environment, int64_t now_ms) {
  line_.common.format = raw_.format == "json" ? Format::kJson : Format::kTable;
  if (!raw_.timeout.empty()) {
    const auto timeout = parse_duration(raw_.timeout);
    if (!timeout.has_value() || timeout->count() == 0) {
      return usage(absl::StrCat("--timeout ", raw_.timeout, " is not a time"),
                   "a number with a unit is wanted",
                   "--timeout 500ms, --timeout 10s, --timeout 2m");
    }
    line_.common.timeout = *timeout;
  } else if (line_.verb == Verb::kProduce) {
    line_.common.timeout = std::chrono::minutes(2);  // records may wait for a failover
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
      return usage(absl::StrCat("'", endpoint, "' is not HOST:PORT"),
                   "--controllers or BARNABAS_CONTROLLERS names a controller without its port",
                   "--controllers 127.0.0.1:9640");
    }
  }
  if (line_.common.controllers.empty()) {
    return usage("no controller is named", "--controllers or BARNABAS_CONTROLLERS is empty",
                 "--controllers 127.0.0.1:9640");
  }
  if (raw_.bootstrap.empty()) raw_.bootstrap = environment("BARNABAS_BROKERS").value_or("");
  line_.produce.stream.bootstrap = line_.consume.stream.bootstrap = raw_.bootstrap;
  for (const std::string& text : raw_.configs) {
    const auto pair = key_value(text);
    if (!pair) {
      return usage(absl::StrCat("--config ", text, " is not key=value"), "",
                   "-c retention.ms=1000");
    }
    line_.create.configs.push_back(*pair);
  }
  for (const std::string& text : raw_.properties) {
    const auto pair = key_value(text);
    if (!pair) return usage(absl::StrCat("-X ", text, " is not key=value"), "", "-X linger.ms=0");
    line_.produce.stream.properties.push_back(*pair);
    line_.consume.stream.properties.push_back(*pair);
  }
  const auto assignment = assignment_of(raw_.assignment);
  if (!assignment.has_value()) {
    return usage("--assign is not PARTITION=BROKER,BROKER,...",
                 "each partition from 0 on is named once, its first broker is the preferred leader",
                 "--assign 0=1,2,3 --assign 1=2,3,1");
  }
  line_.create.assignment = *assignment;
  if (!assignment->empty() && (line_.create.partitions != -1 || line_.create.replicas != -1)) {
    return usage("--assign together with --partitions or --replicas",
                 "an assignment says both already", "one of the two");
  }
  if (!raw_.key_separator.empty()) line_.produce.key_separator = raw_.key_separator;
  const auto from = parse_position(raw_.from, now_ms);
  if (!from.has_value()) {
    return usage(absl::StrCat("-o ", raw_.from, " is not a place in a topic"), "",
                 "-o start, -o end, -o -10, -o 1200, -o @2026-11-20T14:00, -o @-5m");
  }
  line_.consume.from = *from;
  if (const std::string mistake = check_layout(line_.consume.layout); !mistake.empty()) {
    return usage(absl::StrCat("-f ", line_.consume.layout, ": ", mistake), "",
                 "-f '%p %o %k %v\\n'");
  }
  return std::nullopt;
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

// "barnabas topic"
std::string path_of(const CLI::App* app) {
  if (app->get_parent() == nullptr) return app->get_name();
  return absl::StrCat(path_of(app->get_parent()), " ", app->get_name());
}

Problem unknown_word(const CLI::App* app, const std::string& word) {
  const bool is_flag = word[0] == '-';
  std::vector<std::string> candidates;
  if (is_flag) {
    for (const CLI::App* at = app; at != nullptr; at = at->get_parent()) {
      for (const CLI::Option* option : at->get_options()) {
        for (const std::string& name : option->get_lnames()) candidates.push_back("--" + name);
        for (const std::string& name : option->get_snames()) candidates.push_back("-" + name);
      }
    }
  } else {
    for (const CLI::App* verb : app->get_subcommands([](const CLI::App*) { return true; })) {
      candidates.push_back(verb->get_name());
    }
  }
  const std::string meant = nearest(word, candidates);
  const std::string path = path_of(app);
  return usage(absl::StrCat(path, " has no ", is_flag ? "flag " : "verb ", word),
               meant.empty() ? "" : absl::StrCat("perhaps ", meant, " was meant"),
               meant.empty() ? absl::StrCat(path, " --help") : absl::StrCat(path, " ", meant));
}

}  // namespace

Parsed parse(const std::vector<std::string>& words, const Environment& environment,
             int64_t now_ms) {
  Parsed parsed;
  CommandLine line;
  Grammar grammar(line);
  const bool is_status = std::find_if(words.begin(), words.end(),
                                      [](const std::string& word) {
                                        return word.empty() || word[0] != '-';
                                      }) != words.end() &&
                         grammar.first_unknown(words).first->get_name() == "status" &&
                         grammar.first_unknown(words).first->get_parent() == &grammar.app();
  if (is_status) parsed.usage_exit = kStatusUsage;
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 wants them
  try {
    grammar.app().parse(reversed);
  } catch (const CLI::CallForHelp&) {
    parsed.help = grammar.first_unknown(words).first->help();
    return parsed;
  } catch (const CLI::ParseError& error) {
    const auto [app, word] = grammar.first_unknown(words);
    parsed.problem =
        !word.empty() ? unknown_word(app, word) : usage(error.what(), "", path_of(app) + " --help");
    return parsed;
  }
  parsed.problem = grammar.finish(environment, now_ms);
  if (!parsed.problem.has_value()) parsed.line = std::move(line);
  return parsed;
}

}  // namespace barnabas::cli
