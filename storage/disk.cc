#include "storage/disk.h"

#include <array>
#include <utility>

#include "common/status.h"

namespace barnabas::storage {
std::string parent_directory(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status replace_file(Disk& disk, const std::string& path, std::string_view bytes) {
  const std::string aside = path + ".tmp";
  {
    ASSIGN_OR_RETURN(FilePtr file, disk.open(aside, OpenMode::kCreate));
    RETURN_IF_ERROR(file->truncate(0));
    const std::array<std::string_view, 1> pieces = {bytes};
    RETURN_IF_ERROR(file->write(0, pieces));
    RETURN_IF_ERROR(disk.sync_and_wait({.files = {file}, .directories = {}}));
  }
  RETURN_IF_ERROR(disk.rename(aside, path));
  return disk.sync_and_wait({.files = {}, .directories = {parent_directory(path)}});
}

absl::StatusOr<std::string> read_file(Disk& disk, const std::string& path) {
  ASSIGN_OR_RETURN(const FilePtr file, disk.open(path, OpenMode::kRead));
  std::string bytes(file->size(), '\0');
  ASSIGN_OR_RETURN(const size_t got, file->read(0, absl::MakeSpan(bytes)));
  bytes.resize(got);
  return bytes;
}

}  // namespace barnabas::storage
