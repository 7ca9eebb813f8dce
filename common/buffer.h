// Bytes that are passed on without being copied.
//
// A Buffer is a read-only view together with a share in whatever owns the bytes; slices share the
// owner. A Buffer without owner is *borrowed*: valid only as long as the caller says.
// A BufferChain is what one send() takes: pieces that lie behind each other on the wire.

#pragma once

#include <absl/container/inlined_vector.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace barnabas {

class Buffer {
 public:
  Buffer() = default;
  Buffer(std::shared_ptr<const void> owner, std::string_view bytes)
      : owner_(std::move(owner)), bytes_(bytes) {}

  static Buffer borrow(std::string_view bytes) { return Buffer(nullptr, bytes); }
  static Buffer copy(std::string_view bytes) { return own(std::string(bytes)); }
  static Buffer own(std::string bytes) {
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    const std::string_view view(*owner);
    return Buffer(std::move(owner), view);
  }

  std::string_view view() const { return bytes_; }
  const char* data() const { return bytes_.data(); }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  bool borrowed() const { return owner_ == nullptr; }
  const std::shared_ptr<const void>& owner() const { return owner_; }

  // `from` must not lie past the end; `count` is cut to what there is.
  Buffer slice(size_t from, size_t count = std::string_view::npos) const {
    return Buffer(owner_, bytes_.substr(from, count));
  }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view bytes_;
};

using BufferChain = absl::InlinedVector<Buffer, 4>;

inline size_t total_size(const BufferChain& chain) {
  size_t sum = 0;
  for (const Buffer& piece : chain) sum += piece.size();
  return sum;
}

inline std::string flatten(const BufferChain& chain) {
  std::string out;
  out.reserve(total_size(chain));
  for (const Buffer& piece : chain) out.append(piece.view());
  return out;
}

}  // namespace barnabas
