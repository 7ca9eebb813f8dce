// barnabas explain, barnabas config explain, barnabas config list: what needs no cluster.

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include <algorithm>

#include "cli/config_verbs.h"
#include "cli/error_advice.h"
#include "cli/json_text.h"
#include "cli/nearest.h"
#include "cli/settings.h"

namespace barnabas::cli {
namespace {

using metadata::ConfigKey;

struct ExitMeaning {
  int code;
  const char* meaning;
  const char* next;
};

constexpr ExitMeaning kExits[] = {
    {0, "done", "nothing"},
    {1, "failed, and none of the other codes says it better", "what stands on stderr"},
    {2, "the command line was not understood (status: 64, because its 2 is \"down\")",
     "barnabas VERB --help"},
    {3, "what was named does not exist", "barnabas topic list, group list, node list"},
    {4, "what was to be made exists already", "--if-not-exists makes this a success"},
    {5, "not authorised", "ask whoever administers the cluster"},
    {6, "nobody listens where the cluster should be",
     "--controllers or --bootstrap (BARNABAS_CONTROLLERS, BARNABAS_BROKERS); barnabas doctor"},
    {7, "no answer in time; what was asked may have been done",
     "look before doing it again; --timeout gives more time"},
    {8, "refused because it would lose availability, or because too little of the cluster runs",
     "barnabas status"},
    {9, "some of what was asked was done", "what stands on stderr says which part was not"},
    {64, "status: the command line was not understood", "barnabas status --help"},
};

// What libraries and older versions call an error, bare of everything but letters, and without
// "Exception" and "Error".
struct Alias {
  const char* name;
  kafka::ErrorCode code;
};

constexpr Alias kAliases[] = {
    {"COORDINATORLOADINPROGRESS", kafka::ErrorCode::kCoordinatorLoadInProgress},
    {"CORRUPTRECORD", kafka::ErrorCode::kCorruptMessage},
    {"DISCONNECT", kafka::ErrorCode::kNetworkException},
    {"GROUPCOORDINATORNOTAVAILABLE", kafka::ErrorCode::kCoordinatorNotAvailable},
    {"GROUPLOADINPROGRESS", kafka::ErrorCode::kCoordinatorLoadInProgress},
    {"GROUPNOTEMPTY", kafka::ErrorCode::kNonEmptyGroup},
    {"INVALIDCONFIGURATION", kafka::ErrorCode::kInvalidConfig},
    {"INVALIDMSG", kafka::ErrorCode::kCorruptMessage},
    {"INVALIDMSGSIZE", kafka::ErrorCode::kInvalidFetchSize},
    {"INVALIDTOPIC", kafka::ErrorCode::kInvalidTopicException},
    {"MSGSIZETOOLARGE", kafka::ErrorCode::kMessageTooLarge},
    {"NOTCOORDINATORFORGROUP", kafka::ErrorCode::kNotCoordinator},
    {"NOTLEADERFORPARTITION", kafka::ErrorCode::kNotLeaderOrFollower},
    {"RECORDBATCHTOOLARGE", kafka::ErrorCode::kRecordListTooLarge},
    {"RECORDTOOLARGE", kafka::ErrorCode::kMessageTooLarge},
    {"TIMEOUT", kafka::ErrorCode::kRequestTimedOut},
    {"TOPICEXISTS", kafka::ErrorCode::kTopicAlreadyExists},
    {"UNKNOWNTOPICORPART", kafka::ErrorCode::kUnknownTopicOrPartition},
};

std::string text(std::string_view view) { return std::string(view); }

// NotEnoughReplicasException, NOT_ENOUGH_REPLICAS and not-enough-replicas are one.
std::string bare(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) out += absl::ascii_toupper(c);
  }
  for (const std::string ending : {"EXCEPTION", "ERROR"}) {
    if (out.ends_with(ending)) out.erase(out.size() - ending.size());
  }
  return out;
}

