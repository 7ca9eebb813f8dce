// What a process that called `barnabas` learns from its exit code. Stable: scripts branch on it.
//
// `barnabas status` has a scale of its own (0 healthy, 1 degraded, 2 down), so that monitoring can
// use it as it is; a usage error there is 64, because 2 is taken.

#pragma once

namespace barnabas::cli {

enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kNotFound = 3,
  kExists = 4,
  kUnauthorised = 5,
  kUnreachable = 6,
  kTimedOut = 7,
  kPrecondition = 8,  // doing it would lose availability, or the cluster is not able to
  kPartial = 9,       // some of what was asked has been done
};

inline constexpr int kStatusHealthy = 0;
inline constexpr int kStatusDegraded = 1;
inline constexpr int kStatusDown = 2;
inline constexpr int kStatusUsage = 64;

}  // namespace barnabas::cli
