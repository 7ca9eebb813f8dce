// Known ways to build a coordinator wrongly. The property test switches them on one at a time to
// prove that its checks would notice; everywhere else all are off, and nothing can switch them on
// from a configuration.

#pragma once

namespace barnabas::group {

struct Defects {
  // Offset commits are answered when they are appended, not when they are committed (S26).
  bool answers_before_commit = false;
  // A commit or heartbeat of an earlier generation passes.
  bool skips_generation_check = false;
  // A join that a rebalance has parked is forgotten when the member's session expires.
  bool loses_pending_join = false;
  // A deleted offset gets no tombstone: it is back after the next load.
  bool forgets_tombstone = false;
  // OffsetFetch reads what is appended and may yet be lost (S26).
  bool reads_uncommitted = false;
  // A rebalance leaves the generation as it was.
  bool keeps_generation = false;
};

}  // namespace barnabas::group
