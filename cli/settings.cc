#include "cli/settings.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <map>

#include "cli/nearest.h"

namespace barnabas::cli {
namespace {

using metadata::ConfigKey;

constexpr int32_t kTopic = 2;
constexpr int32_t kBroker = 4;

using Values = std::map<std::string, std::string>;

std::string text_of_key(std::string_view text) { return std::string(text); }

// What was set, of each resource in turn.
Result<std::vector<Values>> ask(AdminClient& client,
                                const std::vector<std::pair<int32_t, std::string>>& resources,
                                const std::string& tried) {
  proto::AdminRequest request;
  for (const auto& [type, name] : resources) {
    proto::ConfigResource& resource = *request.mutable_describe_configs()->add_resources();
    resource.set_type(type);
    resource.set_name(name);
  }
  const auto answer = client.call(std::move(request), tried);
  if (!answer.ok()) return answer.problem();
  std::vector<Values> out;
  for (const proto::DescribedResource& resource : answer.value().describe_configs().resources()) {
    if (resource.error().code() != 0) {
      return problem_of(resource.error().code(), resource.error().message(), tried,
                        resource.name());
    }
    Values& values = out.emplace_back();
    for (const proto::ConfigEntry& entry : resource.entries()) {
      values[entry.key()] = entry.value();
    }
  }
  out.resize(resources.size());
  return out;
}

Setting setting(const ConfigKey& key, std::string value, const char* source) {
  return {text_of_key(key.name), std::move(value), source, &key};
}

std::vector<Setting> of_topic(const Values& own, const Values& cluster) {
  std::vector<Setting> out;
  for (const ConfigKey& key : metadata::topic_keys()) {
    const auto set = own.find(text_of_key(key.name));
    const auto common = cluster.find(text_of_key(key.broker_key));
    if (set != own.end()) {
      out.push_back(setting(key, set->second, "topic"));
    } else if (!key.broker_key.empty() && common != cluster.end()) {
      out.push_back(setting(key, common->second, "cluster"));
    } else {
      out.push_back(setting(key, text_of_key(key.default_value), "default"));
    }
  }
  return out;
}

std::vector<Setting> of_brokers(const Values& own, const Values& cluster) {
  std::vector<Setting> out;
  for (const ConfigKey& key : metadata::broker_keys()) {
    const auto set = own.find(text_of_key(key.name));
    const auto common = cluster.find(text_of_key(key.name));
    if (set != own.end()) {
      out.push_back(setting(key, set->second, "node"));
    } else if (common != cluster.end()) {
      out.push_back(setting(key, common->second, "cluster"));
    } else {
      out.push_back(setting(key, text_of_key(key.default_value), "default"));
    }
  }
  return out;
}

// As DescribeConfigs numbers them.
const char* source_name(int8_t source) {
  switch (source) {
    case 1:
      return "topic";
    case 2:
      return "node";
    case 3:
      return "cluster";
    case 4:
      return "file";
    default:
      return "default";
  }
}

}  // namespace

std::string name_of(const ConfigTarget& target) {
  switch (target.kind) {
    case ConfigTarget::Kind::kTopic:
      return absl::StrCat("topic ", target.name);
    case ConfigTarget::Kind::kNode:
      return absl::StrCat("node ", target.name);
    default:
      return "the cluster";
  }
}

const ConfigKey* find_key(const std::string& name) {
  if (const ConfigKey* key = metadata::find_topic_key(name)) return key;
  if (const ConfigKey* key = metadata::find_broker_key(name)) return key;
  return metadata::find_static_broker_key(name);
}

std::vector<std::string> all_keys() {
  std::vector<std::string> out;
  for (const auto& keys :
       {metadata::topic_keys(), metadata::broker_keys(), metadata::static_broker_keys()}) {
    for (const ConfigKey& key : keys) out.push_back(text_of_key(key.name));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<std::vector<Setting>> settings_of(AdminClient& client, ClusterPort* brokers,
                                         const ConfigTarget& target, std::string& note) {
  const std::string tried = absl::StrCat("read the settings of ", name_of(target));
  if (target.kind == ConfigTarget::Kind::kTopic) {
    auto values = ask(client, {{kTopic, target.name}, {kBroker, ""}}, tried);
    if (!values.ok()) return values.problem();
    return of_topic(values.value()[0], values.value()[1]);
  }
  if (target.kind == ConfigTarget::Kind::kCluster) {
    auto values = ask(client, {{kBroker, ""}}, tried);
    if (!values.ok()) return values.problem();
    return of_brokers({}, values.value()[0]);
  }
  if (brokers != nullptr) {
    auto told = brokers->node_config(std::atoi(target.name.c_str()));
    if (told.ok()) {
      std::vector<Setting> out;
      for (const ConfigValue& value : told.value()) {
        const ConfigKey* about = metadata::find_broker_key(value.key);
        if (about == nullptr) about = metadata::find_static_broker_key(value.key);
        out.push_back({value.key, value.sensitive ? "(hidden)" : value.value.value_or(""),
                       source_name(value.source), about});
      }
      std::sort(out.begin(), out.end(),
                [](const Setting& a, const Setting& b) { return a.key < b.key; });
      return out;
    }
    note = absl::StrCat("what stands in the file of ", name_of(target),
                        " is not shown: ", told.problem().came_back);
  }
  auto values = ask(client, {{kBroker, target.name}, {kBroker, ""}}, tried);
  if (!values.ok()) return values.problem();
  return of_brokers(values.value()[0], values.value()[1]);
}

Result<std::vector<Setting>> chosen(const std::vector<Setting>& all,
                                    const std::vector<std::string>& keys,
                                    const std::string& tried) {
  if (keys.empty()) return all;
  std::vector<Setting> out;
  for (const std::string& key : keys) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Setting& one) { return one.key == key; });
    if (found != all.end()) {
      out.push_back(*found);
      continue;
    }
    std::vector<std::string> names;
    for (const Setting& one : all) names.push_back(one.key);
    const std::string meant = nearest(key, names);
    return Problem{ExitCode::kNotFound, tried, absl::StrCat("there is no key ", key, " here"),
                   meant.empty() ? "" : absl::StrCat("perhaps ", meant, " was meant"),
                   "barnabas config list"};
  }
  return out;
}

}  // namespace barnabas::cli
