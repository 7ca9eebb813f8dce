#include "tests/simulation/trial.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <cstdio>
#include <cstdlib>

#include "common/sim/probes.h"

namespace barnabas::simulation {
namespace {

constexpr uint64_t kCanaries = 100;

const Run* current = nullptr;
const Run** watcher = nullptr;

void now_running(const Run* run) {
  current = run;
  if (watcher != nullptr) *watcher = run;
}

// A broken invariant of consensus or metadata aborts (S13): say which seed it was.
__attribute__((noreturn)) void report_and_abort() {
  if (current != nullptr) std::fputs(current->report().c_str(), stderr);
  std::abort();
}

Verdict run_once(const Trial& trial) {
  const auto before = reached_branches();
  const Planted planted(trial.mistake);
  Run run(trial.options);
  now_running(&run);
  run.execute();
  if (trial.canary && trial.options.seed % kCanaries == 0) {
    run.findings().report("canary", "fails on purpose, to prove that failures are told");
  }
  now_running(nullptr);
  Verdict verdict;
  if (run.findings().any()) {
    verdict.invariant = run.findings().invariant();
    verdict.finding = run.findings().text();
    verdict.report = run.report();
    verdict.outcome =
        absl::StartsWith(verdict.invariant, "I25") ? Outcome::kLiveness : Outcome::kCorrectness;
  }
  verdict.happened = run.happened();
  verdict.fingerprint = run.fingerprint();
  verdict.last_draw = run.cluster().simulation().random().next();
  verdict.moments = Planted::moments();
  verdict.struck = run.struck();
  for (const auto& [branch, times] : reached_branches()) {
    const auto found = before.find(branch);
    const uint64_t news = times - (found == before.end() ? 0 : found->second);
    if (news > 0) verdict.branches[branch] = news;
  }
  return verdict;
}

}  // namespace

const char* to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed:
      return "passed";
    case Outcome::kLiveness:
      return "liveness";
    case Outcome::kCrash:
      return "crash";
    case Outcome::kCorrectness:
      return "correctness";
  }
  return "?";
}

void install_crash_report() { google::InstallFailureFunction(&report_and_abort); }

void watch_runs(const Run** run) { watcher = run; }

Verdict run_here(const Trial& trial) {
  Verdict verdict = run_once(trial);
  if (!trial.twice || verdict.outcome != Outcome::kPassed) return verdict;
  const Verdict again = run_once(trial);
  if (again.fingerprint == verdict.fingerprint && again.last_draw == verdict.last_draw) {
    return verdict;
  }
  verdict.outcome = Outcome::kCorrectness;
  verdict.invariant = "a seed is one run";
  verdict.finding = absl::StrCat(verdict.invariant, ": run twice it ended with the draws ",
                                 verdict.last_draw, " and ", again.last_draw);
  verdict.report = absl::StrCat("seed ", trial.options.seed, "\nviolated: ", verdict.finding, "\n");
  return verdict;
}

}  // namespace barnabas::simulation
