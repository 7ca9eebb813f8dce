// What members of a consumer group tell each other through the coordinator, which hands it on
// unread but for the topics: subscriptions (ConsumerProtocolSubscription v2) and assignments
// (ConsumerProtocolAssignment v0), and how the leader shares out the partitions.

#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace barnabas::simulation {

using TopicPartition = std::pair<std::string, int32_t>;

struct Subscription {
  std::vector<std::string> topics;
  std::set<TopicPartition> owned;  // cooperative members only
  int32_t generation = -1;         // in which it owned them
};
std::string encode(const Subscription& subscription);
// What is malformed reads as empty.
Subscription decode_subscription(std::string_view bytes);

using Assignment = std::set<TopicPartition>;
std::string encode(const Assignment& assignment);
Assignment decode_assignment(std::string_view bytes);

// By member id. Round robin over the members in order.
std::map<std::string, Assignment> share_out_eagerly(
    const std::map<std::string, Subscription>& members, const Assignment& partitions);
// Each keeps what it owns up to a fair share. What another one is to give up is given to nobody
// yet: when it has been given up, the group rebalances once more.
std::map<std::string, Assignment> share_out_cooperatively(
    const std::map<std::string, Subscription>& members, const Assignment& partitions);

}  // namespace barnabas::simulation
