#include "tests/simulation/consumer.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "kafka/records/batch.h"
#include "kafka/records/record.h"

namespace barnabas::simulation {
namespace {

using kafka::ErrorCode;

constexpr Duration kBackoff = std::chrono::milliseconds(30);
constexpr Duration kLimit = std::chrono::milliseconds(1500);
constexpr char kNoLoss[] = "I40 what was read once can be read again";

}  // namespace

Consumer::Consumer(Client& client, std::string topic, Uuid id, int32_t partition,
                   Findings& findings, Reader& reader)
    : client_(client),
      topic_(std::move(topic)),
      id_(id),
      partition_(partition),
      findings_(findings),
      reader_(reader) {
  client_.follow(topic_);
  fetch_later();
}

Consumer::~Consumer() = default;

void Consumer::fetch_later() {
  client_.loop().after(kBackoff, [this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired()) fetch();
  });
}

void Consumer::fetch() {
  const auto leader = client_.leader(topic_, partition_);
  if (!leader.has_value()) {
    trouble_ = "no leader known";
    client_.refresh();
    return fetch_later();
  }
  kafka::FetchRequest request;
  request.max_wait_ms = 300;
  request.min_bytes = 1;
  request.max_bytes = 1 << 20;
  auto& topic = request.topics.emplace_back();
  topic.topic_id = id_;
  auto& partition = topic.partitions.emplace_back();
  partition.partition = partition_;
  partition.current_leader_epoch = leader->epoch;
  partition.fetch_offset = position_.value();
  partition.partition_max_bytes = 1 << 18;
  client_.ask<kafka::FetchResponse>(
      leader->leader, request, kLimit,
      [this, epoch = leader->epoch,
       alive = std::weak_ptr<char>(alive_)](absl::StatusOr<const kafka::FetchResponse*> response) {
        if (alive.expired()) return;
        if (!response.ok()) {
          trouble_ = response.status().ToString();
          client_.refresh();
          return fetch_later();
        }
        answered(epoch, **response);
      });
}

void Consumer::answered(int32_t epoch, const kafka::FetchResponse& response) {
  if (response.error_code != 0 || response.responses.size() != 1 ||
      response.responses[0].partitions.size() != 1) {
    trouble_ = absl::StrCat("error ", response.error_code);
    client_.refresh();
    return fetch_later();
  }
  const auto& of = response.responses[0].partitions[0];
  if (of.error_code != 0) {
    trouble_ = absl::StrCat("error ", of.error_code);
    if (of.error_code == static_cast<int16_t>(ErrorCode::kOffsetOutOfRange)) {
      findings_.report(kNoLoss,
                       absl::StrCat(topic_, "-", partition_, ": offset ", position_.value(),
                                    ", up to which was read, is out of range"));
    }
    client_.refresh();
    return fetch_later();
  }
  trouble_ = "nothing";
  high_watermark_ = Offset(of.high_watermark);
  reader_.high_watermark(id_, partition_, epoch, *high_watermark_);
  if (of.records.has_value()) read(of.records->view());
  fetch();
}

void Consumer::read(std::string_view records) {
  kafka::BatchStream batches(records);
  while (const auto batch = batches.next()) {
    if (batch->next_offset() <= position_) continue;
    if (!batch->crc_matches()) {
      return findings_.report(
          "I42 what was stored is what was sent",
          absl::StrCat(topic_, "-", partition_, ": the batch at offset ",
                       batch->base_offset().value(), " does not match its checksum"));
    }
    if (batch->last_offset() >= *high_watermark_) {
      findings_.report(
          "I38 consumers never read past the high watermark",
          absl::StrCat(topic_, "-", partition_, ": got offset ", batch->last_offset().value(),
                       " with high watermark ", high_watermark_->value()));
    }
    kafka::RecordReader reader(*batch, batch->payload());
    while (const auto record = reader.next()) {
      if (record->offset < position_) continue;
      reader_.record(id_, partition_,
                     {record->offset, batch->leader_epoch(), record->value.value_or("")});
    }
    position_ = batch->next_offset();
  }
}

}  // namespace barnabas::simulation
