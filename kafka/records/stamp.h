// What a leader writes into a batch that it appends.
//
// Base offset and leader epoch lie outside the checksum, so the common case touches 16 bytes and
// nothing else. To leave the received bytes as they are (they may be shared), make a stamp and
// write it in front of the batch without its first kBatchStampSize bytes.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "common/ids.h"
#include "kafka/records/batch.h"

namespace barnabas::kafka {

using BatchStamp = std::array<char, kBatchStampSize>;

// The first bytes of `batch` as the leader stores them.
BatchStamp make_stamp(const BatchView& batch, Offset base_offset, LeaderEpoch leader_epoch);
inline std::string_view view(const BatchStamp& stamp) { return {stamp.data(), stamp.size()}; }

// The same in place. `batch` points at a whole header.
void stamp(char* batch, Offset base_offset, LeaderEpoch leader_epoch);

// Sets timestamp type and max timestamp in place, clears attributes that nobody knows, and renews
// the checksum of the `size` bytes at `batch`, a whole batch.
void stamp_timestamps(char* batch, size_t size, TimestampType type, int64_t max_timestamp_ms);

}  // namespace barnabas::kafka
