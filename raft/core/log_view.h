// The log as the core sees it: which entry stands at which index, how much of it is on disk, and
// the entries themselves, recent ones from memory and older ones from the store.
//
//   base | first ...... durable ...... last
//   (gone, in the snapshot)  (on disk)   (handed to the store, not yet known to be on disk)
//
// Terms of all entries are kept in memory, one number per leadership, so that matching never reads.

#pragma once

#include <absl/status/statusor.h>

#include <deque>
#include <optional>
#include <vector>

#include "raft/message.h"

namespace barnabas::raft {

// The store, for entries that have left memory. Reading changes nothing.
class EntrySource {
 public:
  // Entries from `from` on and below `below`: as many as fit about `max_bytes`, but at least one.
  // An error means damage: the entries are known to be there.
  virtual absl::StatusOr<std::vector<Entry>> read(LogIndex from, LogIndex below,
                                                  size_t max_bytes) const = 0;

 protected:
  ~EntrySource() = default;
};

struct TermStart {
  Term term;
  LogIndex first;
};

// What a start found on disk, all of it durable.
struct LogShape {
  EntryId base;  // the entry before the first; {0, 0} for a log from the beginning
  LogIndex last;
  std::vector<TermStart> terms;  // ascending; of the entries in (base, last]
};

class LogView {
 public:
  LogView(LogShape shape, const EntrySource& source);

  const EntryId& base() const { return base_; }
  LogIndex last_index() const { return last_; }
  LogIndex durable() const { return durable_; }
  EntryId last() const { return {last_, *term_at(last_)}; }

  // nullopt above last and below base.
  std::optional<Term> term_at(LogIndex index) const;
  bool matches(const EntryId& entry) const { return term_at(entry.index) == entry.term; }
  // The highest entry at or below `index` whose term is not above `term` (base if there is none):
  // nothing above it can agree with a log that holds (index, term).
  EntryId last_not_above(LogIndex index, Term term) const;

  void append(Entry entry);  // at last + 1
  void truncate_above(LogIndex keep);
  void mark_durable(LogIndex index);
  void restart_behind(const EntryId& base);  // a snapshot took the place of everything
  void compact(const EntryId& base);         // the store has dropped what lies at and below

  absl::StatusOr<std::vector<Entry>> read(LogIndex from, LogIndex below, size_t max_bytes) const;

 private:
  void trim_memory();

  const EntrySource& source_;
  EntryId base_;
  LogIndex last_;
  LogIndex durable_;
  std::vector<TermStart> terms_;
  std::deque<Entry> recent_;  // a suffix of the log
  size_t recent_bytes_ = 0;
};

}  // namespace barnabas::raft
