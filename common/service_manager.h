// What a service manager (systemd) is told, over the datagram socket that NOTIFY_SOCKET names.
// Without one, nothing happens.

#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/executor.h"

namespace barnabas {

// "READY=1", "STOPPING=1", "STATUS=..."; several with a newline between them. Never blocks.
void tell_service_manager(std::string_view state);

// How often the manager expects to hear "WATCHDOG=1", at the least; nullopt: it does not.
std::optional<Duration> watchdog_interval();

// Says so twice per interval, as long as all of `loops` turn: each time, a task goes through one
// after the other and back. One that hangs makes the manager kill the process, which is the way to
// give its work to others.
class Watchdog {
 public:
  // On the first of `loops`, or before it runs. Does nothing if nobody expects it.
  explicit Watchdog(std::vector<Executor*> loops);
  // On the first loop, or after it has stopped.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  struct Round;
  std::shared_ptr<Round> round_;
};

}  // namespace barnabas
