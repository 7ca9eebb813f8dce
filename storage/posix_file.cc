#include "storage/posix_file.h"

#include <absl/container/inlined_vector.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "storage/error_policy.h"

namespace barnabas::storage {

PosixFile::~PosixFile() { ::close(descriptor_); }

absl::StatusOr<size_t> PosixFile::read(uint64_t at, absl::Span<char> into) const {
  size_t done = 0;
  while (done < into.size()) {
    const ssize_t got =
        ::pread(descriptor_, into.data() + done, into.size() - done, static_cast<off_t>(at + done));
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) continue;
      return disk_error(DiskCall::kRead, errno,
                        absl::StrCat("read ", into.size(), " bytes at ", at, " of ", path_));
    }
    done += static_cast<size_t>(got);
  }
  return done;
}

absl::Status PosixFile::write(uint64_t at, absl::Span<const std::string_view> pieces) {
  absl::InlinedVector<iovec, 16> vectors;
  vectors.reserve(pieces.size());
  for (const std::string_view piece : pieces) {
    if (!piece.empty()) vectors.push_back({const_cast<char*>(piece.data()), piece.size()});
  }
  uint64_t position = at;
  size_t first = 0;
  while (first < vectors.size()) {
    const int count = static_cast<int>(std::min<size_t>(vectors.size() - first, IOV_MAX));
    const ssize_t put =
        ::pwritev(descriptor_, &vectors[first], count, static_cast<off_t>(position));
    if (put < 0) {
      if (errno == EINTR) continue;
      return disk_error(DiskCall::kWrite, errno,
                        absl::StrCat("write at ", position, " of ", path_));
    }
    position += static_cast<uint64_t>(put);
    // A short write is usual just before the disk is full: the next attempt says why.
    size_t left = static_cast<size_t>(put);
    while (left > 0) {
      iovec& vector = vectors[first];
      const size_t taken = std::min(left, vector.iov_len);
      vector.iov_base = static_cast<char*>(vector.iov_base) + taken;
      vector.iov_len -= taken;
      left -= taken;
      if (vector.iov_len == 0) ++first;
    }
  }
  if (position > size_.load(std::memory_order_relaxed)) {
    size_.store(position, std::memory_order_release);
  }
  return absl::OkStatus();
}

absl::Status PosixFile::truncate(uint64_t size) {
  while (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
    if (errno == EINTR) continue;
    return disk_error(DiskCall::kWrite, errno, absl::StrCat("truncate ", path_, " to ", size));
  }
  size_.store(size, std::memory_order_release);
  return absl::OkStatus();
}

void PosixFile::begin_write_back() const {
  (void)::sync_file_range(descriptor_, 0, 0, SYNC_FILE_RANGE_WRITE);
}

absl::Status PosixFile::sync_data() const {
  while (::fdatasync(descriptor_) != 0) {
    if (errno == EINTR) continue;
    return disk_error(DiskCall::kSync, errno, absl::StrCat("fdatasync ", path_));
  }
  return absl::OkStatus();
}

}  // namespace barnabas::storage
