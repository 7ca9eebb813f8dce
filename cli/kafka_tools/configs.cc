// kafka-configs: settings of topics, brokers and groups' cluster defaults.

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <deque>

#include "cli/kafka_tools/setting.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/incremental_alter_configs.h"

namespace barnabas::cli::kafka_tools {
namespace {

constexpr char kPurpose[] = "Shows and changes settings of topics and brokers.";

std::vector<Flag> config_flags() {
  return with_common({
      {"describe", Takes::kNothing, "Shows the settings"},
      {"alter", Takes::kNothing, "Changes the settings"},
      {"all", Takes::kNothing, "Also those that were never set (with --describe)"},
      {"add-config", Takes::kValue, "k1=v1,k2=[v2,v3]"},
      {"add-config-file", Takes::kValue, "A properties file of settings to add"},
      {"delete-config", Takes::kValue, "k1,k2: back to the default"},
      {"entity-type", Takes::kValue, "topics or brokers"},
      {"entity-name", Takes::kValue, "A topic's name or a broker's id"},
      {"entity-default", Takes::kNothing, "The default of all brokers"},
      {"topic", Takes::kValue, "Short for --entity-type topics --entity-name"},
      {"broker", Takes::kValue, "Short for --entity-type brokers --entity-name"},
      {"broker-defaults", Takes::kNothing, "Short for --entity-type brokers --entity-default"},
  });
}

enum Resource : int8_t { kTopic = 2, kBroker = 4 };
enum Source : int8_t {
  kDynamicTopic = 1,
  kDynamicBroker = 2,
  kDynamicDefault = 3,
  kStatic = 4,
  kDefault = 5,
};

const char* source_name(int8_t source) {
  switch (source) {
    case kDynamicTopic:
      return "DYNAMIC_TOPIC_CONFIG";
    case kDynamicBroker:
      return "DYNAMIC_BROKER_CONFIG";
    case kDynamicDefault:
      return "DYNAMIC_DEFAULT_BROKER_CONFIG";
    case kStatic:
      return "STATIC_BROKER_CONFIG";
    case kDefault:
      return "DEFAULT_CONFIG";
    case 6:
      return "DYNAMIC_BROKER_LOGGER_CONFIG";
    case 8:
      return "DYNAMIC_GROUP_CONFIG";
    default:
      return "UNKNOWN";
  }
}

struct Entity {
  Resource type = kTopic;
  std::string name;  // of a broker: "" is the default of all
};

absl::StatusOr<Entity> entity_of(const Arguments& arguments) {
  if (const auto topic = arguments.value("topic")) return Entity{kTopic, *topic};
  if (const auto broker = arguments.value("broker")) return Entity{kBroker, *broker};
  if (arguments.has("broker-defaults")) return Entity{kBroker, ""};
  const std::string type = arguments.value_or("entity-type", "");
  if (type.empty()) {
    return absl::InvalidArgumentError("At least one entity type must be specified");
  }
  if (type != "topics" && type != "brokers") {
    return absl::InvalidArgumentError(absl::StrCat(
        "Invalid entity type ", type, ": settings exist for topics and brokers (so far)"));
  }
  return Entity{type == "topics" ? kTopic : kBroker, arguments.value_or("entity-name", "")};
}

// "k1=v1,k2=[v2,v3]": a comma within brackets belongs to the value.
absl::StatusOr<Settings> parse_additions(const std::string& text) {
  Settings out;
  std::string word;
  int depth = 0;
  const auto finish = [&]() -> absl::Status {
    if (word.empty()) return absl::OkStatus();
    auto setting = split_setting(word);
    if (!setting.ok()) return setting.status();
    std::string& value = setting->second;
    if (value.size() >= 2 && value.front() == '[' && value.back() == ']') {
      value = value.substr(1, value.size() - 2);
    }
    out.push_back(*std::move(setting));
    word.clear();
    return absl::OkStatus();
  };
  for (const char c : text) {
    if (c == '[') ++depth;
    if (c == ']') --depth;
    if (c == ',' && depth == 0) {
      if (absl::Status status = finish(); !status.ok()) return status;
    } else {
      word.push_back(c);
    }
  }
  if (absl::Status status = finish(); !status.ok()) return status;
  return out;
}

// Broker settings are asked of the broker itself.
template <class Response, class Request>
absl::StatusOr<wire::Received<Response>> ask(wire::Cluster& cluster, const Entity& entity,
                                             const Request& request) {
  int32_t id = 0;
  if (entity.type == kBroker && absl::SimpleAtoi(entity.name, &id)) {
    return cluster.ask_broker<Response>(id, request);
  }
  return cluster.ask<Response>(request);
}

std::string headline(const Entity& entity, bool all) {
  const char* const kind = all ? "All" : "Dynamic";
  if (entity.type == kTopic) return absl::StrCat(kind, " configs for topic ", entity.name, " are:");
  if (entity.name.empty()) return "Default configs for brokers in the cluster are:";
  return absl::StrCat(kind, " configs for broker ", entity.name, " are:");
}

bool is_own(const Entity& entity, int8_t source) {
  if (entity.type == kTopic) return source == kDynamicTopic;
  return source == (entity.name.empty() ? kDynamicDefault : kDynamicBroker);
}

absl::Status describe_one(wire::Cluster& cluster, const Entity& entity, bool all, Streams streams) {
  kafka::DescribeConfigsRequest request;
  request.include_synonyms = true;
  auto& resource = request.resources.emplace_back();
  resource.resource_type = entity.type;
  resource.resource_name = entity.name;
  resource.configuration_keys.reset();
  auto answer = ask<kafka::DescribeConfigsResponse>(cluster, entity, request);
  if (!answer.ok()) return answer.status();
  streams.out << headline(entity, all) << '\n';
  for (auto& result : answer->body.results) {
    if (result.error_code != 0) {
      return absl::InternalError(exception(result.error_code, result.error_message));
    }
    std::sort(result.configs.begin(), result.configs.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    for (const auto& config : result.configs) {
      if (!all && !is_own(entity, config.config_source)) continue;
      std::vector<std::string> synonyms;
      for (const auto& synonym : config.synonyms) {
        synonyms.push_back(absl::StrCat(source_name(synonym.source), ":", std::string(synonym.name),
                                        "=", std::string(synonym.value.value_or("null"))));
      }
      streams.out << "  " << config.name << '=' << config.value.value_or("null")
                  << " sensitive=" << (config.is_sensitive ? "true" : "false") << " synonyms={"
                  << absl::StrJoin(synonyms, ", ") << "}\n";
    }
  }
  return absl::OkStatus();
}

absl::Status describe(wire::Cluster& cluster, const Arguments& arguments, const Entity& entity,
                      Streams streams) {
  const bool all = arguments.has("all");
  const bool one =
      !entity.name.empty() || arguments.has("entity-default") || arguments.has("broker-defaults");
  std::vector<Entity> entities;
  if (entity.type == kTopic) {
    const auto known = cluster.metadata(std::nullopt);
    if (!known.ok()) return known.status();
    for (const auto& topic : known->body.topics) {
      const std::string name(topic.name.value_or(""));
      if (!one || name == entity.name) entities.push_back({kTopic, name});
    }
    if (one && entities.empty()) {
      streams.out << "The topic '" << entity.name
                  << "' doesn't exist and doesn't have dynamic config.\n";
      return absl::OkStatus();
    }
    std::sort(entities.begin(), entities.end(),
              [](const Entity& a, const Entity& b) { return a.name < b.name; });
  } else if (one) {
    entities.push_back(entity);
  } else {
    for (const wire::Node& node : cluster.nodes()) {
      entities.push_back({kBroker, std::to_string(node.id)});
    }
    entities.push_back({kBroker, ""});
  }
  for (const Entity& each : entities) {
    if (absl::Status status = describe_one(cluster, each, all, streams); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status alter(wire::Cluster& cluster, const Arguments& arguments, const Entity& entity,
                   Streams streams) {
  Settings additions;
  if (const auto file = arguments.value("add-config-file")) {
    auto read = read_settings(*file);
    if (!read.ok()) return read.status();
    additions = *std::move(read);
  } else {
    auto parsed = parse_additions(arguments.value_or("add-config", ""));
    if (!parsed.ok()) return parsed.status();
    additions = *std::move(parsed);
  }
  std::vector<std::string> removals =
      absl::StrSplit(arguments.value_or("delete-config", ""), ',', absl::SkipEmpty());
  if (additions.empty() && removals.empty()) {
    return absl::InvalidArgumentError(
        "At least one of --add-config, --add-config-file, or --delete-config must be specified "
        "with --alter");
  }
  kafka::IncrementalAlterConfigsRequest request;
  auto& resource = request.resources.emplace_back();
  resource.resource_type = entity.type;
  resource.resource_name = entity.name;
  for (const auto& [key, value] : additions) {
    auto& config = resource.configs.emplace_back();
    config.name = key;
    config.config_operation = 0;
    config.value = value;
  }
  for (const std::string& key : removals) {
    auto& config = resource.configs.emplace_back();
    config.name = key;
    config.config_operation = 1;
    config.value.reset();
  }
  const auto answer = ask<kafka::IncrementalAlterConfigsResponse>(cluster, entity, request);
  if (!answer.ok()) return answer.status();
  for (const auto& result : answer->body.responses) {
    if (result.error_code != 0) {
      return absl::InternalError(exception(result.error_code, result.error_message));
    }
  }
  if (entity.type == kBroker && entity.name.empty()) {
    streams.out << "Completed updating default config for brokers in the cluster.\n";
  } else {
    streams.out << "Completed updating config for "
                << (entity.type == kTopic ? "topic " : "broker ") << entity.name << ".\n";
  }
  return absl::OkStatus();
}

}  // namespace

int configs(const std::vector<std::string>& words, Streams streams) {
  const std::vector<Flag> flags = config_flags();
  const auto arguments = Arguments::parse(flags, words);
  if (const auto code = settle(arguments, flags, kPurpose, streams)) return *code;
  if (arguments->has("describe") == arguments->has("alter")) {
    return misuse(streams, "Command must include exactly one action: --describe, --alter", kPurpose,
                  flags);
  }
  if (!arguments->has("bootstrap-server")) {
    return misuse(streams, "Missing required argument \"[bootstrap-server]\"", kPurpose, flags);
  }
  const auto entity = entity_of(*arguments);
  if (!entity.ok()) {
    return misuse(streams, std::string(entity.status().message()), kPurpose, flags);
  }
  const bool named = !entity->name.empty() || arguments->has("entity-default") ||
                     arguments->has("broker-defaults");
  if (arguments->has("alter") && !named) {
    return misuse(streams, "an entity name must be specified with --alter", kPurpose, flags);
  }
  const auto cluster = find_cluster(*arguments);
  absl::Status status = cluster.status();
  if (status.ok()) {
    status = arguments->has("describe") ? describe(**cluster, *arguments, *entity, streams)
                                        : alter(**cluster, *arguments, *entity, streams);
  }
  if (status.ok()) return 0;
  streams.err << "Error while executing config command with args '" << absl::StrJoin(words, " ")
              << "'\n"
              << status.message() << '\n';
  return 1;
}

}  // namespace barnabas::cli::kafka_tools
