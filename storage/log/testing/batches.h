// Batches for tests of the log.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "kafka/records/batch.h"
#include "kafka/records/builder.h"
#include "kafka/records/stamp.h"

namespace barnabas::storage {

inline WallTime wall(int64_t milliseconds) {
  return WallTime(std::chrono::milliseconds(milliseconds));
}

// A batch as a client sends it: one record per timestamp, with `value` in each.
inline std::string client_batch(const std::vector<int64_t>& timestamps, std::string_view value) {
  kafka::BatchBuilder builder;
  for (const int64_t timestamp : timestamps) builder.append(timestamp, std::nullopt, value);
  return builder.finish();
}
inline std::string client_batch(int records, std::string_view value) {
  return client_batch(std::vector<int64_t>(static_cast<size_t>(records), 1000), value);
}

// The same as a leader of `epoch` stores it at `base`.
inline std::string stored(std::string batch, int64_t base, int32_t epoch) {
  kafka::stamp(batch.data(), Offset{base}, LeaderEpoch{epoch});
  return batch;
}

}  // namespace barnabas::storage
