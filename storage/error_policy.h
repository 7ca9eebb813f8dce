// The one table that says what a failed call of the file system means, and what a node does then:
// operation x errno -> status code -> action. Both daemons act by it, and nothing else in the
// project looks at an errno of a file.
//
// The status code is what travels: it is all that a caller many layers up needs. What matters is
// that the two answers which look alike are never confused: "not now, and nothing has changed"
// (no space: wait for it) and "what the disk holds is not known" (give up, never try again: after a
// failed fsync the kernel has marked the pages clean, and the next one succeeds over lost data).

#pragma once

#include <absl/status/status.h>

#include <array>
#include <string>

namespace barnabas::storage {

enum class DiskCall {
  kOpen,   // of a file or directory; making directories
  kName,   // rename, unlink, remove: the file's bytes are untouched
  kRead,   // also list, stat, statvfs
  kWrite,  // also truncate
  kSync,   // of bytes or names
  kLock,
};
inline constexpr std::array kAllDiskCalls = {DiskCall::kOpen,  DiskCall::kName, DiskCall::kRead,
                                             DiskCall::kWrite, DiskCall::kSync, DiskCall::kLock};
const char* to_string(DiskCall call);

enum class DiskAction {
  // An answer like another: absent, present, held by somebody else.
  kCallersBusiness,
  // Nothing was kept of the failed call. Stop accepting, go on serving what needs no space, resume
  // without a restart. A controller steps down and keeps its term and vote.
  kWaitForSpace,
  // The disk cannot promise anything any more. A controller stops taking part and exits; a broker's
  // data directory goes offline. Never retried in this process.
  kGiveUp,
  // The bytes are there and are not what was written. Never read as "absent": what is damaged is
  // refused, set aside, or rebuilt from elsewhere by whoever knows what it is.
  kRefuse,
};
const char* to_string(DiskAction action);

absl::StatusCode code_of(DiskCall call, int error);
DiskAction action_of(const absl::Status& status);

// errno as a Status; `tried` says what was attempted, with the path: "open /data/x".
absl::Status disk_error(DiskCall call, int error, const std::string& tried);

}  // namespace barnabas::storage
