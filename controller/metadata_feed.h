// What brokers are told: a snapshot to start from, then every committed entry, in order, without
// gaps and never backwards (S8).
//
// The newest entries are kept in memory, encoded once and shared by all links. Each broker has a
// cursor of its own; there is no queue per broker, so that a slow one costs nothing. One that falls
// behind what is kept starts again from a snapshot.

#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "common/buffer.h"
#include "common/ids.h"
#include "common/transport.h"

namespace barnabas::controller {

class MetadataFeed {
 public:
  explicit MetadataFeed(size_t max_bytes = size_t{16} << 20) : max_bytes_(max_bytes) {}

  // `payload` is a serialized decision; empty: an entry without one.
  void add(LogIndex index, Term term, std::string_view payload);
  // The committed image was replaced, or read at start: what comes next follows on `base`.
  void restart(LogIndex base);

  // The first and one past the last index kept.
  LogIndex first() const { return first_; }
  LogIndex end() const { return advance(first_, static_cast<int64_t>(entries_.size())); }
  const Buffer& entry(LogIndex index) const {
    return entries_[static_cast<size_t>(distance(first_, index))];
  }

 private:
  const size_t max_bytes_;
  LogIndex first_{1};
  std::deque<Buffer> entries_;
  size_t bytes_ = 0;
};

// How far one broker has been told.
class FeedCursor {
 public:
  // Makes the snapshot of now; asked for only when one is needed.
  struct Snapshot {
    LogIndex index;
    Term term;
    std::shared_ptr<const std::string> bytes;
  };
  using MakeSnapshot = absl::AnyInvocable<Snapshot()>;

  // The broker has applied everything up to `applied`; 0: nothing.
  explicit FeedCursor(LogIndex applied) : sent_(applied) {}

  // Sends until all is sent or the link is full. After drained() call it again.
  void push(const MetadataFeed& feed, Link& link, MakeSnapshot make_snapshot);
  void drained() { full_ = false; }
  LogIndex sent() const { return sent_; }

  static constexpr size_t kChunkBytes = size_t{1} << 20;

 private:
  bool push_snapshot(Link& link);

  LogIndex sent_;
  bool full_ = false;
  Snapshot snapshot_{};  // being sent, if it has bytes
  size_t snapshot_sent_ = 0;
};

}  // namespace barnabas::controller
