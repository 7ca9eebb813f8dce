// Runs seeds: simulate --seed N | --seeds A-B | --minutes M [--first N]
//
//   --plant NAME    with a mistake made on purpose (--plants lists them)
//   --set A=B,...   with settings instead of what the seed draws (--settings lists them)
//   --beyond        with faults beyond the atlas
//   --shrink        makes the first failure small
//   --trace         shows the processes' own log, in this process
//
// Each violation is reported with its seed, options, invariant and last events; the last line is
// "N passed, N failed". A seed always gives the same run. Ends with 0 if all passed, 11 if a run
// did not come back to work, 12 if one crashed, 13 if one broke a promise (the gravest counts).

#include <absl/strings/str_cat.h>
#include <gflags/gflags.h>
#include <glog/logging.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include "tests/simulation/names.h"
#include "tests/simulation/settings.h"
#include "tests/simulation/shrink.h"
#include "tests/simulation/trial.h"

DEFINE_uint64(seed, 0, "Runs this seed alone.");
DEFINE_string(seeds, "", "Runs the seeds A-B.");
DEFINE_double(minutes, 0, "Runs seeds from --first on for so long.");
DEFINE_uint64(first, 1, "The first seed of --minutes.");
DEFINE_uint64(stride, 1, "Every so many-th seed, for processes side by side.");
DEFINE_bool(trace, false, "Shows the processes' own log.");
DEFINE_string(set, "", "Settings instead of what the seed draws: name=value,...");
DEFINE_bool(settings, false, "Lists the settings.");
DEFINE_string(plant, "", "Makes this mistake on purpose.");
DEFINE_bool(plants, false, "Lists the mistakes that can be planted.");
DEFINE_bool(beyond, false, "With faults beyond the atlas: nothing false may be served.");
DEFINE_bool(canary, false, "One seed in a hundred fails on purpose.");
DEFINE_int32(twice, 5, "So many percent of the seeds are run twice and compared.");
DEFINE_bool(stop, false, "Stops at the first failure.");
DEFINE_bool(shrink, false, "Makes the first failure small.");
DEFINE_bool(marks, false, "Tells how often each listed branch was reached.");
DEFINE_bool(draws, false, "Prints each seed's fingerprint and last draw.");
DEFINE_string(totals, "", "Appends the totals to this file, as name=value lines.");

namespace barnabas::simulation {
namespace {

using Seconds = std::chrono::duration<double>;

struct Totals {
  uint64_t passed = 0;
  std::map<Outcome, uint64_t> failed;
  std::map<std::string, uint64_t> branches;
  Happenings happened;
  uint64_t last_seed = 0;
  Seconds took{0};

