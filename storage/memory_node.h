// A file or directory of the MemoryDisk, with what a power cut may do to it.
//
// A file is three things: what reads see (the page cache), what a sync has proved, and the writes
// in between, in order. A crash keeps any mixture of the latter, sector by sector, so that a later
// write may survive an earlier one and a long write may be torn.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/random.h"

namespace barnabas::storage {

inline constexpr uint64_t kSectorBytes = 512;

class MemoryContent {
 public:
  std::string_view visible() const { return visible_; }
  uint64_t size() const { return visible_.size(); }

  void write(uint64_t at, std::string_view bytes, uint64_t sequence);
  void truncate(uint64_t size, uint64_t sequence);
  // A sync that began at `sequence` has completed.
  void make_durable(uint64_t sequence);
  // A sync that began at `sequence` has failed: the pages are marked clean, reads still see them,
  // and no later sync writes them (P13).
  void lose(uint64_t sequence);
  // Keeps a random part of what was not durable.
  void crash(Random& random);
  // What the device holds once dirty pages are written back: differs from visible() after lose().
  std::string medium() const;
  // All of it durable.
  static MemoryContent holding(std::string bytes);
  // Rot: changes the medium and what reads see.
  void flip_bit(uint64_t at, int bit);
  void cut_tail(uint64_t bytes);
  void zero_tail(uint64_t bytes);

 private:
  struct Change {
    uint64_t sequence;
    bool truncation;
    uint64_t at;  // or the new size
    std::string bytes;
  };
  static void apply(const Change& change, std::string& content);

  std::string visible_;
  std::string durable_;
  std::vector<Change> pending_;
};

struct MemoryNode {
  explicit MemoryNode(bool is_directory) : directory(is_directory) {}

  const bool directory;
  bool linked = true;  // false: removed, and counted by nobody; open handles still reach it
  MemoryContent content;
  std::map<std::string, std::shared_ptr<MemoryNode>> children;
  std::map<std::string, std::shared_ptr<MemoryNode>> durable_children;
};
using MemoryNodePtr = std::shared_ptr<MemoryNode>;

}  // namespace barnabas::storage
