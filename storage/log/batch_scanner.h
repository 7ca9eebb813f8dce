// Walks over the batches of a segment file from a position on, with large reads. Checks what is
// needed to step (length, magic); checksums and offsets are the caller's.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include <cstdint>
#include <optional>
#include <string>

#include "kafka/records/batch.h"

namespace barnabas::storage {

class BatchScanner {
 public:
  // As File::read: fewer bytes than asked only at the end.
  using Read = absl::AnyInvocable<absl::StatusOr<size_t>(uint64_t at, absl::Span<char> into)>;

  // Over [from, size) of the file behind `read`.
  BatchScanner(Read read, uint64_t from, uint64_t size);

  // The next batch, valid until the next call; nothing at the end. OUT_OF_RANGE: the file ends
  // inside a batch. DATA_LOSS: what lies here is no batch. Other codes: the read's.
  absl::StatusOr<std::optional<kafka::BatchView>> next();
  // Where the batch that next() returned begins, and behind its end.
  uint64_t position() const { return position_; }
  uint64_t next_position() const { return next_position_; }

 private:
  absl::Status fill(size_t needed);
  std::string_view window() const;

  Read read_;
  const uint64_t size_;
  uint64_t position_;
  uint64_t next_position_;
  std::string buffer_;
  uint64_t buffer_at_ = 0;  // of the file
  size_t buffer_used_ = 0;
};

}  // namespace barnabas::storage
