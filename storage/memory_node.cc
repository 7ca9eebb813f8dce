#include "storage/memory_node.h"

#include <algorithm>
#include <utility>

namespace barnabas::storage {
namespace {

void put(std::string& content, uint64_t at, std::string_view bytes) {
  if (content.size() < at + bytes.size()) content.resize(at + bytes.size(), '\0');
  std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace

void MemoryContent::apply(const Change& change, std::string& content) {
  if (change.truncation) {
    content.resize(change.at, '\0');
  } else {
    put(content, change.at, change.bytes);
  }
}

void MemoryContent::write(uint64_t at, std::string_view bytes, uint64_t sequence) {
  if (bytes.empty()) return;
  put(visible_, at, bytes);
  pending_.push_back({sequence, false, at, std::string(bytes)});
}

void MemoryContent::truncate(uint64_t size, uint64_t sequence) {
  if (size == visible_.size()) return;
  visible_.resize(size, '\0');
  pending_.push_back({sequence, true, size, {}});
}

void MemoryContent::make_durable(uint64_t sequence) {
  size_t done = 0;
  while (done < pending_.size() && pending_[done].sequence <= sequence) {
    apply(pending_[done++], durable_);
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(done));
}

void MemoryContent::lose(uint64_t sequence) {
  std::erase_if(pending_, [&](const Change& change) { return change.sequence <= sequence; });
}

void MemoryContent::crash(Random& random) {
  enum { kNothing, kPrefix, kEverything, kAnyMixture };
  const uint64_t kept = random.below(4);
  const size_t prefix = kept == kPrefix    ? random.below(pending_.size() + 1)
                        : kept == kNothing ? 0
                                           : pending_.size();
  for (size_t i = 0; i < prefix; ++i) {
    const Change& change = pending_[i];
    if (kept != kAnyMixture) {
      apply(change, durable_);
      continue;
    }
    if (change.truncation) {
      if (random.chance(50)) apply(change, durable_);
      continue;
    }
    // Sometimes only the new size arrives: zeros, or older bytes, where the data should be.
    if (random.chance(10) && durable_.size() < change.at + change.bytes.size()) {
      durable_.resize(change.at + change.bytes.size(), '\0');
    }
    for (uint64_t at = change.at; at < change.at + change.bytes.size();) {
      const uint64_t end =
          std::min((at / kSectorBytes + 1) * kSectorBytes, change.at + change.bytes.size());
      if (random.chance(60)) {
        put(durable_, at, std::string_view(change.bytes).substr(at - change.at, end - at));
      }
      at = end;
    }
  }
  pending_.clear();
  visible_ = durable_;
}

std::string MemoryContent::medium() const {
  std::string content = durable_;
  for (const Change& change : pending_) apply(change, content);
  return content;
}

MemoryContent MemoryContent::holding(std::string bytes) {
  MemoryContent content;
  content.visible_ = bytes;
  content.durable_ = std::move(bytes);
  return content;
}

void MemoryContent::flip_bit(uint64_t at, int bit) {
  const char mask = static_cast<char>(1 << bit);
  if (at < visible_.size()) visible_[at] = static_cast<char>(visible_[at] ^ mask);
  if (at < durable_.size()) durable_[at] = static_cast<char>(durable_[at] ^ mask);
  for (Change& change : pending_) {
    if (!change.truncation && at >= change.at && at < change.at + change.bytes.size()) {
      char& byte = change.bytes[at - change.at];
      byte = static_cast<char>(byte ^ mask);
    }
  }
}

void MemoryContent::cut_tail(uint64_t bytes) {
  visible_.resize(visible_.size() - std::min<uint64_t>(bytes, visible_.size()));
  durable_ = visible_;
  pending_.clear();
}

void MemoryContent::zero_tail(uint64_t bytes) {
  const uint64_t count = std::min<uint64_t>(bytes, visible_.size());
  std::fill(visible_.end() - static_cast<std::ptrdiff_t>(count), visible_.end(), '\0');
  durable_ = visible_;
  pending_.clear();
}

}  // namespace barnabas::storage
