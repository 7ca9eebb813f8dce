#include "tests/simulation/client.h"

#include <utility>

namespace barnabas::simulation {
namespace {

constexpr Duration kMetadataLimit = std::chrono::seconds(1);
constexpr Duration kRefreshDelay = std::chrono::milliseconds(20);

}  // namespace

Client::Client(SimNetwork& network, SimExecutor& loop, std::unique_ptr<Random> random,
               std::vector<Endpoint> bootstrap)
    : transport_(network, loop.name()),
      loop_(loop),
      random_(std::move(random)),
      bootstrap_(std::move(bootstrap)),
      next_bootstrap_(random_->below(bootstrap_.size())) {}

Client::~Client() {
  for (const std::weak_ptr<KafkaLink>& weak : all_links_) {
    if (const std::shared_ptr<KafkaLink> link = weak.lock()) link->abandon();
  }
}

std::shared_ptr<KafkaLink> Client::link(BrokerId to) {
  std::shared_ptr<KafkaLink>& link = links_[to];
  if (link != nullptr && !link->broken()) return link;
  Endpoint endpoint;
  if (to == kNoBroker) {
    endpoint = bootstrap_[next_bootstrap_++ % bootstrap_.size()];
  } else if (const auto known = brokers_.find(to); known != brokers_.end()) {
    endpoint = known->second;
  } else {
    return nullptr;
  }
  link = std::make_shared<KafkaLink>(transport_, loop_, endpoint);
  std::erase_if(all_links_, [](const auto& weak) { return weak.expired(); });
  all_links_.push_back(link);
  return link;
}

void Client::follow(const std::string& topic) {
  followed_.insert(topic);
  refresh();
}

void Client::unfollow(const std::string& topic) {
  followed_.erase(topic);
  topics_.erase(topic);
}

const Client::Topic* Client::topic(const std::string& name) const {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : &found->second;
}

std::optional<Client::PartitionLeader> Client::leader(const std::string& topic,
                                                      int32_t partition) const {
  const Topic* const known = this->topic(topic);
  if (known == nullptr || static_cast<size_t>(partition) >= known->partitions.size()) return {};
  const PartitionLeader leader = known->partitions[static_cast<size_t>(partition)];
  if (leader.leader == kNoBroker) return {};
  return leader;
}

void Client::refresh() {
  again_ = true;
  if (refreshing_) return;
  refreshing_ = true;
  loop_.after(kRefreshDelay, [this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired()) refresh_now();
  });
}

void Client::refresh_now() {
  again_ = false;
  kafka::MetadataRequest request;
  request.topics.emplace();
  for (const std::string& name : followed_) request.topics->emplace_back().name = name;
  request.allow_auto_topic_creation = false;
  ask<kafka::MetadataResponse>(kNoBroker, request, kMetadataLimit,
                               [this](absl::StatusOr<const kafka::MetadataResponse*> response) {
                                 refreshing_ = false;
                                 if (response.ok()) learn(**response);
                                 bool complete = response.ok();
                                 for (const std::string& name : followed_) {
                                   const Topic* const known = topic(name);
                                   complete = complete && known != nullptr;
                                   if (known == nullptr) continue;
                                   for (const PartitionLeader& p : known->partitions) {
                                     complete = complete && p.leader != kNoBroker;
                                   }
                                 }
                                 if (!complete)
                                   links_.erase(kNoBroker);  // perhaps another broker knows more
                                 if (again_ || !complete) refresh();
                                 if (!response.ok()) return;
                                 for (auto& heard : heard_) heard();
                               });
}

void Client::learn(const kafka::MetadataResponse& response) {
  for (const auto& broker : response.brokers) {
    brokers_[BrokerId(broker.node_id)] = {std::string(broker.host),
                                          static_cast<uint16_t>(broker.port)};
  }
  for (const auto& topic : response.topics) {
    const std::string name(topic.name.value_or(""));
    if (followed_.count(name) == 0) continue;
    if (topic.error_code == static_cast<int16_t>(kafka::ErrorCode::kUnknownTopicOrPartition)) {
      topics_.erase(name);
      continue;
    }
    if (topic.error_code != 0) continue;
    Topic& known = topics_[name];
    if (known.id != topic.topic_id) known = {topic.topic_id, {}};
    known.partitions.resize(std::max(known.partitions.size(), topic.partitions.size()));
    for (const auto& partition : topic.partitions) {
      if (partition.partition_index < 0) continue;
      PartitionLeader& leader = known.partitions[static_cast<size_t>(partition.partition_index)];
      // A broker that is behind tells old news.
      if (partition.leader_epoch < leader.epoch) continue;
      leader = {BrokerId(partition.leader_id), partition.leader_epoch};
    }
  }
}

}  // namespace barnabas::simulation
