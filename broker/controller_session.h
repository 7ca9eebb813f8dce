// The broker's session with the active controller, as the rest of the broker uses it. It finds the
// active controller, attaches again when the stream breaks, and keeps the image.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <memory>

#include "broker/partition/partition.h"
#include "metadata/image.h"

namespace barnabas::proto {
class AdminRequest;
class AdminAnswer;
}  // namespace barnabas::proto

namespace barnabas::broker {

struct ProducerIdBlock {
  ProducerId first;
  int32_t count = 0;
};

class ControllerSession : public partition::Proposer {
 public:
  // Answers arrive on the session's loop, always: kUnavailable with an unknown outcome when the
  // deadline passes or the stream breaks and a retry is not safe. Admin requests carry a request id
  // and are retried across controllers until the deadline (S3). All thread-safe.
  using AdminDone = absl::AnyInvocable<void(absl::StatusOr<proto::AdminAnswer>)>;
  virtual void admin(proto::AdminRequest request, Duration deadline, AdminDone done) = 0;
  using BlockDone = absl::AnyInvocable<void(absl::StatusOr<ProducerIdBlock>)>;
  virtual void allocate_producer_ids(BlockDone done) = 0;

  // Runs `read` with the image under a reader lock; any thread; keep it short.
  virtual void with_image(absl::FunctionRef<void(const metadata::Image&)> read) const = 0;
  // Runs `then` on the session's loop once the image has reached `index`, or after `deadline`.
  virtual void when_applied(LogIndex index, Duration deadline, Task then) = 0;
};

}  // namespace barnabas::broker
