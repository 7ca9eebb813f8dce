// Looks at the files of a Raft log before anything is changed, and says what they prove (S6, P18).
//
// The log holds together up to the first batch that does not: a wrong checksum, a gap, a link to
// another predecessor. Whether that is a torn tail, which was never promised, or damage to entries
// that may have been, is told by what is readable before and behind it: every entry names a round
// that was on disk when it was written.

#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "raft/core/log_view.h"
#include "raft/entry_codec.h"
#include "storage/disk.h"

namespace barnabas::raft {

struct LogScan {
  // Without entries, where the files say that the log goes on; the entry below it is then not
  // known.
  bool empty = true;
  EntryId base;     // the entry below the first
  LogIndex end{1};  // behind the last entry that holds together
  std::vector<TermStart> terms;
  std::vector<ConfigurationAt> configurations;  // of the entries that are there
  LogIndex proven_end{1};                       // everything below was on disk once
  bool bytes_behind_end = false;
  std::string broken;  // what does not hold together at `end`; empty: nothing
};

// `claimed`: the last round, as the vote file remembers it. kDataLoss: entries that were on disk
// are not there any more; the node must not vote.
absl::StatusOr<LogScan> scan_log(storage::Disk& disk, const std::string& directory,
                                 const SyncedRound& claimed);

}  // namespace barnabas::raft
