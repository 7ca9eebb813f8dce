// One open file of the operating system: pread, pwritev, ftruncate.

#pragma once

#include <atomic>
#include <string>
#include <utility>

#include "storage/disk.h"

namespace barnabas::storage {

class PosixFile final : public File {
 public:
  // Takes over `descriptor`, a file of `size` bytes. `path` is for messages.
  PosixFile(int descriptor, uint64_t size, std::string path)
      : descriptor_(descriptor), size_(size), path_(std::move(path)) {}
  ~PosixFile() override;
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  absl::StatusOr<size_t> read(uint64_t at, absl::Span<char> into) const override;
  absl::Status write(uint64_t at, absl::Span<const std::string_view> pieces) override;
  absl::Status truncate(uint64_t size) override;
  uint64_t size() const override { return size_.load(std::memory_order_acquire); }

  // Begins to write dirty pages back without waiting; advice only, proves nothing.
  void begin_write_back() const;
  absl::Status sync_data() const;

 private:
  const int descriptor_;
  std::atomic<uint64_t> size_;
  const std::string path_;
};

}  // namespace barnabas::storage
