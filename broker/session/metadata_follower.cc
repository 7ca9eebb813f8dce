#include "broker/session/metadata_follower.h"

#include <absl/strings/str_cat.h>

#include <mutex>
#include <utility>

#include "common/probe.h"
#include "proto/session.pb.h"

namespace barnabas::broker {

void MetadataFollower::with_image(absl::FunctionRef<void(const metadata::Image&)> read) const {
  std::shared_lock<std::shared_mutex> lock(mutex_);
  read(image_);
}

void MetadataFollower::begin_stream() {
  snapshot_.clear();
  snapshot_.shrink_to_fit();
  snapshot_index_ = LogIndex{0};
}

absl::StatusOr<std::optional<metadata::Delta>> MetadataFollower::take(
    const proto::ImageChunk& chunk) {
  const LogIndex index{chunk.index()};
  if (index < applied() && !planted("broker: applies an older image")) {
    reached("broker: an older image was refused");
    return absl::FailedPreconditionError(
        absl::StrCat("the controller sends a snapshot of index ", index.value(),
                     ", but this broker has applied ", applied().value()));
  }
  if (!snapshot_.empty() && index != snapshot_index_) {
    return absl::InvalidArgumentError("pieces of two snapshots are mixed");
  }
  if (snapshot_.size() + chunk.bytes().size() > kMaxSnapshotBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a metadata snapshot is larger than ", kMaxSnapshotBytes, " bytes"));
  }
  snapshot_index_ = index;
  snapshot_ += chunk.bytes();
  if (!chunk.last()) return std::optional<metadata::Delta>();

  proto::Image message;
  const bool parsed = message.ParseFromString(snapshot_);
  begin_stream();
  if (!parsed || message.index() != index.value()) {
    return absl::InvalidArgumentError("a metadata snapshot does not decode");
  }
  metadata::Image fresh = metadata::Image::from_proto(message);
  {
    std::unique_lock<std::shared_mutex> lock(mutex_);
    std::swap(image_, fresh);
  }
  metadata::Delta delta;
  delta.index = index;
  delta.whole = true;
  return std::optional<metadata::Delta>(std::move(delta));
}

absl::StatusOr<std::optional<metadata::Delta>> MetadataFollower::take(
    const proto::Committed& committed) {
  const LogIndex index{committed.index()};
  if (!snapshot_.empty()) {
    return absl::InvalidArgumentError("a decision came before its snapshot was whole");
  }
  // Sent twice around a change of streams: known already.
  if (index <= applied()) return std::optional<metadata::Delta>();
  metadata::Delta delta;
  delta.index = index;
  std::unique_lock<std::shared_mutex> lock(mutex_);
  if (committed.has_decision()) {
    delta = image_.apply(index, committed.decision());
  } else {
    image_.advance_to(index);
  }
  return std::optional<metadata::Delta>(std::move(delta));
}

}  // namespace barnabas::broker
