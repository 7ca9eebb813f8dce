#include "tests/simulation/wary_reader.h"

#include <algorithm>
#include <utility>

#include "kafka/records/batch.h"
#include "kafka/records/record.h"

namespace barnabas::simulation {
namespace {

using kafka::ErrorCode;

constexpr Duration kBackoff = std::chrono::milliseconds(50);
constexpr Duration kLimit = std::chrono::milliseconds(1500);

}  // namespace

WaryReader::WaryReader(Client& client, std::string topic, int32_t partition, std::string name,
                       ExcusedLoss& sent, Findings& findings)
    : client_(client),
      topic_(std::move(topic)),
      partition_(partition),
      name_(std::move(name)),
      sent_(sent),
      findings_(findings) {
  fetch_later();
}

void WaryReader::read_for_the_verdict() {
  for_the_verdict_ = true;
  begin_again();
}

void WaryReader::begin_again() {
  position_ = Offset(0);
  values_.clear();
}

void WaryReader::fetch_later() {
  client_.loop().after(kBackoff, [this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired()) fetch();
  });
}

void WaryReader::fetch() {
  if (complete_) return;
  const Client::Topic* const known = client_.topic(topic_);
  const auto leader = client_.leader(topic_, partition_);
  if (known == nullptr || !leader.has_value()) {
    client_.refresh();
    return fetch_later();
  }
  kafka::FetchRequest request;
  request.max_wait_ms = 100;
  request.min_bytes = 1;
  auto& topic = request.topics.emplace_back();
  topic.topic_id = known->id;
  auto& partition = topic.partitions.emplace_back();
  partition.partition = partition_;
  partition.current_leader_epoch = leader->epoch;
  partition.fetch_offset = position_.value();
  partition.partition_max_bytes = 1 << 12;
  client_.ask<kafka::FetchResponse>(leader->leader, request, kLimit,
                                    [this, asked = position_, alive = std::weak_ptr<char>(alive_)](
                                        absl::StatusOr<const kafka::FetchResponse*> response) {
                                      if (alive.expired()) return;
                                      if (response.ok() && asked == position_) {
                                        answered(**response);
                                      } else if (!response.ok()) {
                                        client_.refresh();
                                      }
                                      fetch_later();
                                    });
}

void WaryReader::answered(const kafka::FetchResponse& response) {
  if (response.error_code != 0 || response.responses.size() != 1 ||
      response.responses[0].partitions.size() != 1) {
    return client_.refresh();
  }
  const auto& of = response.responses[0].partitions[0];
  if (of.error_code == static_cast<int16_t>(ErrorCode::kOffsetOutOfRange)) return begin_again();
  if (of.error_code != 0) {
    ++refusals_;
    return client_.refresh();
  }
  if (of.records.has_value()) read(of.records->view());
  if (findings_.any() || position_ < Offset(of.high_watermark)) return;
  ++passes_;
  if (for_the_verdict_) {
    complete_ = true;
  } else {
    begin_again();
  }
}

void WaryReader::read(std::string_view records) {
  kafka::BatchStream batches(records);
  while (const auto batch = batches.next()) {
    if (batch->next_offset() <= position_) continue;
    // As clients do, which refuse such a batch.
    if (!batch->crc_matches()) {
      ++refusals_;
      return begin_again();
    }
    kafka::RecordReader reader(*batch, batch->payload());
    while (const auto record = reader.next()) {
      if (record->offset < position_) continue;
      values_.emplace_back(record->value.value_or(""));
      sent_.served(name_, values_.back());
    }
    position_ = batch->next_offset();
  }
}

}  // namespace barnabas::simulation
