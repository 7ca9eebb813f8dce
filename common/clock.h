// The clock seam. Time is a value passed in or asked of a Clock, never read from the system by
// protocol code. Two kinds that do not convert into each other: Instant for every decision
// (monotonic), WallTime only for what is shown or stored as a record's timestamp.

#pragma once

#include <chrono>
#include <cstdint>

namespace barnabas {

using Duration = std::chrono::microseconds;

struct SteadyTag {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  static constexpr bool is_steady = true;
};
// Microseconds since an arbitrary start of this process.
using Instant = std::chrono::time_point<SteadyTag, Duration>;

struct WallTag {
  using rep = std::chrono::milliseconds::rep;
  using period = std::chrono::milliseconds::period;
  using duration = std::chrono::milliseconds;
  static constexpr bool is_steady = false;
};
// Milliseconds since 1970-01-01 UTC, as in record timestamps.
using WallTime = std::chrono::time_point<WallTag, std::chrono::milliseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall() const = 0;
};

// CLOCK_MONOTONIC and CLOCK_REALTIME; thread-safe.
const Clock& system_clock();

}  // namespace barnabas
