// What a shard has appended and does not yet know to be committed, and the answers that wait for
// it.
//
// Appends commit in their order, so one queue holds all: an answer that was decided on several
// appends waits for the newest of them.

#pragma once

#include <absl/functional/any_invocable.h>

#include <deque>
#include <vector>

#include "broker/group/effects.h"

namespace barnabas::group {

class Uncommitted {
 public:
  // Carries over into committed state what the append says.
  using Apply = absl::AnyInvocable<void(Now now, Effects& effects)>;

  AppendId append(std::vector<LogRecord> records, WallTime at, Apply apply, Effects& effects);
  // The id that the next append will have.
  AppendId next() const { return next_; }
  bool waits(AppendId id) const { return !queue_.empty() && id >= queue_.front().id; }
  // Answers at once if `after` is committed.
  void answer_after(AppendId after, Answer answer, Effects& effects);
  // False: no such append waits (one of an earlier life).
  bool commit_through(AppendId id, Now now, Effects& effects);
  // Forgets all appends; gives the answers that waited for them.
  std::vector<Answer> drop();
  bool knows(AppendId id) const { return waits(id) && id < next_; }
  size_t size() const { return queue_.size(); }

 private:
  struct Waiting {
    AppendId id = 0;
    Apply apply;
    std::vector<Answer> answers;
  };
  std::deque<Waiting> queue_;  // ids without gaps
  AppendId next_ = 1;
};

}  // namespace barnabas::group
