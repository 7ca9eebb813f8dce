#include "tests/simulation/producer.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "kafka/records/builder.h"

namespace barnabas::simulation {
namespace {

using kafka::ErrorCode;

constexpr Duration kBackoff = std::chrono::milliseconds(20);
constexpr int32_t kProduceTimeoutMs = 1000;

bool is_retriable(int16_t error) {
  switch (static_cast<ErrorCode>(error)) {
    case ErrorCode::kUnknownTopicOrPartition:
    case ErrorCode::kLeaderNotAvailable:
    case ErrorCode::kNotLeaderOrFollower:
    case ErrorCode::kRequestTimedOut:
    case ErrorCode::kNetworkException:
    case ErrorCode::kNotEnoughReplicas:
    case ErrorCode::kNotEnoughReplicasAfterAppend:
    case ErrorCode::kKafkaStorageError:
    case ErrorCode::kFencedLeaderEpoch:
    case ErrorCode::kUnknownLeaderEpoch:
      return true;
    default:
      return false;
  }
}

}  // namespace

Producer::Producer(Client& client, Options options, Findings& findings, Acknowledged acknowledged)
    : client_(client),
      options_(options),
      findings_(findings),
      acknowledged_(std::move(acknowledged)) {
  client_.on_refreshed([this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired()) pump_all();
  });
  get_id();
}

Producer::~Producer() = default;

void Producer::get_id() {
  kafka::InitProducerIdRequest request;
  request.transactional_id = std::nullopt;
  request.transaction_timeout_ms = 60'000;
  client_.ask<kafka::InitProducerIdResponse>(
      kNoBroker, request, options_.request_limit,
      [this, alive = std::weak_ptr<char>(alive_)](
          absl::StatusOr<const kafka::InitProducerIdResponse*> response) {
        if (alive.expired()) return;
        if (response.ok() && (*response)->error_code == 0) {
          id_ = ProducerId((*response)->producer_id);
          epoch_ = ProducerEpoch((*response)->producer_epoch);
          return pump_all();
        }
        client_.loop().after(kBackoff, [this, alive] {
          if (!alive.expired()) get_id();
        });
      });
}

int32_t Producer::next_sequence(const std::string& topic, int32_t partition) {
  return lanes_[{topic, partition}].next_sequence;
}

void Producer::send(const std::string& topic, int32_t partition, std::vector<std::string> values) {
  const Key key{topic, partition};
  Lane& lane = lanes_[key];
  Batch& batch = lane.batches.emplace_back();
  batch.what = {topic, partition, lane.next_sequence, std::move(values), 0, {}};
  batch.number = lane.next_number++;
  lane.next_sequence += static_cast<int32_t>(batch.what.values.size());
  client_.follow(topic);
  pump(key);
}

void Producer::abandon(const std::string& topic) {
  std::erase_if(lanes_, [&](const auto& lane) { return lane.first.first == topic; });
}

size_t Producer::unacknowledged() const {
  size_t sum = 0;
  for (const auto& [key, lane] : lanes_) sum += lane.batches.size();
  return sum;
}

std::string Producer::trouble() const {
  std::string out;
  for (const auto& [key, lane] : lanes_) {
    if (lane.batches.empty()) continue;
    absl::StrAppend(&out, key.first, "-", key.second, ": ", lane.batches.size(),
                    " batches, in flight ", lane.in_flight, ", last heard: ", lane.last_trouble,
                    "; ");
  }
  if (id_ == kNoProducerId) out += "no producer id";
  return out;
}

void Producer::pump_all() {
  std::vector<Key> keys;
  for (const auto& [key, lane] : lanes_) keys.push_back(key);
  for (const Key& key : keys) pump(key);
}

void Producer::pump_later(const Key& key, Duration delay) {
  client_.loop().after(delay, [this, key, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired() && lanes_.count(key) != 0) pump(key);
  });
}

void Producer::pump(const Key& key) {
  Lane& lane = lanes_[key];
  if (id_ == kNoProducerId || lane.batches.empty()) return;
  if (lane.draining) {
    if (lane.in_flight > 0) return;
    if (client_.loop().now() < lane.not_before) {
      return pump_later(key, lane.not_before - client_.loop().now());
    }
    lane.draining = false;
    lane.alone = true;
  }
  const auto leader = client_.leader(key.first, key.second);
  if (!leader.has_value()) {
    lane.last_trouble = "no leader known";
    return client_.refresh();
  }
  for (Batch& batch : lane.batches) {
    const size_t window = lane.known ? options_.in_flight_max : 1;
    if (batch.number >= lane.batches.front().number + window) return;
    if (batch.attempt == 0) send_batch(key, batch, leader->leader);
  }
}

