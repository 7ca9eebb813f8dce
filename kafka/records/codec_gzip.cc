#include <zlib.h>

#include <limits>

#include "kafka/records/codecs.h"

namespace barnabas::kafka {
namespace {

// The largest window, with a gzip header instead of a zlib one.
constexpr int kGzipWindow = MAX_WBITS + 16;
constexpr std::string_view kName = "gzip";

// zlib takes a pointer to non-const and only reads.
Bytef* input_of(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

struct Inflater {
  z_stream stream{};
  bool ready = inflateInit2(&stream, kGzipWindow) == Z_OK;
  ~Inflater() {
    if (ready) inflateEnd(&stream);
  }
};

struct Deflater {
  z_stream stream{};
  bool ready = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8,
                            Z_DEFAULT_STRATEGY) == Z_OK;
  ~Deflater() {
    if (ready) deflateEnd(&stream);
  }
};

}  // namespace

absl::StatusOr<std::string> gzip_decompress(std::string_view input, size_t bound) {
  if (input.size() > std::numeric_limits<uInt>::max()) return too_large(kName, bound);
  Inflater inflater;
  if (!inflater.ready) return absl::InternalError("zlib cannot be set up");
  z_stream& stream = inflater.stream;
  stream.next_in = input_of(input);
  stream.avail_in = static_cast<uInt>(input.size());
  BoundedOutput out(input.size(), bound);
  for (;;) {
    const size_t space = out.space_size();
    stream.next_out = reinterpret_cast<Bytef*>(out.space());
    stream.avail_out = static_cast<uInt>(space);
    const int result = inflate(&stream, Z_NO_FLUSH);
    out.produced(space - stream.avail_out);
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) return out.take();
      // Another member follows directly.
      if (inflateReset(&stream) != Z_OK) return absl::InternalError("zlib cannot be reset");
      if (!out.grow()) return too_large(kName, bound);
      continue;
    }
    if (result != Z_OK && result != Z_BUF_ERROR) {
      return damaged(kName, stream.msg != nullptr ? stream.msg : "it is no gzip stream");
    }
    if (stream.avail_out == 0) {
      if (!out.grow()) return too_large(kName, bound);
    } else if (stream.avail_in == 0) {
      return damaged(kName, "it is cut off");
    }
  }
}

absl::StatusOr<std::string> gzip_compress(std::string_view input) {
  Deflater deflater;
  if (!deflater.ready || input.size() > std::numeric_limits<uInt>::max()) {
    return absl::InternalError("zlib cannot be set up");
  }
  z_stream& stream = deflater.stream;
  std::string out;
  out.resize(deflateBound(&stream, static_cast<uLong>(input.size())));
  stream.next_in = input_of(input);
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) {
    return absl::InternalError("zlib did not finish the stream");
  }
  out.resize(stream.total_out);
  return out;
}

}  // namespace barnabas::kafka
