// Known ways to build replication wrongly, each of which loses or forks records. The simulation
// switches them on one at a time to prove that its checks would notice; everywhere else all are
// off, and nothing can switch them on from a configuration.

#pragma once

namespace barnabas::partition {

struct Defects {
  // The leader counts what it and its followers hold in memory as if it were on disk.
  bool counts_unflushed = false;
  // A follower of a new leader cuts its log at its high watermark, without asking.
  bool truncates_to_high_watermark = false;
  // The high watermark is taken over the proposed in-sync set alone, before it is committed.
  bool trusts_proposals = false;
  // Durable reports made under an earlier leader epoch count, unchecked.
  bool accepts_old_reports = false;
};

}  // namespace barnabas::partition