const ErrorAdvice* advice_by_name(const std::string& name) {
  const std::string wanted = bare(name);
  if (wanted.empty()) return nullptr;
  for (const ErrorAdvice& advice : all_error_advice()) {
    if (bare(text(kafka::error_name(advice.code))) == wanted) return &advice;
  }
  for (const Alias& alias : kAliases) {
    if (wanted == alias.name) return error_advice(static_cast<int>(alias.code));
  }
  return nullptr;
}

void line(const Output& output, const char* title, const std::string& value) {
  if (!value.empty()) output.out << "  " << title << value << '\n';
}

int print_error(const Output& output, const ErrorAdvice& advice) {
  const std::string next = absl::StrReplaceAll(advice.next, {{"%s", "NAME"}});
  const std::string name = text(kafka::error_name(advice.code));
  const bool retriable = kafka::is_retriable(advice.code);
  if (output.data()) {
    output.print_data(JsonObject()
                          .add("error", name)
                          .add("code", static_cast<int>(advice.code))
                          .add("retriable", retriable)
                          .add("exit", static_cast<int>(advice.exit))
                          .add("cause", advice.cause)
                          .add("next", next)
                          .text());
    return 0;
  }
  output.out << name << ' ' << static_cast<int>(advice.code)
             << (retriable ? "   (clients try again by themselves)" : "") << '\n';
  line(output, "cause:  ", advice.cause);
  line(output, "next:   ", next);
  line(output, "exit:   ", absl::StrCat(static_cast<int>(advice.exit)));
  return 0;
}

int print_exit(const Output& output, const ExitMeaning& exit) {
  if (output.data()) {
    output.print_data(JsonObject()
                          .add("exit", exit.code)
                          .add("meaning", exit.meaning)
                          .add("next", exit.next)
                          .text());
    return 0;
  }
  output.out << "exit code " << exit.code << '\n';
  line(output, "means:  ", exit.meaning);
  line(output, "next:   ", exit.next);
  return 0;
}

// How to change it, as one would type it.
std::string how(const ConfigKey& key, bool of_topic) {
  if (of_topic) {
    return absl::StrCat("barnabas config set --topic NAME ", text(key.name), "=VALUE");
  }
  switch (key.change) {
    case metadata::KeyChange::kFile:
      return "in the broker's properties file, then restart it";
    case metadata::KeyChange::kBroker:
      return absl::StrCat("barnabas config set --cluster ", text(key.name),
                          "=VALUE   (or --node ID)");
    default:
      return absl::StrCat("barnabas config set --cluster ", text(key.name), "=VALUE");
  }
}

int print_key(const Output& output, const ConfigKey& key) {
  const bool of_topic = metadata::find_topic_key(key.name) != nullptr;
  const std::string of = of_topic ? "topic" : "broker";
  if (output.data()) {
    output.print_data(JsonObject()
                          .add("key", text(key.name))
                          .add("of", of)
                          .add("type", text(metadata::type_name(key.type)))
                          .add("default", text(key.default_value))
                          .add("allowed", metadata::allowed_values(key))
                          .add("for_all_topics", text(key.broker_key))
                          .add("has_effect", key.has_effect)
                          .add("change", how(key, of_topic))
                          .add("documentation", text(key.documentation))
                          .text());
    return 0;
  }
  output.out << text(key.name) << "   (" << of << ")\n  " << text(key.documentation) << '\n';
  line(output, "type:     ", text(metadata::type_name(key.type)));
  line(output, "default:  ", key.default_value.empty() ? "(empty)" : text(key.default_value));
  line(output, "allowed:  ", metadata::allowed_values(key));
  line(output, "for all:  ", text(key.broker_key));
  line(output, "change:   ", how(key, of_topic));
  if (!key.has_effect) line(output, "note:     ", "accepted and kept, but it has no effect here");
  return 0;
}

std::vector<std::string> error_names() {
  std::vector<std::string> out;
  for (const ErrorAdvice& advice : all_error_advice()) {
    out.push_back(text(kafka::error_name(advice.code)));
  }
  return out;
}

