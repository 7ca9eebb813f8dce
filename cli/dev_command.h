// The command that `barnabas dev --exec` runs: by `sh -c`, in our process group, so that ^C on a
// terminal reaches it as if we were not there. Signals that were sent to us alone are passed on.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "common/net/event_loop.h"

namespace barnabas::cli {

class DevCommand final : private EventLoop::Watcher {
 public:
  // `variables` are added to our environment. `ended` comes on the loop, with what the command
  // ended with as a shell tells it: its exit code, or 128 and the signal's number.
  DevCommand(EventLoop& loop, const std::string& command,
             const std::vector<std::pair<std::string, std::string>>& variables,
             absl::AnyInvocable<void(int code)> ended);
  ~DevCommand();

  const absl::Status& status() const { return status_; }  // whether it could be started
  void send(int signal) const;
  void kill_now() const;

 private:
  void ready(uint32_t events) override;

  EventLoop& loop_;
  absl::AnyInvocable<void(int)> ended_;
  absl::Status status_;
  pid_t pid_ = 0;
  int fd_ = -1;  // readable when the process has ended
  EventLoop::Watch* watch_ = nullptr;
};

}  // namespace barnabas::cli