  uint64_t failures() const {
    uint64_t sum = 0;
    for (const auto& [outcome, count] : failed) sum += count;
    return sum;
  }
};

Trial trial_of(uint64_t seed) {
  Trial trial;
  trial.options = FLAGS_beyond ? draw_beyond_the_atlas(seed) : draw(seed);
  if (const absl::Status applied = apply_settings(FLAGS_set, trial.options); !applied.ok()) {
    std::fprintf(stderr, "simulate: %s\n", std::string(applied.message()).c_str());
    std::exit(1);
  }
  trial.mistake = FLAGS_plant;
  trial.canary = FLAGS_canary;
  // Spread evenly, and the same ones each time.
  trial.twice = seed * 37 % 100 < static_cast<uint64_t>(std::max(FLAGS_twice, 0));
  return trial;
}

void make_small(const Trial& trial, const Verdict& verdict) {
  std::printf("shrinking ...\n");
  const Shrunk small = shrink(trial, FLAGS_set, verdict, [](const std::string& progress) {
    std::printf("  %s\n", progress.c_str());
    std::fflush(stdout);
  });
  std::string command = absl::StrCat("simulate --seed ", trial.options.seed);
  if (!small.settings.empty()) absl::StrAppend(&command, " --set '", small.settings, "'");
  if (!trial.mistake.empty()) absl::StrAppend(&command, " --plant '", trial.mistake, "'");
  std::printf("after %d trials: %s\n%s", small.trials, command.c_str(), small.text().c_str());
}

void run(uint64_t seed, Totals& totals) {
  const Trial trial = trial_of(seed);
  const Verdict verdict = FLAGS_trace ? run_here(trial) : run_apart(trial);
  totals.last_seed = seed;
  totals.happened += verdict.happened;
  for (const auto& [branch, times] : verdict.branches) totals.branches[branch] += times;
  if (FLAGS_draws) {
    std::printf("seed %llu: fingerprint %016llx, last draw %016llx\n",
                static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(verdict.fingerprint),
                static_cast<unsigned long long>(verdict.last_draw));
  }
  if (verdict.outcome == Outcome::kPassed) {
    ++totals.passed;
    return;
  }
  ++totals.failed[verdict.outcome];
  std::printf("%s\n%s", to_string(verdict.outcome), verdict.report.c_str());
  if (FLAGS_shrink && totals.failures() == 1) make_small(trial, verdict);
  std::fflush(stdout);
}

void print_totals(const Totals& totals) {
  const Happenings& all = totals.happened;
  std::printf("%s\n", to_string(all).c_str());
  for (int kind = 0; kind < kFaultCount; ++kind) {
    std::printf("%s %llu%s", to_string(static_cast<Fault>(kind)),
                static_cast<unsigned long long>(all.faults[static_cast<size_t>(kind)]),
                kind + 1 < kFaultCount ? ", " : "\n");
  }
  const double simulated = static_cast<double>(all.simulated.count()) / 1e6;
  std::printf("%.1f simulated hours in %.0f s: %.0f simulated seconds per real second\n",
              simulated / 3600, totals.took.count(), simulated / totals.took.count());
  if (!FLAGS_marks) return;
  for (const char* mark : kMarks) {
    const auto found = totals.branches.find(mark);
    std::printf("%8llu %s\n",
                static_cast<unsigned long long>(found == totals.branches.end() ? 0 : found->second),
                mark);
  }
}

void write_totals(const Totals& totals) {
  std::ofstream out(FLAGS_totals, std::ios::app);
  const Happenings& all = totals.happened;
  out << "seeds=" << totals.passed + totals.failures() << "\nlast=" << totals.last_seed
      << "\nsimulated_us=" << all.simulated.count() << "\nacknowledged=" << all.acknowledged
      << "\nconsumed=" << all.consumed << "\nviolations=" << totals.failures() << "\n";
  for (int kind = 0; kind < kFaultCount; ++kind) {
    out << "fault:" << to_string(static_cast<Fault>(kind)) << "="
        << all.faults[static_cast<size_t>(kind)] << "\n";
  }
}

int run_all() {
  uint64_t first = FLAGS_seed;
  uint64_t last = FLAGS_seed;
  if (!FLAGS_seeds.empty()) {
    const size_t dash = FLAGS_seeds.find('-');
    first = std::strtoull(FLAGS_seeds.c_str(), nullptr, 10);
    last = dash == std::string::npos ? first
                                     : std::strtoull(FLAGS_seeds.c_str() + dash + 1, nullptr, 10);
  } else if (FLAGS_minutes > 0) {
    first = FLAGS_first;
    last = UINT64_MAX;
  }
  const auto start = std::chrono::steady_clock::now();
  Totals totals;
  for (uint64_t seed = first; seed <= last; seed += FLAGS_stride) {
    totals.took = std::chrono::steady_clock::now() - start;
    if (FLAGS_minutes > 0 && totals.took > Seconds(FLAGS_minutes * 60)) break;
    run(seed, totals);
    if (FLAGS_stop && totals.failures() > 0) break;
  }
  totals.took = std::chrono::steady_clock::now() - start;
  print_totals(totals);
  if (!FLAGS_totals.empty()) write_totals(totals);
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(totals.passed),
              static_cast<unsigned long long>(totals.failures()));
  return totals.failed.empty() ? 0 : static_cast<int>(totals.failed.rbegin()->first);
}

}  // namespace
}  // namespace barnabas::simulation

int main(int argc, char** argv) {
  using namespace barnabas::simulation;
  gflags::SetUsageMessage("the whole cluster in one thread: simulate --seed N");
  gflags::ParseCommandLineFlags(&argc, &argv, /*remove_flags=*/true);
  google::InitGoogleLogging(argv[0]);
  FLAGS_logtostderr = true;
  if (!FLAGS_trace) FLAGS_minloglevel = google::GLOG_FATAL;
  if (FLAGS_settings) {
    std::printf("%s", describe_settings().c_str());
    return 0;
  }
  if (FLAGS_plants) {
    for (const char* mistake : kMistakes) std::printf("%s\n", mistake);
    return 0;
  }
  if (!FLAGS_plant.empty() &&
      std::find(kMistakes.begin(), kMistakes.end(), FLAGS_plant) == kMistakes.end()) {
    std::fprintf(stderr, "simulate: there is no mistake '%s'; --plants lists them\n",
                 FLAGS_plant.c_str());
    return 1;
  }
  install_crash_report();
  return run_all();
}
