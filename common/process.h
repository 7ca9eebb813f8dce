// This process as the operating system sees it, and the signals that end it.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/executor.h"

namespace barnabas {

uint64_t resident_bytes();  // 0 if /proc does not tell
Duration cpu_time();        // user and system, all threads

// "NAME=value", as this process got them.
std::vector<std::string> environment();

// Blocks SIGTERM and SIGINT in the calling thread and in all threads started later, and ignores
// SIGPIPE. Call it first in main(), before anything starts a thread.
void block_stop_signals();

// From now on the first SIGTERM or SIGINT posts `stop` to `loop`; a second one ends the process at
// once, for a stop that hangs. `loop` must be an EventLoop, and live as long as this.
class StopSignals {
 public:
  StopSignals(Executor& loop, Task stop);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  struct Shared;
  Shared* const shared_;
};

}  // namespace barnabas
