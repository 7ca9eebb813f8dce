// Record batches for tests of the wire.

#pragma once

#include <string>

#include "common/buffer.h"
#include "kafka/records/builder.h"

namespace barnabas::testing_support {

inline Buffer batch_of(int32_t records, const std::string& value = "v",
                       kafka::BatchOptions options = {}) {
  kafka::BatchBuilder builder(options);
  for (int32_t i = 0; i < records; ++i) builder.append(1'700'000'000'000 + i, "k", value);
  return Buffer::own(builder.finish());
}

inline Buffer idempotent_batch(int32_t records, int64_t producer, int32_t sequence) {
  kafka::BatchOptions options;
  options.producer_id = ProducerId{producer};
  options.producer_epoch = ProducerEpoch{0};
  options.base_sequence = sequence;
  return batch_of(records, "v", options);
}

}  // namespace barnabas::testing_support
