// Holds back log lines that others can cause at will (a client that sends garbage, a peer that
// does not answer): one line per interval, and each line says how many were held back before it.
//
//   static LogLimit limit(std::chrono::seconds(1));
//   if (auto held_back = limit.admit(clock.now())) LOG(WARNING) << ... << *held_back;

#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "common/clock.h"

namespace barnabas {

class LogLimit {
 public:
  explicit LogLimit(Duration interval) : interval_(interval) {}

  // The number of lines held back since the last one admitted, or nothing if this one is to be
  // held back too. Thread-safe.
  std::optional<uint64_t> admit(Instant now) {
    int64_t next = next_.load(std::memory_order_relaxed);
    const int64_t at = now.time_since_epoch().count();
    if (at < next ||
        !next_.compare_exchange_strong(next, at + interval_.count(), std::memory_order_relaxed)) {
      held_back_.fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    return held_back_.exchange(0, std::memory_order_relaxed);
  }

 private:
  const Duration interval_;
  std::atomic<int64_t> next_{INT64_MIN};
  std::atomic<uint64_t> held_back_{0};
};

}  // namespace barnabas
