#include "controller/decide/testing/cluster.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>

#include "controller/decide/configs.h"
#include "controller/decide/create_topics.h"
#include "controller/decide/fencing.h"
#include "controller/decide/partition_sweep.h"
#include "controller/decide/registration.h"
#include "metadata/config_keys.h"
#include "metadata/records.h"

namespace barnabas::controller {

using metadata::Image;
using metadata::PartitionImage;

namespace {

bool contains(const std::vector<BrokerId>& list, BrokerId broker) {
  return std::find(list.begin(), list.end(), broker) != list.end();
}

std::string broken_partition(const Image& image, const std::string& topic,
                             const PartitionImage& now, bool at_rest) {
  if (now.leader != kNoBroker && !now.is_in_sync(now.leader)) return "I31: leader not in sync";
  for (BrokerId member : now.in_sync) {
    if (!now.has_replica(member)) return "I31: in sync but no replica";
    if (contains(now.eligible, member)) return "in sync and eligible";
    const metadata::BrokerImage* broker = image.broker(member);
    if (at_rest && (broker == nullptr || !broker->may_be_in_sync())) {
      return "I33: a broker that is gone is in sync";
    }
    if (at_rest && now.leader == kNoBroker && broker->may_lead()) {
      return "in-sync replicas without leader";
    }
  }
  const metadata::TopicSettings settings = metadata::topic_settings(image, topic);
  const int32_t min = metadata::effective_min_in_sync(settings, now.replicas.size());
  if (static_cast<int32_t>(now.in_sync.size()) >= min && !now.eligible.empty()) {
    return "S19: eligible replicas beside a sufficient in-sync set";
  }
  for (BrokerId member : now.eligible) {
    if (!now.has_replica(member)) return "eligible but no replica";
  }
  if (now.durability == metadata::Durability::kDurable &&
      now.durability_wanted == metadata::Durability::kReplicated) {
    return "S11: trusted to be on disk without being asked to";
  }
  return "";
}

std::string broken_step(const Image& image, const std::string& topic, const PartitionImage& before,
                        const PartitionImage& after) {
  if (before == after) return "";
  if (after.partition_epoch != before.partition_epoch.next()) {
    return "I31: a change that does not count the partition epoch on by one";
  }
  if (after.leader_epoch < before.leader_epoch) return "I32: leader epoch went back";
  if (after.leader != before.leader && after.leader_epoch <= before.leader_epoch) {
    return "I32: a new leader in an old epoch";
  }
  const bool unclean = after.lineage != before.lineage;
  if (after.leader != before.leader && after.leader != kNoBroker && !unclean &&
      !before.is_in_sync(after.leader) && !contains(before.eligible, after.leader)) {
    return "I34: an unclean election that was not recorded";
  }
  if (unclean) {
    if (after.lineage != before.lineage.next()) return "I34: lineage must count by one";
    if (!metadata::topic_settings(image, topic).unclean_leader_election &&
        after.replicas.size() > 1) {
      return "I34: an unclean election where none is allowed";
    }
  }
  return "";
}

}  // namespace

std::vector<BrokerId> brokers(std::initializer_list<int32_t> ids) {
  std::vector<BrokerId> out;
  for (int32_t id : ids) out.push_back(BrokerId{id});
  return out;
}

std::string broken_invariant(const Image& before, const Image& after, bool at_rest) {
  for (const auto& [id, broker] : after.brokers()) {
    const metadata::BrokerImage* old = before.broker(id);
    if (old == nullptr) continue;
    if (broker.epoch < old->epoch) return "I29: broker epoch went back";
    if (broker.incarnation != old->incarnation && broker.epoch <= old->epoch) {
      return "I29: a new incarnation in an old epoch";
    }
  }
  if (after.next_producer_id() < before.next_producer_id()) return "I30: producer ids went back";
  for (const auto& [name, id] : after.topics_by_name()) {
    const metadata::TopicImage& topic = *after.topic(id);
    const metadata::TopicImage* old = before.topic(id);
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      std::string broken = broken_partition(after, name, topic.partitions[i], at_rest);
      if (broken.empty() && old != nullptr && i < old->partitions.size()) {
        broken = broken_step(after, name, old->partitions[i], topic.partitions[i]);
      }
      if (!broken.empty()) return absl::StrCat(name, "-", i, ": ", broken);
    }
  }
  return "";
}

Cluster::Cluster(uint64_t seed) : random_(seeded_random(seed)) {}

