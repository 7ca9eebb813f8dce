// Reads a coordinator's partition from its start to its end, as the leader of one epoch, and says
// when what was read is committed (S26).
//
//   [not leading yet] -> [reading] -> [awaiting the high watermark] -> [loaded]
//
// The end is fixed when reading begins: nobody appends to such a partition but the coordinator that
// is being loaded, or an earlier one of this broker whose appends have an unknown outcome; those
// are in the log already, below that end, or will never be (the log is appended to before
// Partition::produce() returns). What lies below the end and not below the high watermark may
// still be lost with this leadership; so nothing is served before the high watermark has reached
// the end.

#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "broker/partition/partition.h"

namespace barnabas::group {

class LogLoader {
 public:
  enum class Progress {
    kNotLeading,  // ask again later: the replica has not taken up this epoch, or has lost it
    kMore,        // call again
    kAwaiting,    // everything was read; the high watermark is below its end
    kLoaded,
  };
  // What a tombstone has in place of a value is nullopt.
  using Sink = absl::FunctionRef<void(std::string_view key, std::optional<std::string_view> value)>;

  LogLoader(std::shared_ptr<partition::Partition> replica, LeaderEpoch epoch)
      : replica_(std::move(replica)), epoch_(epoch) {}

  // Reads about `bytes` further. DATA_LOSS and the like: the log cannot be read.
  absl::StatusOr<Progress> step(size_t bytes, Sink sink);
  // Calls waiter->wake() when a kAwaiting may have become kLoaded. True: look again at once.
  bool watch(const std::weak_ptr<partition::Waiter>& waiter) const;

  uint64_t records() const { return records_; }
  uint64_t bytes() const { return bytes_; }

 private:
  absl::Status take(std::string_view batches, Sink sink);

  const std::shared_ptr<partition::Partition> replica_;
  const LeaderEpoch epoch_;
  std::optional<Offset> end_;
  Offset next_{0};
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace barnabas::group