int unknown(const Output& output, const std::string& what, const std::string& kind,
            const std::vector<std::string>& candidates, const char* next) {
  const std::string meant = nearest(what, candidates);
  return output.fail({ExitCode::kNotFound, absl::StrCat("explain ", what),
                      absl::StrCat(what, " is no ", kind),
                      meant.empty() ? "" : absl::StrCat("perhaps ", meant, " was meant"),
                      meant.empty() ? next : absl::StrCat("barnabas explain ", meant)});
}

}  // namespace

int explain(const Output& output, const std::string& what) {
  int number = 0;
  const std::string upper = absl::AsciiStrToUpper(what);
  if (upper.starts_with("EXIT")) {
    const size_t digits = upper.find_first_of("0123456789");
    const bool is_number =
        digits != std::string::npos && absl::SimpleAtoi(upper.substr(digits), &number);
    for (const ExitMeaning& exit : kExits) {
      if (is_number && exit.code == number) return print_exit(output, exit);
    }
    return unknown(output, what, "exit code of this command", {}, "barnabas explain exit:8");
  }
  if (absl::SimpleAtoi(what, &number)) {
    if (const ErrorAdvice* advice = error_advice(number)) return print_error(output, *advice);
    return unknown(output, what, "error code of Kafka's", {}, "a number from -1 to 136");
  }
  if (const ErrorAdvice* advice = advice_by_name(what)) return print_error(output, *advice);
  if (const ConfigKey* key = find_key(what)) return print_key(output, *key);
  std::vector<std::string> candidates = error_names();
  for (std::string& key : all_keys()) candidates.push_back(std::move(key));
  const bool like_error = what.find('.') == std::string::npos;
  return unknown(output, like_error && nearest(what, candidates).empty() ? upper : what,
                 "error of Kafka's and no setting", candidates,
                 "barnabas config list   or a number from -1 to 136");
}

int config_explain(const Output& output, const std::string& key) {
  if (const ConfigKey* found = find_key(key)) return print_key(output, *found);
  return unknown(output, key, "setting", all_keys(), "barnabas config list");
}

int config_list(const Output& output, const ConfigOptions& options) {
  const auto asked = [&](ConfigTarget::Kind kind) {
    return options.targets.empty() ||
           std::any_of(options.targets.begin(), options.targets.end(),
                       [&](const ConfigTarget& target) { return target.kind == kind; });
  };
  struct Row {
    const ConfigKey* key;
    const char* of;
  };
  std::vector<Row> rows;
  if (asked(ConfigTarget::Kind::kTopic)) {
    for (const ConfigKey& key : metadata::topic_keys()) rows.push_back({&key, "topic"});
  }
  if (asked(ConfigTarget::Kind::kCluster) || asked(ConfigTarget::Kind::kNode)) {
    for (const ConfigKey& key : metadata::broker_keys()) rows.push_back({&key, "broker"});
  }
  if (asked(ConfigTarget::Kind::kNode)) {
    for (const ConfigKey& key : metadata::static_broker_keys()) rows.push_back({&key, "file"});
  }
  if (output.data()) {
    std::vector<std::string> keys;
    for (const Row& row : rows) {
      keys.push_back(JsonObject()
                         .add("key", text(row.key->name))
                         .add("of", row.of)
                         .add("type", text(metadata::type_name(row.key->type)))
                         .add("default", text(row.key->default_value))
                         .add("allowed", metadata::allowed_values(*row.key))
                         .add("has_effect", row.key->has_effect)
                         .add("documentation", text(row.key->documentation))
                         .text());
    }
    output.print_data(JsonObject().add_json("keys", json_list(keys)).text(), "keys");
    return 0;
  }
  Table table({{"key"}, {"of"}, {"type"}, {"default"}, {"allowed"}, {"note"}, {"meaning"}});
  for (const Row& row : rows) {
    if (output.quiet) {
      output.out << text(row.key->name) << '\n';
      continue;
    }
    table.add({text(row.key->name), row.of, text(metadata::type_name(row.key->type)),
               text(row.key->default_value), metadata::allowed_values(*row.key),
               row.key->has_effect ? "" : "no effect",
               output.wide() ? text(row.key->documentation) : ""});
  }
  if (!output.quiet) output.print(table);
  return 0;
}

}  // namespace barnabas::cli
