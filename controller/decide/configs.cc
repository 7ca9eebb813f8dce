#include "controller/decide/configs.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <map>
#include <set>

#include "controller/decide/partition_sweep.h"
#include "metadata/config_keys.h"

namespace barnabas::controller {

using metadata::ConfigKey;
using metadata::ConfigMap;
using metadata::Image;
using metadata::KeyType;
using metadata::ResourceType;
using metadata::TopicSettings;

namespace {

using Resource = std::pair<ResourceType, std::string>;

const ConfigMap& current(const Image& image, const Resource& resource) {
  static const ConfigMap kNone;
  const ConfigMap* found = image.configs(resource.first, resource.second);
  return found == nullptr ? kNone : *found;
}

const ConfigKey* find_key(ResourceType type, const std::string& key) {
  return type == ResourceType::kTopic ? metadata::find_topic_key(key)
                                      : metadata::find_broker_key(key);
}

Failure check(const Resource& resource, const std::string& key, const std::string& value) {
  const absl::Status status =
      resource.first == ResourceType::kTopic ? metadata::check_topic_config(key, value)
      : resource.second.empty()              ? metadata::check_broker_config(key, value)
                                             : metadata::check_one_broker_config(key, value);
  if (status.ok()) return {};
  // A key that exists and is not for this place is another mistake than one that does not exist.
  return {
      absl::IsFailedPrecondition(status) ? ErrorCode::kInvalidRequest : ErrorCode::kInvalidConfig,
      std::string(status.message())};
}

Failure check_broker_name(const Image& image, const std::string& name) {
  int32_t id = -1;
  if (name.empty()) return {};  // the default of all
  if (!absl::SimpleAtoi(name, &id) || id < 0 || std::to_string(id) != name) {
    return {ErrorCode::kInvalidRequest,
            absl::StrCat("A broker is named by its number, not by '", name.substr(0, 80), "'.")};
  }
  if (image.broker(BrokerId{id}) != nullptr) return {};
  return {ErrorCode::kBrokerIdNotRegistered, absl::StrCat("Broker ", id, " is not registered.")};
}

Failure check_resource(const Image& image, const proto::ConfigResource& asked) {
  if (asked.type() == static_cast<int32_t>(ResourceType::kTopic)) {
    if (image.topic_by_name(asked.name()) != nullptr) return {};
    return {ErrorCode::kUnknownTopicOrPartition,
            absl::StrCat("Topic '", asked.name(), "' does not exist.")};
  }
  if (asked.type() == static_cast<int32_t>(ResourceType::kBroker)) {
    return check_broker_name(image, asked.name());
  }
  return {ErrorCode::kInvalidRequest, absl::StrCat("Unknown resource type ", asked.type(), ".")};
}

std::vector<std::string> list_of(const std::string& value) {
  if (value.empty()) return {};
  return absl::StrSplit(value, ',');
}

// Of a list: what it holds with the change, where nothing is set starting from the default.
Failure change_list(const ConfigKey& key, const proto::ConfigChange& change, ConfigMap& values) {
  if (key.type != KeyType::kList) {
    return {ErrorCode::kInvalidConfig,
            absl::StrCat("'", change.key(),
                         "' is no list: nothing can be appended to it or "
                         "subtracted from it.")};
  }
  const auto found = values.find(change.key());
  std::vector<std::string> list =
      list_of(found == values.end() ? std::string(key.default_value) : found->second);
  for (const std::string& part : list_of(change.value())) {
    const auto at = std::find(list.begin(), list.end(), part);
    const bool append = change.operation() == proto::ConfigChange::APPEND;
    if (append && at == list.end()) list.push_back(part);
    if (!append && at != list.end()) list.erase(at);
  }
  values[change.key()] = absl::StrJoin(list, ",");
  return {};
}

Failure apply(const proto::ConfigResource& asked, bool replace, ConfigMap& values) {
  const Resource resource{static_cast<ResourceType>(asked.type()), asked.name()};
  if (replace) values.clear();
  std::set<std::string> seen;
  for (const proto::ConfigChange& change : asked.changes()) {
    if (!seen.insert(change.key()).second) {
      return {ErrorCode::kInvalidRequest,
              absl::StrCat("Key '", change.key(), "' is changed twice in one request.")};
    }
    const ConfigKey* key = find_key(resource.first, change.key());
    if (key == nullptr) return check(resource, change.key(), change.value());
    if (change.operation() == proto::ConfigChange::DELETE) {
      values.erase(change.key());
      continue;
    }
    if (change.operation() == proto::ConfigChange::SET) {
      values[change.key()] = change.value();
    } else if (Failure failure = change_list(*key, change, values); failure.failed()) {
      return failure;
    }
    if (Failure failure = check(resource, change.key(), values[change.key()]); failure.failed()) {
      return failure;
    }
  }
  return {};
}

void add_difference(const Resource& resource, const ConfigMap& before, const ConfigMap& after,
                    proto::Decision& decision) {
  const auto add = [&](const std::string& key) {
    proto::Config* record = decision.add_records()->mutable_config();
    record->set_type(static_cast<proto::ResourceType>(resource.first));
    record->set_name(resource.second);
    record->set_key(key);
    return record;
  };
  for (const auto& [key, value] : after) {
    const auto found = before.find(key);
    if (found == before.end() || found->second != value) add(key)->set_value(value);
  }
  for (const auto& [key, value] : before) {
    if (after.count(key) == 0) add(key);
  }
}

// Changes the partitions of all topics whose rules change.
class Consequences {
 public:
  Consequences(const Image& image, const std::map<Resource, ConfigMap>& after, const Limits& limits)
      : image_(image), after_(after), room_(limits.max_changes) {}

