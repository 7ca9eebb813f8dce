#include "storage/log/tail_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kafka/records/batch.h"

namespace barnabas::storage {
namespace {

constexpr size_t kEntrySpacing = 4096;

}  // namespace

void TailCache::append(Offset base, Offset next, absl::Span<const std::string_view> pieces) {
  size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  appended_ = true;
  if (size > kChunkBytes) return clear();
  if (current_.bytes == nullptr || current_.used + size > kChunkBytes || current_.next != base) {
    if (current_.bytes != nullptr && current_.next != base) clear();
    release(previous_);
    previous_ = std::exchange(current_, {});
    if (!budget_.take(kChunkBytes)) return;
    // Not zeroed: pages that no append reaches are never touched.
    current_.bytes = std::make_shared_for_overwrite<char[]>(kChunkBytes);
  }
  if (current_.entries.empty() ||
      current_.used - current_.entries.back().position >= kEntrySpacing) {
    current_.entries.push_back({base, static_cast<uint32_t>(current_.used)});
  }
  for (const std::string_view piece : pieces) {
    std::memcpy(current_.bytes.get() + current_.used, piece.data(), piece.size());
    current_.used += piece.size();
  }
  current_.next = next;
}

std::optional<Buffer> TailCache::read(Offset from, size_t max_bytes, Offset below,
                                      bool at_least_one) const {
  if (current_.holds(from)) return read_chunk(current_, from, max_bytes, below, at_least_one);
  if (previous_.holds(from)) return read_chunk(previous_, from, max_bytes, below, at_least_one);
  return std::nullopt;
}

std::optional<Buffer> TailCache::read_chunk(const Chunk& chunk, Offset from, size_t max_bytes,
                                            Offset below, bool at_least_one) {
  const auto behind =
      std::upper_bound(chunk.entries.begin(), chunk.entries.end(), from,
                       [](Offset offset, const Entry& entry) { return offset < entry.base; });
  const size_t start = std::prev(behind)->position;
  kafka::BatchStream batches(std::string_view(chunk.bytes.get() + start, chunk.used - start));
  size_t first = 0;
  size_t end = 0;
  size_t position = start;
  while (const std::optional<kafka::BatchView> batch = batches.next()) {
    const size_t at = std::exchange(position, position + batch->size());
    if (batch->last_offset() < from) continue;
    if (end == 0) first = end = at;
    if (batch->last_offset() >= below) break;
    if (position - first > max_bytes && !(end == first && at_least_one)) break;
    end = position;
  }
  if (end == first) return Buffer();
  return Buffer(chunk.bytes, std::string_view(chunk.bytes.get() + first, end - first));
}

void TailCache::clear() {
  release(current_);
  release(previous_);
}

void TailCache::drop_if_idle() {
  if (!std::exchange(appended_, false)) clear();
}

void TailCache::release(Chunk& chunk) {
  if (chunk.bytes != nullptr) budget_.give_back(kChunkBytes);
  chunk = {};
}

}  // namespace barnabas::storage
