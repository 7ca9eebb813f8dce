#include "common/net/frame_reader.h"

#include <algorithm>
#include <cstring>

namespace barnabas {
namespace {

uint32_t big_endian(const char* at) {
  const auto* p = reinterpret_cast<const uint8_t*>(at);
  return (uint32_t{p[0]} << 24) | (uint32_t{p[1]} << 16) | (uint32_t{p[2]} << 8) | p[3];
}

}  // namespace

void FrameReader::reserve(size_t capacity) {
  auto grown = std::make_shared_for_overwrite<char[]>(std::max<size_t>(capacity, 1));
  if (have_ > 0) std::memcpy(grown.get(), frame_.get(), have_);
  frame_ = std::move(grown);
  capacity_ = capacity;
}

bool FrameReader::begin(std::string_view& bytes) {
  const size_t take = std::min(sizeof header_ - header_have_, bytes.size());
  std::memcpy(header_ + header_have_, bytes.data(), take);
  header_have_ += take;
  bytes.remove_prefix(take);
  if (header_have_ < sizeof header_) return false;
  header_have_ = 0;
  length_ = big_endian(header_);
  if (length_ > limit_ || length_ > INT32_MAX) {
    refused_length_ = static_cast<int32_t>(length_);
    return false;
  }
  inside_ = true;
  have_ = 0;
  reserve(std::min(length_, std::max(proven_, bytes.size())));
  return true;
}

FrameReader::Result FrameReader::next(std::string_view& bytes, Buffer& frame) {
  if (refused_length_ != 0) return Result::kBad;
  if (!inside_ && !begin(bytes)) {
    return refused_length_ != 0 ? Result::kBad : Result::kNeedMore;
  }
  for (;;) {
    const size_t take = std::min(capacity_ - have_, bytes.size());
    if (take > 0) std::memcpy(frame_.get() + have_, bytes.data(), take);
    have_ += take;
    bytes.remove_prefix(take);
    if (have_ == length_) break;
    if (have_ == capacity_) reserve(std::min(length_, capacity_ * 2));
    if (bytes.empty()) return Result::kNeedMore;
  }
  inside_ = false;
  proven_ = std::max(proven_, length_);
  const std::string_view view(frame_.get(), length_);
  frame = Buffer(std::move(frame_), view);
  frame_ = nullptr;
  return Result::kFrame;
}

std::span<char> FrameReader::room() {
  if (!inside_) return {};
  return {frame_.get() + have_, capacity_ - have_};
}

}  // namespace barnabas
