#include <zstd.h>

#include <memory>

#include "kafka/records/codecs.h"

namespace barnabas::kafka {
namespace {

constexpr std::string_view kName = "zstd";
// The decoder's own memory: a window of 8 MiB, which the highest usual level needs.
constexpr int kMaxWindowLog = 23;

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

absl::StatusOr<std::string> zstd_decompress(std::string_view input, size_t bound) {
  const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (context == nullptr || ZSTD_isError(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax,
                                                                kMaxWindowLog)) != 0) {
    return absl::InternalError("zstd cannot be set up");
  }
  BoundedOutput out(input.size(), bound);
  ZSTD_inBuffer in{input.data(), input.size(), 0};
  for (;;) {
    ZSTD_outBuffer space{out.space(), out.space_size(), 0};
    // 0 exactly at the end of a frame; the next call starts the next frame.
    const size_t result = ZSTD_decompressStream(context.get(), &space, &in);
    if (ZSTD_isError(result) != 0) return damaged(kName, ZSTD_getErrorName(result));
    out.produced(space.pos);
    if (in.pos == in.size && result == 0) return out.take();
    if (out.space_size() == 0) {
      if (!out.grow()) return too_large(kName, bound);
    } else if (in.pos == in.size) {
      return damaged(kName, "it is cut off");
    }
  }
}

absl::StatusOr<std::string> zstd_compress(std::string_view input) {
  std::string out;
  out.resize(ZSTD_compressBound(input.size()));
  const size_t size =
      ZSTD_compress(out.data(), out.size(), input.data(), input.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(size) != 0) return absl::InternalError(ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

}  // namespace barnabas::kafka
