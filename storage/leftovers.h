// Directories of replicas that are no longer any: "-delete" goes as soon as may be, "-stray" (S8)
// after it has been kept for a time. Both are removed a few files at a time, because to unlink a
// large one may take milliseconds.
//
// Since when a stray is kept stands in a file in it, `stray-since`: "0", the time in milliseconds.
// One without such a file, or with a time that is still to come, is kept from now on.

#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "common/clock.h"
#include "storage/disk.h"

namespace barnabas::storage {

inline constexpr char kDeleteSuffix[] = "-delete";
inline constexpr char kStraySuffix[] = "-stray";
inline constexpr char kStraySinceName[] = "stray-since";

// Of the directories in `path`. Removes at most `at_most` files; true if there is more to remove
// now. Waits for the file system, not for the medium: what a crash brings back goes another time.
absl::StatusOr<bool> remove_leftovers_in(Disk& disk, const std::string& path, WallTime now,
                                         Duration stray_keep, size_t at_most);

}  // namespace barnabas::storage
