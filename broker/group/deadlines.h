// Many deadlines that nearly always move before they are due: sessions, above all, which every
// heartbeat puts off.
//
// A binary heap with lazy movement: putting a deadline off only writes the new time into its slot.
// When the heap's old entry comes up, it goes back in at the time that holds then. So a heartbeat
// costs one store, and the heap is touched once per session timeout, whatever the heartbeats'
// number. earliest() may therefore name a moment at which nothing turns out to be due.
//
// Plain data: no clock. What is due together comes out in the order of (time, when it was queued).

#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "common/clock.h"

namespace barnabas::group {

template <class Payload>
class Deadlines {
 public:
  using Handle = uint32_t;

  // A deadline of its own, not set yet.
  Handle add(Payload payload) {
    Handle handle = 0;
    if (free_.empty()) {
      handle = static_cast<Handle>(slots_.size());
      slots_.emplace_back();
    } else {
      handle = free_.back();
      free_.pop_back();
    }
    slots_[handle].payload = std::move(payload);
    return handle;
  }

  void set(Handle handle, Instant deadline) {
    Slot& slot = slots_[handle];
    slot.deadline = deadline;
    slot.armed = true;
    if (!slot.queued || deadline < slot.queued_at) queue(handle, deadline);
  }

  void cancel(Handle handle) { slots_[handle].armed = false; }

  // The handle is free for others from now on.
  void remove(Handle handle) {
    Slot& slot = slots_[handle];
    slot.armed = false;
    slot.queued = false;
    ++slot.stamp;
    free_.push_back(handle);
  }

  bool is_set(Handle handle) const { return slots_[handle].armed; }

  std::optional<Instant> earliest() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().at;
  }

  // Entries in the heap, those included that nothing will come of.
  size_t queued() const { return heap_.size(); }

  // One whose deadline is not after `now`; it is not set any more.
  std::optional<Payload> take_due(Instant now) {
    while (!heap_.empty() && heap_.front().at <= now) {
      std::pop_heap(heap_.begin(), heap_.end(), later);
      const Entry entry = heap_.back();
      heap_.pop_back();
      Slot& slot = slots_[entry.handle];
      if (slot.stamp != entry.stamp) continue;
      slot.queued = false;
      if (!slot.armed) continue;
      if (slot.deadline > now) {
        queue(entry.handle, slot.deadline);
        continue;
      }
      slot.armed = false;
      return slot.payload;
    }
    return std::nullopt;
  }

  void clear() {
    slots_.clear();
    free_.clear();
    heap_.clear();
  }

 private:
  struct Slot {
    Instant deadline;
    Instant queued_at;
    uint32_t stamp = 0;  // of the one heap entry that counts
    bool armed = false;
    bool queued = false;
    Payload payload{};
  };
  struct Entry {
    Instant at;
    uint64_t order = 0;
    Handle handle = 0;
    uint32_t stamp = 0;
  };

  static bool later(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }

  void queue(Handle handle, Instant at) {
    Slot& slot = slots_[handle];
    slot.queued = true;
    slot.queued_at = at;
    heap_.push_back({at, ++order_, handle, ++slot.stamp});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  std::vector<Slot> slots_;
  std::vector<Handle> free_;
  std::vector<Entry> heap_;
  uint64_t order_ = 0;
};

}  // namespace barnabas::group
