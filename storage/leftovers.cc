#include "storage/leftovers.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <array>
#include <optional>
#include <vector>

#include "common/status.h"

namespace barnabas::storage {
namespace {

constexpr absl::string_view kVersionLine = "0\n";

std::optional<WallTime> parse_since(const std::string& text) {
  absl::string_view rest = text;
  int64_t milliseconds = 0;
  if (rest.substr(0, kVersionLine.size()) != kVersionLine) return std::nullopt;
  if (!absl::SimpleAtoi(rest.substr(kVersionLine.size()), &milliseconds)) return std::nullopt;
  return WallTime(std::chrono::milliseconds(milliseconds));
}

absl::Status write_since(Disk& disk, const std::string& file, WallTime now) {
  ASSIGN_OR_RETURN(const FilePtr to, disk.open(file, OpenMode::kCreate));
  RETURN_IF_ERROR(to->truncate(0));
  const std::string text =
      absl::StrCat(std::string(kVersionLine), now.time_since_epoch().count(), "\n");
  const std::array<std::string_view, 1> pieces = {text};
  return to->write(0, pieces);
}

absl::StatusOr<bool> is_due(Disk& disk, const std::string& stray, WallTime now, Duration keep) {
  const std::string file = absl::StrCat(stray, "/", kStraySinceName);
  const absl::StatusOr<std::string> text = read_file(disk, file);
  if (!text.ok() && !absl::IsNotFound(text.status())) return text.status();
  const std::optional<WallTime> since = text.ok() ? parse_since(*text) : std::nullopt;
  if (!since.has_value() || *since > now) {
    RETURN_IF_ERROR(write_since(disk, file, now));
    return keep == Duration::zero();
  }
  return now - *since >= keep;
}

// True if the directory is gone.
absl::StatusOr<bool> remove_some(Disk& disk, const std::string& directory, size_t& left) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, disk.list(directory));
  for (const std::string& name : names) {
    if (left == 0) return false;
    --left;
    RETURN_IF_ERROR(disk.unlink(absl::StrCat(directory, "/", name)));
  }
  RETURN_IF_ERROR(disk.remove_directory(directory));
  return true;
}

}  // namespace

absl::StatusOr<bool> remove_leftovers_in(Disk& disk, const std::string& path, WallTime now,
                                         Duration stray_keep, size_t at_most) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, disk.list(path));
  size_t left = at_most;
  for (const std::string& name : names) {
    std::string directory = absl::StrCat(path, "/", name);
    if (name.ends_with(kStraySuffix)) {
      ASSIGN_OR_RETURN(const bool due, is_due(disk, directory, now, stray_keep));
      if (!due) continue;
      LOG(INFO) << directory << " has been kept aside for long enough: it is removed";
      // Whatever interrupts the removal, nobody takes what is left for a replica.
      const std::string doomed =
          directory.substr(0, directory.size() + 1 - sizeof kStraySuffix) + kDeleteSuffix;
      RETURN_IF_ERROR(disk.rename(directory, doomed));
      directory = doomed;
    } else if (!name.ends_with(kDeleteSuffix)) {
      continue;
    }
    ASSIGN_OR_RETURN(const bool gone, remove_some(disk, directory, left));
    if (!gone) return true;
  }
  return false;
}

}  // namespace barnabas::storage
