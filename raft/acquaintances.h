// Whether a voter's disk is the one that the others know: an older copy that was restored (F24), or
// a second process on a copy of the directory (F25), would break promises that it does not
// remember.
//
// Nodes remember of each other, in memory: the last start that was heard of (its number, and a
// random number of the process), the newest term that it spoke in, and, as leader, how much of the
// log it has acknowledged in this term. They say so first thing on every link that they open, so
// before they can ask it for a vote; and in answer to whoever is not the newest process that they
// know, whose frames are dropped. A node that is told what its disk contradicts stops for good.
//
// Why a sound node is never refused: a start is counted on disk before the node speaks; so is a
// term; an acknowledgement rests on the disk, and until a newer term is on disk nothing that was
// acknowledged is dropped. A node that knows that it may have lost something (S6) is not judged.
// What cannot be seen (docs/decisions/0010): a copy, when everybody who would know has restarted
// since it was made.

#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <optional>

#include "raft/message.h"

namespace barnabas::raft {

// One process of a voter.
struct Life {
  uint64_t boot = 0;     // counts the starts of the directory
  uint64_t session = 0;  // drawn by the process; 0: it does not say
  friend bool operator==(const Life&, const Life&) = default;
};

// What it has said.
struct Words {
  Term term;              // the newest that it spoke in
  LogIndex acknowledged;  // to the listener, when that led `acknowledged_in`; 0: nothing
  Term acknowledged_in;
  void add(const Words& other);
  friend bool operator==(const Words&, const Words&) = default;
};

// What the sender remembers of the receiver.
struct Recollection {
  Life life;     // the newest process
  Words since;   // what that one has said
  Words before;  // and what those before it had
  friend bool operator==(const Recollection&, const Recollection&) = default;
};

class Acquaintances {
 public:
  // Every frame. False: it is from a process that is not the newest one of that directory.
  bool heard(const VoterId& from, const Life& life);
  // A message of the core, which leaves its sender only when its term is on disk there.
  void spoke(const VoterId& from, Term term);
  // This node leads `term`; `match` is on that voter's disk.
  void acknowledged(const VoterId& from, LogIndex match, Term term);
  std::optional<Recollection> of(const VoterId& voter) const;
  const std::map<VoterId, Recollection>& all() const { return known_; }

 private:
  std::map<VoterId, Recollection> known_;
};

// What a start found on its disk.
struct FoundAtStart {
  VoterId self;
  Life life;
  Term term;
  LogIndex last;
  bool abstaining = false;
};

// kDataLoss, with the reason, if this disk cannot be the one that `from` remembers.
absl::Status contradiction(const FoundAtStart& found, const VoterId& from,
                           const Recollection& remembered);

}  // namespace barnabas::raft
