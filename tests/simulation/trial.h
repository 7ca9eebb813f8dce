// One run and its verdict, in a process of its own if wanted: code that breaks a CHECK, or worse,
// ends that process and not the campaign.

#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/simulation/run.h"

namespace barnabas::simulation {

// In the order of their gravity. The exit code of `simulate` tells the gravest.
enum class Outcome {
  kPassed = 0,
  kLiveness = 11,     // healed, and does not come back within the bound
  kCrash = 12,        // a broken CHECK, a signal, no end
  kCorrectness = 13,  // a promise was broken
};
const char* to_string(Outcome outcome);

struct Trial {
  SwarmOptions options;
  std::string mistake;  // planted; empty: none
  bool twice = false;   // and compare
  bool canary = false;  // one seed in a hundred fails on purpose
};

struct Verdict {
  Outcome outcome = Outcome::kPassed;
  std::string finding;    // the invariant and what was seen instead
  std::string invariant;  // alone, to compare
  std::string report;
  Happenings happened;
  uint64_t fingerprint = 0;
  uint64_t last_draw = 0;                    // of the schedule's stream, after the run
  uint64_t moments = 0;                      // at which the mistake was asked for
  std::map<int, std::string> struck;         // the faults, by number
  std::map<std::string, uint64_t> branches;  // reached(), how often
};

Verdict run_here(const Trial& trial);
// In a child process. The caller must have no other threads.
Verdict run_apart(const Trial& trial);

// For processes that run trials themselves: a broken CHECK tells seed, options and last events.
void install_crash_report();
// Keeps `*run` at the run that is under way; null: none is.
void watch_runs(const Run** run);

}  // namespace barnabas::simulation
