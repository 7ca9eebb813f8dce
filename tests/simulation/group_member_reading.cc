// What a member does with the partitions that it was given: it reads them.

#include <algorithm>
#include <utility>

#include "kafka/records/batch.h"
#include "tests/simulation/group_member.h"

namespace barnabas::simulation {
namespace {

using kafka::ErrorCode;
using std::chrono::milliseconds;

constexpr Duration kLimit = std::chrono::seconds(1);

}  // namespace

void GroupMember::fetch() {
  if (over_) return;
  std::set<BrokerId> leaders;
  for (const auto& [partition, part] : parts_) {
    const auto leader = data_.leader(partition.first, partition.second);
    if (leader.has_value() && part.position.has_value()) leaders.insert(leader->leader);
  }
  for (const BrokerId leader : leaders) {
    if (fetching_.count(leader) == 0) fetch_from(leader);
  }
}

void GroupMember::fetch_from(BrokerId broker) {
  kafka::FetchRequest request;
  request.max_wait_ms =
      static_cast<int32_t>(std::chrono::duration_cast<milliseconds>(options_.fetch_wait).count());
  request.min_bytes = 1;
  request.max_bytes = 1 << 20;
  Positions asked;
  std::string last_topic;
  for (const auto& [partition, part] : parts_) {
    const auto leader = data_.leader(partition.first, partition.second);
    const Client::Topic* const topic = data_.topic(partition.first);
    if (topic == nullptr || !leader.has_value() || leader->leader != broker) continue;
    if (!part.position.has_value()) continue;
    if (request.topics.empty() || last_topic != partition.first) {
      request.topics.emplace_back().topic_id = topic->id;
      last_topic = partition.first;
    }
    auto& of = request.topics.back().partitions.emplace_back();
    of.partition = partition.second;
    of.current_leader_epoch = leader->epoch;
    of.fetch_offset = part.position->value();
    of.partition_max_bytes = 1 << 18;
    asked.emplace(partition, *part.position);
  }
  fetching_.insert(broker);
  data_.ask<kafka::FetchResponse>(broker, request, options_.fetch_wait + kLimit,
                                  [this, broker, asked, alive = std::weak_ptr<char>(alive_)](
                                      absl::StatusOr<const kafka::FetchResponse*> response) {
                                    if (alive.expired()) return;
                                    fetching_.erase(broker);
                                    if (response.ok() && (*response)->error_code == 0) {
                                      fetched(asked, **response);
                                    } else {
                                      data_.refresh();
                                    }
                                  });
}

void GroupMember::fetched(const Positions& asked, const kafka::FetchResponse& response) {
  bool sound = true;
  for (const auto& topic : response.responses) {
    const auto name = std::find_if(options_.topics.begin(), options_.topics.end(),
                                   [&](const std::string& candidate) {
                                     const Client::Topic* const known = data_.topic(candidate);
                                     return known != nullptr && known->id == topic.topic_id;
                                   });
    if (name == options_.topics.end()) continue;
    for (const auto& of : topic.partitions) {
      const TopicPartition partition{*name, of.partition_index};
      const auto part = parts_.find(partition);
      // Given up meanwhile, or given up and given back.
      if (part == parts_.end() || asked.count(partition) == 0) continue;
      if (part->second.position != asked.at(partition)) continue;
      if (of.error_code == static_cast<int16_t>(ErrorCode::kOffsetOutOfRange)) {
        findings_.report("I40 what was read once can be read again",
                         absl::StrCat(place(partition).text(), ": offset ",
                                      part->second.position->value(), " is out of range"));
      }
      if (of.error_code != 0) {
        sound = false;
      } else if (of.records.has_value()) {
        read(partition, part->second, of.records->view());
      }
    }
  }
  if (sound) return fetch();
  data_.refresh();
}

void GroupMember::read(const TopicPartition& partition, Part& part, std::string_view records) {
  kafka::BatchStream batches(records);
  while (const auto batch = batches.next()) {
    if (batch->next_offset() <= *part.position) continue;
    const Offset from = std::max(*part.position, batch->base_offset());
    checks_.processed.processed(place(partition), from, batch->next_offset());
    part.position = batch->next_offset();
  }
}

}  // namespace barnabas::simulation
