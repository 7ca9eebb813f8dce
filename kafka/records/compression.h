// The codecs of record batches.
//
// Reading accepts what any client writes: gzip with several members, snappy as one raw block and
// in the framing of the Java client (xerial), lz4 frames, zstd with several frames. Writing uses
// what every client reads: snappy in xerial framing, lz4 with independent blocks of 64 KiB.
//
// A few kilobytes can claim to be gigabytes. So reading takes limits, and nothing is ever
// allocated on the word of the input: output grows with what was really produced.

#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "kafka/records/batch.h"

namespace barnabas::kafka {

struct DecompressionLimits {
  // No output larger than this.
  size_t max_output = size_t{128} << 20;
  // Beyond `ratio_floor` bytes, no output larger than this many times the input. Sound data
  // rarely passes 100; gzip cannot pass 1032, so small repetitive batches must stay below the
  // floor.
  size_t max_ratio = 1100;
  size_t ratio_floor = size_t{4} << 20;

  size_t bound(size_t input) const;
};

// DATA_LOSS: damaged, cut off, or followed by bytes of another kind. RESOURCE_EXHAUSTED: beyond
// the limits. UNIMPLEMENTED: no such codec. With kNone, a copy.
absl::StatusOr<std::string> decompress(Codec codec, std::string_view input,
                                       const DecompressionLimits& limits = {});

// At each codec's usual level. INTERNAL if the library fails.
absl::StatusOr<std::string> compress(Codec codec, std::string_view input);

}  // namespace barnabas::kafka
