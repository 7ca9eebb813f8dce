#include "storage/log/batch_scanner.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "common/status.h"

namespace barnabas::storage {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr uint64_t kReadAlignment = 4096;  // spares read_uncached a partial block

}  // namespace

BatchScanner::BatchScanner(Read read, uint64_t from, uint64_t size)
    : read_(std::move(read)), size_(size), position_(from), next_position_(from) {}

std::string_view BatchScanner::window() const {
  if (next_position_ < buffer_at_ || next_position_ >= buffer_at_ + buffer_used_) return {};
  return std::string_view(buffer_).substr(0, buffer_used_).substr(next_position_ - buffer_at_);
}

absl::Status BatchScanner::fill(size_t needed) {
  buffer_at_ = next_position_ / kReadAlignment * kReadAlignment;
  const uint64_t wanted = std::max<uint64_t>(next_position_ - buffer_at_ + needed, kReadBytes);
  buffer_.resize(std::min<uint64_t>(wanted, size_ - buffer_at_));
  ASSIGN_OR_RETURN(buffer_used_, read_(buffer_at_, absl::MakeSpan(buffer_)));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<kafka::BatchView>> BatchScanner::next() {
  position_ = next_position_;
  if (position_ >= size_) return std::nullopt;
  absl::StatusOr<kafka::BatchView> batch = kafka::BatchView::parse(window());
  if (absl::IsOutOfRange(batch.status())) {
    // The size is bounded by what is left of the file before anything is allocated for it.
    size_t needed = kafka::kBatchPrefixSize;
    if (window().size() < needed) RETURN_IF_ERROR(fill(needed));
    ASSIGN_OR_RETURN(needed, kafka::BatchView::peek_size(window()));
    if (needed > size_ - position_) {
      return absl::OutOfRangeError(
          absl::StrCat("a batch of ", needed, " bytes at ", position_, " in a file of ", size_));
    }
    if (window().size() < needed) RETURN_IF_ERROR(fill(needed));
    batch = kafka::BatchView::parse(window());
  }
  if (!batch.ok()) return batch.status();
  next_position_ += batch->size();
  return *std::move(batch);
}

}  // namespace barnabas::storage
