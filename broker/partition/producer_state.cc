#include "broker/partition/producer_state.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/buffer.h"
#include "common/bytes.h"
#include "common/crc32c.h"
#include "common/probe.h"
#include "kafka/messages/data.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::partition {
namespace {

// In front of the entries: version i16 and CRC u32; the checksum covers what follows it.
constexpr int16_t kSnapshotVersion = 1;
constexpr size_t kCoveredFrom = 6;

// Sequences run from 0 to the largest int32 and then from 0 again.
int32_t sequence_after(int32_t sequence) { return sequence == INT32_MAX ? 0 : sequence + 1; }

// The first of `count` sequences that end with `last`.
int32_t sequence_before(int32_t last, int32_t steps) {
  const int64_t first = int64_t{last} - steps;
  return static_cast<int32_t>(first < 0 ? first + INT32_MAX + int64_t{1} : first);
}

}  // namespace

SequenceCheck ProducerState::check(const kafka::BatchView& batch) const {
  SequenceCheck out;
  if (!batch.has_producer()) return out;
  auto found = producers_.find(batch.producer_id().value());
  // Forgotten or new: there is nothing to compare with, any sequence may begin.
  if (found == producers_.end()) return out;
  const Producer& producer = found->second;

  if (batch.producer_epoch() < producer.epoch) {
    out.error = kafka::ErrorCode::kInvalidProducerEpoch;
    out.message = absl::StrCat("producer ", batch.producer_id().value(), " is at epoch ",
                               producer.epoch.value(), ", the batch has the older epoch ",
                               batch.producer_epoch().value());
    return out;
  }
  if (batch.producer_epoch() > producer.epoch) {
    if (batch.base_sequence() == 0) return out;
    out.error = kafka::ErrorCode::kOutOfOrderSequenceNumber;
    out.message = absl::StrCat("a new epoch of producer ", batch.producer_id().value(),
                               " must begin with sequence 0, not ", batch.base_sequence());
    return out;
  }
  if (planted("partition: takes any sequence")) return out;
  for (const ProducedBatch& known : producer.history) {
    if (known.first_sequence == batch.base_sequence() &&
        known.last_sequence == batch.last_sequence()) {
      out.duplicate = known;
      return out;
    }
  }
  if (producer.history.empty()) return out;
  const int32_t expected = sequence_after(producer.history.back().last_sequence);
  if (batch.base_sequence() == expected) return out;
  out.error = kafka::ErrorCode::kOutOfOrderSequenceNumber;
  out.message = absl::StrCat("producer ", batch.producer_id().value(), " sent sequence ",
                             batch.base_sequence(), " where ", expected, " is next");
  return out;
}

std::optional<int32_t> ProducerState::next_sequence(const kafka::BatchView& batch) const {
  const auto found = producers_.find(batch.producer_id().value());
  if (found == producers_.end() || found->second.epoch != batch.producer_epoch() ||
      found->second.history.empty()) {
    return std::nullopt;
  }
  return sequence_after(found->second.history.back().last_sequence);
}

void ProducerState::remember(Producer& producer, const ProducedBatch& batch) {
  if (producer.history.size() == kHistory) producer.history.erase(producer.history.begin());
  producer.history.push_back(batch);
}

void ProducerState::apply(const kafka::BatchView& batch, Offset base, WallTime now) {
  if (!batch.has_producer()) return;
  Producer& producer = producers_[batch.producer_id().value()];
  if (batch.producer_epoch() != producer.epoch) {
    producer.epoch = batch.producer_epoch();
    producer.history.clear();
  }
  producer.seen = now;
  if (!batch.control()) {
    remember(producer, {batch.base_sequence(), batch.last_sequence(),
                        advance(base, int64_t{batch.last_offset_delta()}),
                        batch.last_offset_delta(), batch.max_timestamp()});
  }
  if (producers_.size() > max_producers_) forget_silent_ones();
}

