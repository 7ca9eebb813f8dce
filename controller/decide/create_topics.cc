#include "controller/decide/create_topics.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>

#include "controller/decide/new_partitions.h"
#include "controller/decide/topic_name.h"
#include "metadata/config_keys.h"

namespace barnabas::controller {

using metadata::ConfigMap;
using metadata::Image;

namespace {

Failure check_manual(const Image& image, const proto::NewTopic& asked, Assignment& out) {
  if (asked.partitions() != -1 || asked.replication_factor() != -1) {
    return {ErrorCode::kInvalidRequest,
            "With a manual assignment neither partitions nor replication factor may be set."};
  }
  std::vector<const proto::ReplicaAssignment*> by_index(
      static_cast<size_t>(asked.assignments_size()), nullptr);
  for (const proto::ReplicaAssignment& one : asked.assignments()) {
    if (one.partition() < 0 || one.partition() >= asked.assignments_size() ||
        by_index[static_cast<size_t>(one.partition())] != nullptr) {
      return {ErrorCode::kInvalidReplicaAssignment,
              absl::StrCat("Partition ids must run from 0 without gaps, each once; partition ",
                           one.partition(), " does not fit.")};
    }
    by_index[static_cast<size_t>(one.partition())] = &one;
  }
  for (const proto::ReplicaAssignment* one : by_index) {
    const size_t wanted = out.empty() ? 0 : out.front().size();
    if (Failure failure = check_by_hand(image, one->partition(), one->brokers(), wanted, out);
        failure.failed()) {
      return failure;
    }
  }
  return {};
}

Failure check_automatic(const Image& image, const proto::NewTopic& asked, const Limits& limits,
                        Random& random, Assignment& out) {
  const int32_t partitions =
      asked.partitions() == -1 ? metadata::default_partitions(image) : asked.partitions();
  const int32_t factor = asked.replication_factor() == -1
                             ? metadata::default_replication_factor(image)
                             : asked.replication_factor();
  if (partitions <= 0) {
    return {ErrorCode::kInvalidPartitions,
            absl::StrCat("Number of partitions was set to ", partitions,
                         "; it must be positive, or -1 for the default.")};
  }
  if (static_cast<size_t>(partitions) > limits.max_changes) {
    return {ErrorCode::kPolicyViolation,
            absl::StrCat("At most ", limits.max_changes, " partitions are created at once, not ",
                         partitions, ".")};
  }
  if (factor <= 0) {
    return {ErrorCode::kInvalidReplicationFactor,
            absl::StrCat("Replication factor was set to ", factor,
                         "; it must be positive, or -1 for the default.")};
  }
  std::vector<PlacementBroker> brokers;
  if (Failure failure = brokers_for(image, factor, brokers); failure.failed()) return failure;
  out = place(std::move(brokers), partitions, factor, random);
  return {};
}

Failure check_configs(const proto::NewTopic& asked, ConfigMap& out) {
  for (const proto::ConfigEntry& entry : asked.configs()) {
    if (!entry.has_value()) {
      return {ErrorCode::kInvalidConfig,
              absl::StrCat("Null value not supported for topic config '", entry.key(), "'.")};
    }
    if (const absl::Status status = metadata::check_topic_config(entry.key(), entry.value());
        !status.ok()) {
      return {ErrorCode::kInvalidConfig, std::string(status.message())};
    }
    out[entry.key()] = entry.value();
  }
  return {};
}

// Names that exist, and those that would be confused with them.
class Names {
 public:
  explicit Names(const Image& image, const proto::CreateTopicsRequest& command) : image_(image) {
    for (const proto::NewTopic& topic : command.topics()) ++asked_[topic.name()];
  }

