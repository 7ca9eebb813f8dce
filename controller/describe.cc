#include "controller/describe.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "metadata/config_keys.h"

namespace barnabas::controller {

using metadata::BrokerImage;
using metadata::Image;
using metadata::PartitionImage;
using metadata::ResourceType;
using metadata::TopicImage;

namespace {

void add_all(const std::vector<BrokerId>& from, google::protobuf::RepeatedField<int32_t>* to) {
  for (BrokerId broker : from) to->Add(broker.value());
}

bool is_internal(const std::string& name) {
  return name == "__consumer_offsets" || name == "__transaction_state" ||
         name == "__share_group_state";
}

void add_entries(const metadata::ConfigMap* values,
                 google::protobuf::RepeatedPtrField<proto::ConfigEntry>* to) {
  if (values == nullptr) return;
  for (const auto& [key, value] : *values) {
    proto::ConfigEntry* entry = to->Add();
    entry->set_key(key);
    entry->set_value(value);
  }
}

bool is_under_replicated(const PartitionImage& partition) {
  return partition.in_sync.size() < partition.replicas.size();
}

void describe_partition(const PartitionImage& partition, size_t index, proto::PartitionView* view) {
  view->set_index(static_cast<int32_t>(index));
  view->set_leader(partition.leader.value());
  view->set_leader_epoch(partition.leader_epoch.value());
  view->set_partition_epoch(partition.partition_epoch.value());
  add_all(partition.replicas, view->mutable_replicas());
  add_all(partition.in_sync, view->mutable_in_sync());
  add_all(partition.eligible, view->mutable_eligible());
  view->set_lineage(partition.lineage.value());
  view->set_durability(partition.durability == metadata::Durability::kDurable ? "durable"
                                                                              : "replicated");
}

const char* kind_of(raft::MemberKind kind) {
  switch (kind) {
    case raft::MemberKind::kVoter:
      return "voter";
    case raft::MemberKind::kLearner:
      return "learner";
    case raft::MemberKind::kObserver:
      return "observer";
  }
  return "";
}

void describe_topic(const Image& image, const TopicImage& topic, bool partitions,
                    proto::TopicView* view) {
  view->set_name(topic.name);
  view->set_id(topic.id.bytes());
  view->set_partition_count(static_cast<int32_t>(topic.partitions.size()));
  view->set_internal(is_internal(topic.name));
  add_entries(image.configs(ResourceType::kTopic, topic.name), view->mutable_configs());
  for (size_t i = 0; i < topic.partitions.size(); ++i) {
    const PartitionImage& partition = topic.partitions[i];
    view->set_replication_factor(
        std::max(view->replication_factor(), static_cast<int32_t>(partition.replicas.size())));
    if (is_under_replicated(partition)) view->set_under_replicated(view->under_replicated() + 1);
    if (partition.leader == kNoBroker) view->set_leaderless(view->leaderless() + 1);
    if (partitions) describe_partition(partition, i, view->add_partitions());
  }
}

const char* state_of(const BrokerImage& broker, bool heard) {
  if (broker.fenced) return heard ? "starting" : "fenced";
  return broker.in_controlled_shutdown ? "stopping" : "running";
}

std::string shown(const metadata::ListenerAddress& listener, const BrokerImage& broker) {
  const Endpoint at{listener.host.empty() ? broker.peer_host : listener.host, listener.port};
  return absl::StrCat(listener.name, "://", to_string(at));
}

}  // namespace

proto::DescribeTopicsAnswer describe_topics(const Image& image,
                                            const proto::DescribeTopicsRequest& request) {
  proto::DescribeTopicsAnswer answer;
  if (request.names().empty()) {
    for (const auto& [name, id] : image.topics_by_name()) {
      describe_topic(image, *image.topic(id), request.partitions(), answer.add_topics());
    }
  }
  for (const std::string& name : request.names()) {
    proto::TopicView* view = answer.add_topics();
    view->set_name(name);
    if (const TopicImage* topic = image.topic_by_name(name)) {
      describe_topic(image, *topic, request.partitions(), view);
    } else {
      set_error(view->mutable_error(), ErrorCode::kUnknownTopicOrPartition,
                absl::StrCat("Topic '", name, "' does not exist."));
    }
  }
  return answer;
}

proto::DescribeConfigsAnswer describe_configs(const Image& image,
                                              const proto::DescribeConfigsRequest& request) {
  proto::DescribeConfigsAnswer answer;
  for (const proto::ConfigResource& asked : request.resources()) {
    proto::DescribedResource* resource = answer.add_resources();
    resource->set_type(asked.type());
    resource->set_name(asked.name());
    const bool topic = asked.type() == static_cast<int32_t>(ResourceType::kTopic);
    if (!topic && asked.type() != static_cast<int32_t>(ResourceType::kBroker)) {
      set_error(resource->mutable_error(), ErrorCode::kInvalidRequest,
                absl::StrCat("Unknown resource type ", asked.type(), "."));
    } else if (topic && image.topic_by_name(asked.name()) == nullptr) {
      set_error(resource->mutable_error(), ErrorCode::kUnknownTopicOrPartition,
                absl::StrCat("Topic '", asked.name(), "' does not exist."));
    } else {
      add_entries(image.configs(static_cast<ResourceType>(asked.type()), asked.name()),
                  resource->mutable_entries());
    }
  }
  return answer;
}

proto::DescribeClusterAnswer describe_cluster(const Image& image, const std::string& cluster_id,
                                              ControllerId controller, BrokerViews views) {
  proto::DescribeClusterAnswer answer;
  answer.set_cluster_id(cluster_id);
  answer.set_controller(controller.value());
  answer.set_index(image.index().value());
  std::map<BrokerId, int32_t> leaders;
  for (const auto& [name, id] : image.topics_by_name()) {
    const metadata::TopicSettings settings = metadata::topic_settings(image, name);
    for (const PartitionImage& partition : image.topic(id)->partitions) {
      ++leaders[partition.leader];
      answer.set_partitions(answer.partitions() + 1);
      if (partition.leader == kNoBroker) answer.set_leaderless(answer.leaderless() + 1);
      if (is_under_replicated(partition)) {
        answer.set_under_replicated(answer.under_replicated() + 1);
      }
      if (static_cast<int32_t>(partition.in_sync.size()) <
          metadata::effective_min_in_sync(settings, partition.replicas.size())) {
        answer.set_under_min_in_sync(answer.under_min_in_sync() + 1);
      }
    }
  }
  answer.set_topics(static_cast<int32_t>(image.topics_by_name().size()));
  for (const auto& [id, broker] : image.brokers()) {
    const std::optional<Brokers::View> seen = views({id, broker.epoch});
    proto::BrokerView* view = answer.add_brokers();
    view->set_id(id.value());
    view->set_epoch(broker.epoch.value());
    view->set_state(state_of(broker, seen.has_value()));
    view->set_rack(broker.rack);
    view->set_draining(broker.draining);
    view->set_software(broker.software);
    for (const auto& listener : broker.listeners) view->add_listeners(shown(listener, broker));
    view->set_leaders(leaders[id]);
    view->set_replicas(static_cast<int32_t>(image.partitions_of(id).size()));
    view->set_since_heartbeat_ms(-1);
    if (seen) {
      view->set_since_heartbeat_ms(
          std::chrono::duration_cast<std::chrono::milliseconds>(seen->since_heartbeat).count());
      view->set_metadata_index(seen->applied.value());
    }
  }
  for (const auto& [name, level] : image.features()) (*answer.mutable_features())[name] = level;
  return answer;
}

proto::DescribeQuorumAnswer describe_quorum(
    const raft::Status& status, ControllerId self,
    absl::FunctionRef<std::string(ControllerId)> endpoint_of) {
  proto::DescribeQuorumAnswer answer;
  answer.set_cluster_id(status.cluster_id);
  answer.set_leader(status.leader.value_or(kNoController).value());
  answer.set_term(status.term.value());
  answer.set_commit(status.commit.value());
  answer.set_applied(status.applied.value());
  answer.set_first(status.first.value());
  answer.set_last(status.last.value());
  answer.set_snapshot(status.snapshot.value());
  answer.set_answered_by(self.value());
  answer.set_role(status.role);
  answer.set_trouble(status.trouble);
  answer.set_configuration_index(status.configuration_index.value());
  answer.set_change_pending(status.change_pending);
  if (status.transfer_to.has_value()) {
    answer.set_transfer_to(status.transfer_to->value());
    answer.set_doing(absl::StrCat("leadership goes to controller ", status.transfer_to->value()));
  } else if (status.change_pending) {
    answer.set_doing("a change of the voters is under way");
  }
  const bool leads = status.leader == self;
  for (const raft::ProgressView& member : status.members) {
    proto::VoterView* view = member.kind == raft::MemberKind::kVoter     ? answer.add_voters()
                             : member.kind == raft::MemberKind::kLearner ? answer.add_learners()
                                                                         : answer.add_observers();
    view->set_id(member.id.value());
    view->set_kind(kind_of(member.kind));
    view->set_directory(member.directory.bytes());
    // Two members may share an id while a wiped disk is being replaced.
    const bool placed = member.endpoint.port != 0;
    view->set_endpoint(placed ? to_string(member.endpoint) : endpoint_of(member.id));
    view->set_match(member.match.value());
    view->set_lag(leads ? std::max<int64_t>(0, distance(member.match, status.last)) : 0);
    const bool itself = leads && member.id == self && member.kind == raft::MemberKind::kVoter;
    const auto contact =
        std::chrono::duration_cast<std::chrono::milliseconds>(member.since_contact);
    view->set_since_contact_ms(!leads ? -1 : itself ? 0 : contact.count());
    view->set_snapshotting(member.snapshotting);
  }
  return answer;
}

}  // namespace barnabas::controller
