#include "broker/partition/refused_sequences.h"

namespace barnabas::partition {
namespace {

// Sequences run from 0 to the largest int32 and then from 0 again; of two that are less than half
// the way apart the earlier one is known.
bool earlier(int32_t a, int32_t b) {
  const uint32_t ahead = (static_cast<uint32_t>(b) - static_cast<uint32_t>(a)) & 0x7fffffffU;
  return ahead != 0 && ahead < 0x40000000U;
}

}  // namespace

RefusedSequences::Entries::iterator RefusedSequences::holding(const kafka::BatchView& batch,
                                                              std::optional<int32_t> next,
                                                              Instant now) {
  auto entry = refused_.find(batch.producer_id().value());
  if (entry == refused_.end()) return entry;
  const Refused& refused = entry->second;
  const bool arrived = next.has_value() && earlier(refused.sequence, *next);
  if (arrived || refused.epoch != batch.producer_epoch() || now - refused.since >= kLongest) {
    refused_.erase(entry);
    return refused_.end();
  }
  return entry;
}

void RefusedSequences::note(const kafka::BatchView& batch, kafka::ErrorCode error,
                            std::optional<int32_t> next, Instant now) {
  if (!batch.has_producer()) return;
  const auto entry = holding(batch, next, now);
  if (entry != refused_.end() && earlier(entry->second.sequence, batch.base_sequence())) return;
  if (entry == refused_.end() && refused_.size() >= kMostProducers) return;
  refused_[batch.producer_id().value()] = {batch.producer_epoch(), batch.base_sequence(), error,
                                           now};
}

kafka::ErrorCode RefusedSequences::before(const kafka::BatchView& batch,
                                          std::optional<int32_t> next, Instant now) {
  if (refused_.empty() || !batch.has_producer()) return kafka::ErrorCode::kNone;
  const auto entry = holding(batch, next, now);
  if (entry == refused_.end() || !earlier(entry->second.sequence, batch.base_sequence())) {
    return kafka::ErrorCode::kNone;
  }
  return entry->second.error;
}

}  // namespace barnabas::partition
