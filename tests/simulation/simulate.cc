// Runs seeds: simulate --seed N | --seeds A-B | --minutes M [--first N] [--trace]
//
// Each violation is reported with its seed, options, invariant and last events; the last line is
// "N passed, N failed". A seed always gives the same run.

#include <gflags/gflags.h>
#include <glog/logging.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/simulation/run.h"

DEFINE_uint64(seed, 0, "Runs this seed alone.");
DEFINE_string(seeds, "", "Runs the seeds A-B.");
DEFINE_double(minutes, 0, "Runs seeds from --first on for so long.");
DEFINE_uint64(first, 1, "The first seed of --minutes.");
DEFINE_bool(trace, false, "Shows the processes' own log.");
DEFINE_int64(look_us, 5000, "How often the checks look, in microseconds; 0: after every event.");
DEFINE_string(faults, "", "Only these kinds, by comma, instead of those that the seed draws.");
DEFINE_int64(between_faults_ms, 0, "Instead of what the seed draws.");
DEFINE_int64(sync_us, -1, "Latency of the disks, instead of what the seed draws.");
DEFINE_bool(churn, true, "May topics come and go, where the seed draws it?");
DEFINE_bool(twice, false, "Runs each seed twice and compares the fingerprints.");

namespace barnabas::simulation {
namespace {

const Run* current = nullptr;

// A broken invariant of consensus or metadata aborts (S13): say which seed it was.
__attribute__((noreturn)) void report_and_abort() {
  if (current != nullptr) std::fputs(current->report().c_str(), stderr);
  std::abort();
}

SwarmOptions options_of(uint64_t seed) {
  SwarmOptions options = draw(seed);
  options.between_looks = Duration(FLAGS_look_us);
  if (!FLAGS_faults.empty()) options.faults.clear();
  for (int fault = 0; fault < kFaultCount; ++fault) {
    const std::string name = to_string(static_cast<Fault>(fault));
    if (("," + FLAGS_faults + ",").find("," + name + ",") == std::string::npos) continue;
    options.faults.push_back(static_cast<Fault>(fault));
  }
  if (FLAGS_between_faults_ms > 0) {
    options.between_faults = std::chrono::milliseconds(FLAGS_between_faults_ms);
  }
  if (FLAGS_sync_us >= 0) options.cluster.sync_latency = Duration(FLAGS_sync_us);
  options.workload.churn = options.workload.churn && FLAGS_churn;
  return options;
}

bool run(uint64_t seed, Happenings& total) {
  uint64_t fingerprint = 0;
  for (int time = 0; time < (FLAGS_twice ? 2 : 1); ++time) {
    Run run(options_of(seed));
    current = &run;
    const std::string violation = run.execute();
    current = nullptr;
    if (!violation.empty()) {
      std::printf("%s", run.report().c_str());
      return false;
    }
    if (time == 1) {
      if (run.fingerprint() == fingerprint) return true;
      std::printf("seed %llu is not the same run twice\n", static_cast<unsigned long long>(seed));
      return false;
    }
    fingerprint = run.fingerprint();
    total += run.happened();
  }
  return true;
}

int run_all() {
  google::InstallFailureFunction(&report_and_abort);
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
  const std::chrono::duration<double, std::ratio<60>> limit(FLAGS_minutes);
  Happenings total;
  uint64_t passed = 0;
  uint64_t failed = 0;
  for (uint64_t seed = first; seed <= last; ++seed) {
    if (FLAGS_minutes > 0 && std::chrono::steady_clock::now() - start > limit) break;
    ++(run(seed, total) ? passed : failed);
    std::fflush(stdout);
  }
  std::printf("%s\n", to_string(total).c_str());
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(passed),
              static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace barnabas::simulation

int main(int argc, char** argv) {
  gflags::SetUsageMessage("the whole cluster in one thread: simulate --seed N");
  gflags::ParseCommandLineFlags(&argc, &argv, /*remove_flags=*/true);
  google::InitGoogleLogging(argv[0]);
  FLAGS_logtostderr = true;
  if (!FLAGS_trace) FLAGS_minloglevel = google::GLOG_FATAL;
  return barnabas::simulation::run_all();
}
