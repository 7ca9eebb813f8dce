#include <snappy.h>

#include <algorithm>

#include "common/bytes.h"
#include "kafka/records/codecs.h"

namespace barnabas::kafka {
namespace {

constexpr std::string_view kName = "snappy";
// The Java client's framing: this magic, two version numbers, then blocks with their length (int32)
// in front.
constexpr std::string_view kXerialMagic("\x82SNAPPY\0", 8);
constexpr int32_t kXerialVersion = 1;
constexpr size_t kXerialBlockSize = size_t{32} << 10;

absl::Status append_block(std::string_view block, size_t bound, std::string& out) {
  size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size)) {
    return damaged(kName, "a block has no length");
  }
  if (size > bound - out.size()) return too_large(kName, bound);
  // Read the claim against what the format can do at best (a copy of 64 bytes takes 3), before
  // allocating on its word.
  if (size / 64 > block.size()) return damaged(kName, "a block claims more than it can hold");
  const size_t from = out.size();
  out.resize(from + size);
  if (!snappy::RawUncompress(block.data(), block.size(), out.data() + from)) {
    return damaged(kName, "a block is damaged");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> decompress_xerial(std::string_view input, size_t bound) {
  ByteReader in(input);
  in.read_bytes(kXerialMagic.size());
  in.read_int32();  // version
  in.read_int32();  // the oldest version that can read it
  std::string out;
  while (in.ok() && !in.at_end()) {
    const int32_t size = in.read_int32();
    if (size < 0) return damaged(kName, "a block has a negative length");
    const std::string_view block = in.read_bytes(static_cast<size_t>(size));
    if (!in.ok()) break;
    if (absl::Status status = append_block(block, bound, out); !status.ok()) return status;
  }
  if (!in.ok()) return damaged(kName, "it is cut off");
  return out;
}

}  // namespace

absl::StatusOr<std::string> snappy_decompress(std::string_view input, size_t bound) {
  if (input.substr(0, kXerialMagic.size()) == kXerialMagic) return decompress_xerial(input, bound);
  std::string out;
  if (absl::Status status = append_block(input, bound, out); !status.ok()) return status;
  return out;
}

absl::StatusOr<std::string> snappy_compress(std::string_view input) {
  ByteWriter out(kXerialMagic.size() + 8 + snappy::MaxCompressedLength(input.size()));
  out.write_bytes(kXerialMagic);
  out.write_int32(kXerialVersion);
  out.write_int32(kXerialVersion);
  std::string block;
  while (!input.empty()) {
    const std::string_view part = input.substr(0, kXerialBlockSize);
    snappy::Compress(part.data(), part.size(), &block);
    out.write_int32(static_cast<int32_t>(block.size()));
    out.write_bytes(block);
    input.remove_prefix(part.size());
  }
  return out.take();
}

}  // namespace barnabas::kafka