LogIndex Cluster::commit(const proto::Decision& decision) {
  if (decision.records().empty()) return image_.index();
  const LogIndex index{++last_index_};
  const Image before = image_;
  image_.apply(index, decision);
  proto::Decision received;
  CHECK(received.ParseFromString(metadata::serialize(decision)));
  replica_.apply(index, received);
  std::string broken = broken_invariant(before, image_, limits.max_changes >= Limits().max_changes);
  if (broken.empty() && replica_.hash() != image_.hash()) broken = "I22: the replica differs";
  if (broken.empty() && Image::from_proto(image_.to_proto()).hash() != image_.hash()) {
    broken = "I22: the snapshot differs";
  }
  for (const proto::Record& record : decision.records()) {
    if (record.has_topic() && !topic_ids_.insert(metadata::uuid_of(record.topic().id())).second) {
      broken = "I30: a topic id was used again";
    }
  }
  note(broken);
  return index;
}

void Cluster::check_at_rest() { note(broken_invariant(image_, image_, /*at_rest=*/true)); }

void Cluster::note(const std::string& broken) {
  if (unclean_allowed_ && broken.find("where none is allowed") != std::string::npos) return;
  if (broken_.empty() && !broken.empty()) broken_ = absl::StrCat("at ", last_index_, ": ", broken);
}

proto::Register Cluster::command(int32_t broker, const Start& how) {
  if (how.wiped || directories_.count(broker) == 0) {
    directories_[broker] = Uuid::make(*random_);
    last_epochs_[broker] = -1;
  }
  proto::Register command;
  command.set_broker(broker);
  command.set_incarnation(Uuid::make(*random_).bytes());
  command.add_directories(directories_[broker].bytes());
  command.set_last_epoch(how.forgot_epoch ? -1 : last_epochs_[broker]);
  command.set_clean_stop(how.clean);
  command.set_rack(how.rack);
  return command;
}

void Cluster::register_broker(int32_t broker, const Start& how) {
  const proto::Register asked = command(broker, how);
  for (;;) {
    const Registration decided = decide_registration(image_, asked, "cluster", limits);
    CHECK(!decided.failure.failed()) << decided.failure.message;
    commit(decided.decision);
    if (!decided.again) break;
  }
}

void Cluster::unfence(int32_t broker) {
  last_epochs_[broker] = epoch(broker).value();
  commit(decide_unfence(image_, {BrokerId{broker}, epoch(broker)}, limits));
}

void Cluster::fence(int32_t broker) {
  commit(decide_fence(image_, {BrokerId{broker}, epoch(broker)}, limits));
}

void Cluster::shut_down(int32_t broker) {
  commit(decide_controlled_shutdown(image_, {BrokerId{broker}, epoch(broker)}, limits));
}

void Cluster::start(int32_t broker, const Start& how) {
  register_broker(broker, how);
  unfence(broker);
}

proto::CreatedTopic Cluster::create(const std::string& name,
                                    std::vector<std::vector<int32_t>> assignment,
                                    std::map<std::string, std::string> configs) {
  proto::CreateTopicsRequest request;
  proto::NewTopic* topic = request.add_topics();
  topic->set_name(name);
  topic->set_partitions(-1);
  topic->set_replication_factor(-1);
  for (size_t i = 0; i < assignment.size(); ++i) {
    proto::ReplicaAssignment* one = topic->add_assignments();
    one->set_partition(static_cast<int32_t>(i));
    for (int32_t broker : assignment[i]) one->add_brokers(broker);
  }
  for (const auto& [key, value] : configs) {
    proto::ConfigEntry* entry = topic->add_configs();
    entry->set_key(key);
    entry->set_value(value);
  }
  const auto decided = decide_create_topics(image_, request, *random_, limits);
  commit(decided.decision);
  return decided.answer.topics(0);
}

void Cluster::set_config(int type, const std::string& name, const std::string& key,
                         const std::string& value) {
  proto::AlterConfigsRequest request;
  proto::ConfigResource* resource = request.add_resources();
  resource->set_type(type);
  resource->set_name(name);
  proto::ConfigChange* change = resource->add_changes();
  change->set_key(key);
  change->set_value(value);
  const auto decided = decide_alter_configs(image_, request, limits);
  CHECK_EQ(decided.answer.resources(0).error().code(), 0)
      << decided.answer.resources(0).error().message();
  commit(decided.decision);
}

metadata::TopicPartition Cluster::id(const std::string& topic, int32_t index) const {
  return {image_.topic_by_name(topic)->id, PartitionIndex{index}};
}

const PartitionImage& Cluster::partition(const std::string& topic, int32_t index) const {
  return *image_.partition(id(topic, index));
}

BrokerEpoch Cluster::epoch(int32_t broker) const {
  const metadata::BrokerImage* found = image_.broker(BrokerId{broker});
  return found == nullptr ? kNoBrokerEpoch : found->epoch;
}

}  // namespace barnabas::controller
