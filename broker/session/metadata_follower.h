// The broker's copy of the image: built from a snapshot and the decisions behind it, in their
// order, and never going back (S8).
//
//   ImageChunk* (last) -> the image is replaced as a whole     Committed -> one decision is applied
//
// A stream that would take it back, or makes no sense, gives an error: the caller drops the stream
// and attaches again. Written on one loop; read from any thread under a reader lock that is held
// for one lookup at a time. On the loop itself image() needs no lock, as nobody else writes.

#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <optional>
#include <shared_mutex>
#include <string>

#include "metadata/image.h"

namespace barnabas::proto {
class Committed;
class ImageChunk;
}  // namespace barnabas::proto

namespace barnabas::broker {

class MetadataFollower {
 public:
  // A snapshot larger than this is refused: something else is wrong.
  static constexpr size_t kMaxSnapshotBytes = size_t{2} << 30;

  void with_image(absl::FunctionRef<void(const metadata::Image&)> read) const;

  // ---- On the loop ----
  const metadata::Image& image() const { return image_; }
  LogIndex applied() const { return image_.index(); }
  // A new stream: half a snapshot of the one before is worth nothing.
  void begin_stream();
  // What changed; nullopt: nothing did (more chunks are to come, or it was known already).
  absl::StatusOr<std::optional<metadata::Delta>> take(const proto::ImageChunk& chunk);
  absl::StatusOr<std::optional<metadata::Delta>> take(const proto::Committed& committed);

 private:
  mutable std::shared_mutex mutex_;
  metadata::Image image_;
  std::string snapshot_;
  LogIndex snapshot_index_{0};
};

}  // namespace barnabas::broker
