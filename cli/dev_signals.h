// SIGINT and SIGTERM, as events of a loop: which one, and whether the terminal sent it (and thus to
// our children as well). block_stop_signals() must have been called before any thread was started.

#pragma once

#include <absl/functional/any_invocable.h>

#include "common/net/event_loop.h"

namespace barnabas::cli {

class DevSignals final : private EventLoop::Watcher {
 public:
  using Heard = absl::AnyInvocable<void(int signal, bool by_terminal)>;
  DevSignals(EventLoop& loop, Heard heard);
  ~DevSignals();

 private:
  void ready(uint32_t events) override;

  EventLoop& loop_;
  Heard heard_;
  int fd_;
  EventLoop::Watch* watch_;
};

}  // namespace barnabas::cli
