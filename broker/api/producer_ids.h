// Producer ids for this broker's clients, from blocks that the controller hands out: an id is never
// given twice in the life of the cluster. The next block is asked for before the present one ends.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <deque>
#include <utility>

#include "broker/controller_session.h"
#include "common/executor.h"
#include "common/mutex.h"

namespace barnabas::api {

class ProducerIds {
 public:
  explicit ProducerIds(broker::ControllerSession& session) : session_(session) {}

  // Requests that wait for a block; beyond, they are told to try again.
  static constexpr size_t kMaxWaiting = 10'000;

  using Done = absl::AnyInvocable<void(absl::StatusOr<ProducerId>)>;
  // Thread-safe. `done` runs on `loop`, never from inside.
  void next(Executor& loop, Done done);

 private:
  struct Waiting {
    Executor* loop;
    Done done;
  };
  void ask();
  void arrived(absl::StatusOr<broker::ProducerIdBlock> block);
  static void answer(Waiting waiting, absl::StatusOr<ProducerId> id);

  broker::ControllerSession& session_;
  Mutex mutex_;
  broker::ProducerIdBlock present_ GUARDED_BY(mutex_);
  broker::ProducerIdBlock following_ GUARDED_BY(mutex_);
  bool asked_ GUARDED_BY(mutex_) = false;
  std::deque<Waiting> waiting_ GUARDED_BY(mutex_);
};

}  // namespace barnabas::api
