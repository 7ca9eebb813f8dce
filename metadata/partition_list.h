// The partitions of one topic, by their index, in blocks that images share until one of them
// changes.
//
// An active controller has two images, the committed one and the one that it decides on; a copy of
// a hundred thousand partitions would keep it from taking office for a tenth of a second. So a copy
// of the list shares every block, and change() makes a block its own first. A reference that
// operator[] gave is good until the next change of this list.

#pragma once

#include <atomic>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "metadata/partition_image.h"

namespace barnabas::metadata {

class PartitionList {
 public:
  class Iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = PartitionImage;
    using difference_type = std::ptrdiff_t;
    using pointer = const PartitionImage*;
    using reference = const PartitionImage&;

    Iterator() = default;
    Iterator(const PartitionList& list, size_t at) : list_(&list), at_(at) {}
    reference operator*() const { return (*list_)[at_]; }
    pointer operator->() const { return &(*list_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++at_;
      return before;
    }
    Iterator operator+(difference_type by) const {
      return {*list_, static_cast<size_t>(static_cast<difference_type>(at_) + by)};
    }
    difference_type operator-(const Iterator& other) const {
      return static_cast<difference_type>(at_) - static_cast<difference_type>(other.at_);
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    const PartitionList* list_ = nullptr;
    size_t at_ = 0;
  };

  size_t size() const {
    return blocks_.empty() ? 0 : (blocks_.size() - 1) * kBlock + blocks_.back()->size();
  }
  bool empty() const { return blocks_.empty(); }
  const PartitionImage& operator[](size_t i) const { return (*blocks_[i / kBlock])[i % kBlock]; }
  const PartitionImage& front() const { return (*this)[0]; }
  const PartitionImage& back() const { return blocks_.back()->back(); }
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

  PartitionImage& change(size_t i) { return own(i / kBlock)[i % kBlock]; }

  void push_back(PartitionImage partition) {
    if (blocks_.empty() || blocks_.back()->size() == kBlock) {
      blocks_.push_back(std::make_shared<Block>());
    }
    own(blocks_.size() - 1).push_back(std::move(partition));
  }

  friend bool operator==(const PartitionList& a, const PartitionList& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.blocks_.size(); ++i) {
      if (a.blocks_[i] != b.blocks_[i] && *a.blocks_[i] != *b.blocks_[i]) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kBlock = 32;
  using Block = std::vector<PartitionImage>;

  Block& own(size_t block) {
    std::shared_ptr<Block>& here = blocks_[block];
    if (here.use_count() > 1) here = std::make_shared<Block>(*here);
    // Whoever held it last may have done so on another thread, and has finished reading.
    std::atomic_thread_fence(std::memory_order_acquire);
    return *here;
  }

  std::vector<std::shared_ptr<Block>> blocks_;  // all but the last are full
};

}  // namespace barnabas::metadata