// A tenth at a time, so that the search for them is paid seldom.
void ProducerState::forget_silent_ones() {
  std::vector<std::pair<Offset, int64_t>> by_age;
  by_age.reserve(producers_.size());
  for (const auto& [id, producer] : producers_) by_age.emplace_back(producer.last_offset(), id);
  const size_t keep = max_producers_ - max_producers_ / 10;
  const auto end = by_age.begin() + static_cast<ptrdiff_t>(by_age.size() - keep);
  std::nth_element(by_age.begin(), end, by_age.end());
  for (auto silent = by_age.begin(); silent != end; ++silent) producers_.erase(silent->second);
}

void ProducerState::expire(WallTime now, std::chrono::milliseconds expiry) {
  absl::erase_if(producers_, [&](const auto& entry) { return now - entry.second.seen >= expiry; });
}

std::string ProducerState::snapshot() const {
  std::vector<int64_t> ids;
  ids.reserve(producers_.size());
  for (const auto& [id, producer] : producers_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());

  kafka::ProducerSnapshot message;
  for (int64_t id : ids) {
    const Producer& producer = producers_.at(id);
    kafka::ProducerSnapshot::ProducerEntry entry;
    entry.producer_id = id;
    entry.epoch = producer.epoch.value();
    entry.coordinator_epoch = -1;
    entry.current_txn_first_offset = -1;
    if (producer.history.empty()) {
      entry.last_sequence = -1;
      entry.last_offset = -1;
      entry.timestamp = producer.seen.time_since_epoch().count();
      message.producer_entries.push_back(entry);
    }
    for (const ProducedBatch& batch : producer.history) {
      entry.last_sequence = batch.last_sequence;
      entry.last_offset = batch.last_offset.value();
      entry.offset_delta = batch.offset_delta;
      entry.timestamp = batch.timestamp_ms;
      message.producer_entries.push_back(entry);
    }
  }
  kafka::MessageWriter out(64 + message.producer_entries.size() * 44);
  out.write_int16(kSnapshotVersion);
  // Plain numbers: no version lacks a field, so writing cannot fail.
  (void)message.write(out, kSnapshotVersion);
  std::string bytes = flatten(out.finish());
  store_big_endian(bytes.data() + 2, crc32c(std::string_view(bytes).substr(kCoveredFrom)));
  return bytes;
}

absl::Status ProducerState::restore(std::string_view bytes, WallTime now) {
  producers_.clear();
  ByteReader in(bytes);
  const int16_t version = in.read_int16();
  if (!in.ok() || version != kSnapshotVersion) {
    return absl::DataLossError(absl::StrCat("producer snapshot of unknown version ", version));
  }
  kafka::ProducerSnapshot message;
  if (absl::Status status = message.read(in, version); !status.ok()) {
    return absl::DataLossError(absl::StrCat("producer snapshot: ", status.message()));
  }
  if (message.crc != crc32c(bytes.substr(kCoveredFrom))) {
    return absl::DataLossError("producer snapshot: the checksum does not match");
  }
  for (const auto& entry : message.producer_entries) {
    Producer& producer = producers_[entry.producer_id];
    if (producer.epoch.value() != entry.epoch) {
      producer.epoch = ProducerEpoch(entry.epoch);
      producer.history.clear();
    }
    producer.seen = now;
    if (entry.last_sequence < 0) continue;
    remember(producer,
             {sequence_before(entry.last_sequence, entry.offset_delta), entry.last_sequence,
              Offset(entry.last_offset), entry.offset_delta, entry.timestamp});
  }
  return absl::OkStatus();
}

bool operator==(const ProducerState& a, const ProducerState& b) {
  if (a.producers_.size() != b.producers_.size()) return false;
  return std::all_of(a.producers_.begin(), a.producers_.end(), [&](const auto& entry) {
    auto other = b.producers_.find(entry.first);
    return other != b.producers_.end() && other->second.epoch == entry.second.epoch &&
           other->second.history == entry.second.history;
  });
}

}  // namespace barnabas::partition
