#include <lz4frame.h>

#include <memory>

#include "kafka/records/codecs.h"

namespace barnabas::kafka {
namespace {

constexpr std::string_view kName = "lz4";

struct FreeContext {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

}  // namespace

absl::StatusOr<std::string> lz4_decompress(std::string_view input, size_t bound) {
  LZ4F_dctx* raw = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&raw, LZ4F_VERSION)) != 0) {
    return absl::InternalError("lz4 cannot be set up");
  }
  const std::unique_ptr<LZ4F_dctx, FreeContext> context(raw);
  BoundedOutput out(input.size(), bound);
  // Frames may follow each other; the library starts over by itself. Its result is 0 exactly at
  // the end of a frame.
  size_t result = 1;
  while (!input.empty() || result != 0) {
    size_t produced = out.space_size();
    size_t consumed = input.size();
    result =
        LZ4F_decompress(context.get(), out.space(), &produced, input.data(), &consumed, nullptr);
    if (LZ4F_isError(result) != 0) return damaged(kName, LZ4F_getErrorName(result));
    out.produced(produced);
    input.remove_prefix(consumed);
    if (input.empty() && result == 0) break;
    if (out.space_size() == 0) {
      if (!out.grow()) return too_large(kName, bound);
    } else if (input.empty()) {
      return damaged(kName, "it is cut off");
    }
  }
  return out.take();
}

absl::StatusOr<std::string> lz4_compress(std::string_view input) {
  LZ4F_preferences_t preferences{};
  // What the Java client can read.
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  std::string out;
  out.resize(LZ4F_compressFrameBound(input.size(), &preferences));
  const size_t size =
      LZ4F_compressFrame(out.data(), out.size(), input.data(), input.size(), &preferences);
  if (LZ4F_isError(size) != 0) return absl::InternalError(LZ4F_getErrorName(size));
  out.resize(size);
  return out;
}

}  // namespace barnabas::kafka
