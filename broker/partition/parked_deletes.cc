#include "broker/partition/parked_deletes.h"

namespace barnabas::partition {

template <class Choose>
void ParkedDeletes::answer(Choose chosen, const DeleteRecordsAnswer& with,
                           std::vector<LoopTask>& out) {
  std::vector<Parked> still;
  for (Parked& parked : parked_) {
    if (!chosen(parked)) {
      still.push_back(std::move(parked));
      continue;
    }
    out.emplace_back(parked.loop, [done = std::move(parked.done), with]() mutable { done(with); });
  }
  parked_ = std::move(still);
}

void ParkedDeletes::release(Offset low_watermark, std::vector<LoopTask>& out) {
  answer([&](const Parked& parked) { return parked.to <= low_watermark; },
         {kafka::ErrorCode::kNone, low_watermark}, out);
}

void ParkedDeletes::fail_all(kafka::ErrorCode error, std::vector<LoopTask>& out) {
  answer([](const Parked&) { return true; }, {error, kNoOffset}, out);
}

void ParkedDeletes::fail_due(Instant now, Offset low_watermark, std::vector<LoopTask>& out) {
  answer([&](const Parked& parked) { return parked.deadline <= now; },
         {kafka::ErrorCode::kRequestTimedOut, low_watermark}, out);
}

}  // namespace barnabas::partition
