// The bytes that a log appended last, kept in memory, so that followers and consumers at the tail
// are served without a system call and without another copy: what read() returns is a share in the
// chunk that the append copied its bytes into.
//
//   chunk   [ batches appended ...........|  free  ]      at most two per log: current, previous
//                     ^ a read's slice
//
// Appends write behind what readers can see, and bytes once written never change, so a slice may be
// read on another thread while the chunk grows. Truncation forgets the chunks; slices given out
// stay whole. Memory is bounded over all logs by TailBudget: without room a log simply has no
// cache.

#pragma once

#include <absl/types/span.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/buffer.h"
#include "common/ids.h"

namespace barnabas::storage {

class TailBudget {
 public:
  // Named limit: all tail caches of one disk together.
  static constexpr size_t kDefaultBytes = size_t{64} << 20;
  explicit TailBudget(size_t bytes) : left_(static_cast<int64_t>(bytes)) {}

  bool take(size_t bytes) {
    if (left_.fetch_sub(static_cast<int64_t>(bytes)) >= static_cast<int64_t>(bytes)) return true;
    give_back(bytes);
    return false;
  }
  void give_back(size_t bytes) { left_.fetch_add(static_cast<int64_t>(bytes)); }

 private:
  std::atomic<int64_t> left_;
};

class TailCache {
 public:
  // Named limit: the size of a chunk. A log holds at most two.
  static constexpr size_t kChunkBytes = size_t{512} << 10;

  explicit TailCache(TailBudget& budget) : budget_(budget) {}
  ~TailCache() { clear(); }
  TailCache(const TailCache&) = delete;
  TailCache& operator=(const TailCache&) = delete;

  // `pieces` in a row are whole batches that begin at `base` and end before `next`.
  void append(Offset base, Offset next, absl::Span<const std::string_view> pieces);
  // As Log::read; nothing if `from` is not in memory.
  std::optional<Buffer> read(Offset from, size_t max_bytes, Offset below, bool at_least_one) const;
  void clear();
  // Gives the memory back if nothing was appended since the last call.
  void drop_if_idle();

 private:
  struct Entry {  // one append
    Offset base;
    uint32_t position;
  };
  struct Chunk {
    std::shared_ptr<char[]> bytes;
    size_t used = 0;
    Offset next;                 // behind the last batch
    std::vector<Entry> entries;  // ascending; at least kEntrySpacing bytes apart
    bool holds(Offset offset) const {
      return !entries.empty() && offset >= entries.front().base && offset < next;
    }
  };
  static std::optional<Buffer> read_chunk(const Chunk& chunk, Offset from, size_t max_bytes,
                                          Offset below, bool at_least_one);
  void release(Chunk& chunk);

  TailBudget& budget_;
  Chunk current_;
  Chunk previous_;
  bool appended_ = false;
};

}  // namespace barnabas::storage