void Producer::send_batch(const Key& key, Batch& batch, BrokerId leader) {
  if (batch.bytes.empty()) {
    kafka::BatchOptions options;
    options.producer_id = id_;
    options.producer_epoch = epoch_;
    options.base_sequence = batch.what.first_sequence;
    kafka::BatchBuilder builder(options);
    const int64_t now = client_.loop().clock().wall().time_since_epoch().count();
    for (const std::string& value : batch.what.values) builder.append(now, std::nullopt, value);
    batch.bytes = Buffer::own(builder.finish());
  }
  const uint64_t attempt = batch.attempt = ++last_attempt_;
  if (batch.what.attempts++ == 0) batch.what.first_sent = client_.loop().now();
  ++lanes_[key].in_flight;

  kafka::ProduceRequest request;
  request.transactional_id = std::nullopt;
  request.acks = options_.acks;
  request.timeout_ms = kProduceTimeoutMs;
  auto& topic = request.topic_data.emplace_back();
  topic.name = key.first;
  auto& partition = topic.partition_data.emplace_back();
  partition.index = key.second;
  partition.records = batch.bytes;
  client_.ask<kafka::ProduceResponse>(
      leader, request, options_.request_limit,
      [this, key, attempt, alive = std::weak_ptr<char>(alive_)](
          absl::StatusOr<const kafka::ProduceResponse*> response) {
        if (alive.expired()) return;
        if (!response.ok()) {
          return answered(key, attempt, static_cast<int16_t>(ErrorCode::kNetworkException),
                          kNoOffset, response.status().ToString());
        }
        if ((*response)->responses.size() != 1 ||
            (*response)->responses[0].partition_responses.size() != 1) {
          findings_.report("I53 an answer tells of what was asked", "an empty produce answer");
          return;
        }
        const auto& of = (*response)->responses[0].partition_responses[0];
        answered(
            key, attempt, of.error_code, Offset(of.base_offset),
            absl::StrCat("error ", of.error_code, " ", std::string(of.error_message.value_or(""))));
      });
}

void Producer::answered(const Key& key, uint64_t attempt, int16_t error, Offset base_offset,
                        std::string trouble) {
  const auto found = lanes_.find(key);
  if (found == lanes_.end()) return;
  Lane& lane = found->second;
  const auto batch = std::find_if(lane.batches.begin(), lane.batches.end(),
                                  [&](const Batch& b) { return b.attempt == attempt; });
  if (batch == lane.batches.end()) return;  // of a lane that was abandoned
  --lane.in_flight;
  const bool first = batch == lane.batches.begin();
  const bool alone = std::exchange(lane.alone, false);

  if (error == static_cast<int16_t>(ErrorCode::kDuplicateSequenceNumber)) {
    error = 0;
    base_offset = kNoOffset;
  }
  if (error == 0) {
    const ProducedBatch done = std::move(batch->what);
    lane.batches.erase(batch);
    lane.known = true;
    acknowledged_(done, base_offset);
    return pump(key);
  }

  lane.last_trouble = std::move(trouble);
  const bool out_of_order = error == static_cast<int16_t>(ErrorCode::kOutOfOrderSequenceNumber);
  // Behind one that failed this is to be expected; for the first of those that are not
  // acknowledged, sent again after all others have been answered, it means that the leader lacks
  // what was acknowledged before.
  if (out_of_order && first && alone) {
    findings_.report("I43 each sequence once per producer, without gaps, across leader changes",
                     absl::StrCat(key.first, "-", key.second, ": sequence ",
                                  batch->what.first_sequence, " of producer ", id_.value(),
                                  " is out of order although everything before it was "
                                  "acknowledged: ",
                                  lane.last_trouble));
  } else if (!out_of_order && !is_retriable(error)) {
    findings_.report("I53 a sound batch is refused with a retriable error at most",
                     absl::StrCat(key.first, "-", key.second, ": ", lane.last_trouble));
  }
  batch->attempt = 0;
  lane.draining = true;
  lane.not_before = client_.loop().now() + kBackoff;
  client_.refresh();
  pump(key);
}

}  // namespace barnabas::simulation
