#include "raft/acquaintances.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace barnabas::raft {
namespace {

// Directories that ever took part; an operator who replaces more disks than that without restarting
// anything loses a warning, no safety rule.
constexpr size_t kMost = 256;

bool same_process(const Life& one, const Life& other) {
  return one.boot == other.boot &&
         (one.session == other.session || one.session == 0 || other.session == 0);
}

}  // namespace

void Words::add(const Words& other) {
  term = std::max(term, other.term);
  if (other.acknowledged_in > acknowledged_in) {
    acknowledged_in = other.acknowledged_in;
    acknowledged = other.acknowledged;
  } else if (other.acknowledged_in == acknowledged_in) {
    acknowledged = std::max(acknowledged, other.acknowledged);
  }
}

bool Acquaintances::heard(const VoterId& from, const Life& life) {
  const auto found = known_.find(from);
  if (found == known_.end()) {
    if (known_.size() >= kMost) known_.clear();
    known_[from].life = life;
    return true;
  }
  Recollection& known = found->second;
  if (life.boot < known.life.boot) return false;
  if (life.boot == known.life.boot) return same_process(life, known.life);
  known.life = life;
  known.before.add(known.since);
  known.since = Words();
  return true;
}

void Acquaintances::spoke(const VoterId& from, Term term) {
  const auto found = known_.find(from);
  if (found != known_.end()) found->second.since.add({term, {}, {}});
}

void Acquaintances::acknowledged(const VoterId& from, LogIndex match, Term term) {
  const auto found = known_.find(from);
  if (found != known_.end()) found->second.since.add({term, match, term});
}

std::optional<Recollection> Acquaintances::of(const VoterId& voter) const {
  const auto found = known_.find(voter);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

absl::Status contradiction(const FoundAtStart& found, const VoterId& from,
                           const Recollection& remembered) {
  std::string what;
  // Of a process after the one that is remembered, everything that was said came before.
  Words before = remembered.before;
  if (remembered.life.boot < found.life.boot) before.add(remembered.since);
  if (remembered.life.boot > found.life.boot) {
    what = absl::StrCat("it has heard from start ", remembered.life.boot,
                        " of this directory, and this is start ", found.life.boot);
  } else if (remembered.life.boot == found.life.boot &&
             !same_process(remembered.life, found.life)) {
    what = absl::StrCat("it has heard from another process that is start ", found.life.boot,
                        " of this directory, too");
  } else if (found.abstaining) {
    return absl::OkStatus();
  } else if (before.term > found.term) {
    what = absl::StrCat("it was spoken to in term ", before.term.value(),
                        ", and the disk knows of no term above ", found.term.value());
  } else if (before.acknowledged_in == found.term && before.acknowledged > found.last) {
    what = absl::StrCat("entry ", before.acknowledged.value(), " was acknowledged to it in term ",
                        found.term.value(), ", and the log on the disk ends with ",
                        found.last.value());
  } else {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat(
      "the disk of controller ", found.self.id.value(), " (directory id ",
      found.self.directory.text(), ") is not the one that controller ", from.id.value(),
      " knows: ", what,
      ". Usual cause: an older copy of the disk was restored, or two processes run on copies of "
      "one "
      "directory. This node takes no part in the quorum, because it does not remember all that it "
      "has promised. Stop the other process, if there is one; if there is none, give this node an "
      "empty directory and replace it (barnabas quorum replace)"));
}

}  // namespace barnabas::raft
