#include "kafka/records/stamp.h"

#include <cstring>

#include "common/bytes.h"
#include "common/crc32c.h"

namespace barnabas::kafka {

BatchStamp make_stamp(const BatchView& batch, Offset base_offset, LeaderEpoch leader_epoch) {
  BatchStamp out;
  std::memcpy(out.data(), batch.bytes().data(), out.size());
  stamp(out.data(), base_offset, leader_epoch);
  return out;
}

void stamp(char* batch, Offset base_offset, LeaderEpoch leader_epoch) {
  store_big_endian<int64_t>(batch, base_offset.value());
  store_big_endian<int32_t>(batch + 12, leader_epoch.value());
}

void stamp_timestamps(char* batch, size_t size, TimestampType type, int64_t max_timestamp_ms) {
  auto attributes = load_big_endian<int16_t>(batch + 21);
  attributes &= attribute::kKnown;
  attributes = static_cast<int16_t>(type == TimestampType::kLogAppendTime
                                        ? attributes | attribute::kLogAppendTime
                                        : attributes & ~attribute::kLogAppendTime);
  store_big_endian<int16_t>(batch + 21, attributes);
  store_big_endian<int64_t>(batch + 35, max_timestamp_ms);
  store_big_endian<uint32_t>(batch + 17, crc32c({batch + 21, size - 21}));
}

}  // namespace barnabas::kafka
