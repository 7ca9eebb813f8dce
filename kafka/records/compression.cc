#include "kafka/records/compression.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "kafka/records/codecs.h"

namespace barnabas::kafka {

size_t DecompressionLimits::bound(size_t input) const {
  const size_t by_ratio =
      input > max_output / max_ratio ? max_output : std::max(ratio_floor, input * max_ratio);
  return std::min(max_output, by_ratio);
}

absl::StatusOr<std::string> decompress(Codec codec, std::string_view input,
                                       const DecompressionLimits& limits) {
  const size_t bound = limits.bound(input.size());
  switch (codec) {
    case Codec::kNone:
      return std::string(input);
    case Codec::kGzip:
      return gzip_decompress(input, bound);
    case Codec::kSnappy:
      return snappy_decompress(input, bound);
    case Codec::kLz4:
      return lz4_decompress(input, bound);
    case Codec::kZstd:
      return zstd_decompress(input, bound);
  }
  return absl::UnimplementedError(
      absl::StrCat("there is no codec ", static_cast<int>(codec), "; known are 0 to 4"));
}

absl::StatusOr<std::string> compress(Codec codec, std::string_view input) {
  switch (codec) {
    case Codec::kNone:
      return std::string(input);
    case Codec::kGzip:
      return gzip_compress(input);
    case Codec::kSnappy:
      return snappy_compress(input);
    case Codec::kLz4:
      return lz4_compress(input);
    case Codec::kZstd:
      return zstd_compress(input);
  }
  return absl::UnimplementedError(
      absl::StrCat("there is no codec ", static_cast<int>(codec), "; known are 0 to 4"));
}

}  // namespace barnabas::kafka
