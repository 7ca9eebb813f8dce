// Host names to addresses without blocking a loop: getaddrinfo runs on one thread, which is
// started by the first name that really needs it.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <memory>
#include <vector>

#include "common/executor.h"
#include "common/net/event_loop.h"
#include "common/net/socket_address.h"

namespace barnabas {

class Resolver {
 public:
  using Addresses = absl::StatusOr<std::vector<SocketAddress>>;
  using Done = absl::AnyInvocable<void(Addresses)>;

  // Calls `done` on `executor`, never from inside. Thread-safe.
  void resolve(const Endpoint& endpoint, Executor& executor, Done done);

 private:
  Mutex mutex_;
  std::unique_ptr<LoopThread> thread_ GUARDED_BY(mutex_);
};

}  // namespace barnabas