  // False: more than one decision may hold would have to change in one.
  bool add_to(proto::Decision& decision) {
    const Resource defaults{ResourceType::kBroker, ""};
    if (after_.count(defaults) > 0) {
      for (const auto& [name, id] : image_.topics_by_name()) add_topic(name, id, decision);
    } else {
      for (const auto& [resource, values] : after_) {
        if (resource.first != ResourceType::kTopic) continue;  // concerns that broker only
        add_topic(resource.second, image_.topic_by_name(resource.second)->id, decision);
      }
    }
    return !overflow_;
  }

 private:
  const ConfigMap& after(const Resource& resource) const {
    const auto found = after_.find(resource);
    return found == after_.end() ? current(image_, resource) : found->second;
  }

  void add_topic(const std::string& name, const Uuid& id, proto::Decision& decision) {
    const Resource own{ResourceType::kTopic, name};
    const Resource defaults{ResourceType::kBroker, ""};
    const TopicSettings was =
        metadata::topic_settings(current(image_, own), current(image_, defaults));
    const TopicSettings is = metadata::topic_settings(after(own), after(defaults));
    PartitionWish wish;
    wish.min_in_sync_changed = was.min_in_sync_replicas != is.min_in_sync_replicas;
    if (!wish.min_in_sync_changed && was.durability == is.durability &&
        was.unclean_leader_election == is.unclean_leader_election) {
      return;
    }
    const auto standing = standings_in(image_);
    const metadata::TopicImage& topic = *image_.topic(id);
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      const metadata::PartitionImage& now = topic.partitions[i];
      const auto change = partition_change({id, PartitionIndex{static_cast<int32_t>(i)}}, now,
                                           rules_of(is, now.replicas.size(), standing), wish);
      if (!change) continue;
      if (room_ == 0) {
        overflow_ = true;
        return;
      }
      --room_;
      *decision.add_records()->mutable_partition_change() = *change;
    }
  }

  const Image& image_;
  const std::map<Resource, ConfigMap>& after_;
  size_t room_;
  bool overflow_ = false;
};

}  // namespace

Decided<proto::AlterConfigsAnswer> decide_alter_configs(const Image& image,
                                                        const proto::AlterConfigsRequest& command,
                                                        const Limits& limits) {
  Decided<proto::AlterConfigsAnswer> out;
  std::map<Resource, ConfigMap> after;
  for (const proto::ConfigResource& asked : command.resources()) {
    proto::AlteredResource* answer = out.answer.add_resources();
    answer->set_type(asked.type());
    answer->set_name(asked.name());
    const Resource resource{static_cast<ResourceType>(asked.type()), asked.name()};
    Failure failure = check_resource(image, asked);
    if (!failure.failed() && after.count(resource) > 0) {
      failure = {ErrorCode::kInvalidRequest, "The resource is named twice in one request."};
    }
    ConfigMap values = current(image, resource);
    if (!failure.failed()) failure = apply(asked, command.replace(), values);
    if (failure.failed()) {
      set_error(answer->mutable_error(), failure);
    } else {
      after.emplace(resource, std::move(values));
    }
  }
  for (const auto& [resource, values] : after) {
    add_difference(resource, current(image, resource), values, out.decision);
  }
  const bool fits = static_cast<size_t>(out.decision.records_size()) <= limits.max_changes &&
                    Consequences(image, after, limits).add_to(out.decision);
  if (!fits) {
    for (proto::AlteredResource& answer : *out.answer.mutable_resources()) {
      if (answer.error().code() != 0) continue;
      set_error(answer.mutable_error(), ErrorCode::kPolicyViolation,
                absl::StrCat("This would change more than ", limits.max_changes,
                             " partitions or settings at once. Change fewer topics at a time."));
    }
    out.decision.Clear();
  }
  if (command.validate_only()) out.decision.Clear();
  return out;
}

}  // namespace barnabas::controller