  Failure check(const std::string& name) {
    if (asked_[name] > 1) {
      return {ErrorCode::kInvalidRequest, "Duplicate topic name."};
    }
    if (Failure failure = check_topic_name(name); failure.failed()) return failure;
    if (image_.topic_by_name(name) != nullptr) {
      return {ErrorCode::kTopicAlreadyExists, absl::StrCat("Topic '", name, "' already exists.")};
    }
    if (name.find_first_of("._") == std::string::npos) return {};
    fill();
    const auto [place, fresh] = taken_.try_emplace(collision_key(name), name);
    if (!fresh) {
      return {ErrorCode::kInvalidTopic,
              absl::StrCat("Topic '", name, "' collides with existing topics: ", place->second,
                           " ('.' and '_' count as one).")};
    }
    return {};
  }

 private:
  void fill() {
    if (filled_) return;
    filled_ = true;
    for (const auto& [existing, id] : image_.topics_by_name()) {
      if (existing.find_first_of("._") != std::string::npos) {
        taken_.emplace(collision_key(existing), existing);
      }
    }
  }

  const Image& image_;
  absl::flat_hash_map<std::string, int> asked_;
  absl::flat_hash_map<std::string, std::string> taken_;
  bool filled_ = false;
};

void add_records(const Image& image, const std::string& name, const Uuid& id,
                 const Assignment& assignment, const ConfigMap& configs,
                 proto::Decision& decision) {
  static const ConfigMap kNone;
  const ConfigMap* defaults = image.configs(metadata::ResourceType::kBroker, "");
  const metadata::TopicSettings settings =
      metadata::topic_settings(configs, defaults == nullptr ? kNone : *defaults);
  proto::Topic* topic = decision.add_records()->mutable_topic();
  topic->set_name(name);
  topic->set_id(id.bytes());
  add_partitions(image, id, 0, assignment, settings.durability, decision);
  for (const auto& [key, value] : configs) {
    proto::Config* config = decision.add_records()->mutable_config();
    config->set_type(proto::RESOURCE_TOPIC);
    config->set_name(name);
    config->set_key(key);
    config->set_value(value);
  }
}

}  // namespace

Decided<proto::CreateTopicsAnswer> decide_create_topics(const Image& image,
                                                        const proto::CreateTopicsRequest& command,
                                                        Random& random, const Limits& limits) {
  Decided<proto::CreateTopicsAnswer> out;
  Names names(image, command);
  size_t room = limits.max_changes;
  std::set<std::string> answered;
  for (const proto::NewTopic& asked : command.topics()) {
    // A name that stands there twice is answered once.
    if (!answered.insert(asked.name()).second) continue;
    Assignment assignment;
    ConfigMap configs;
    Failure failure = names.check(asked.name());
    if (!failure.failed()) {
      failure = asked.assignments().empty()
                    ? check_automatic(image, asked, limits, random, assignment)
                    : check_manual(image, asked, assignment);
    }
    if (!failure.failed()) failure = check_configs(asked, configs);
    if (!failure.failed() && assignment.size() > limits.max_changes) {
      failure = {ErrorCode::kPolicyViolation,
                 absl::StrCat("At most ", limits.max_changes,
                              " partitions are created at once, not ", assignment.size(), ".")};
    }
    if (!failure.failed() && assignment.size() > room) break;
    proto::CreatedTopic* answer = out.answer.add_topics();
    answer->set_name(asked.name());
    if (failure.failed()) {
      set_error(answer->mutable_error(), failure);
      continue;
    }
    if (!command.validate_only()) room -= assignment.size();
    const Uuid id = Uuid::make(random);
    answer->set_partitions(static_cast<int32_t>(assignment.size()));
    answer->set_replication_factor(static_cast<int32_t>(assignment.front().size()));
    for (const auto& [key, value] : configs) {
      proto::ConfigEntry* entry = answer->add_configs();
      entry->set_key(key);
      entry->set_value(value);
    }
    if (command.validate_only()) continue;
    answer->set_id(id.bytes());
    add_records(image, asked.name(), id, assignment, configs, out.decision);
  }
  return out;
}

}  // namespace barnabas::controller
