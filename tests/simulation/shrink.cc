#include "tests/simulation/shrink.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <glog/logging.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "tests/simulation/settings.h"

namespace barnabas::simulation {
namespace {

constexpr int kTrialsMax = 400;
constexpr int64_t kShortestMs = 500;

class Shrinker {
 public:
  Shrinker(const Trial& trial, const std::string& settings, const Verdict& failed,
           absl::FunctionRef<void(const std::string&)> tell)
      : trial_(trial), first_(settings), best_(failed), tell_(tell) {
    trial_.twice = false;
  }

  Shrunk run() {
    cut_time();
    cut_sizes();
    cut_kinds();
    cut_faults();
    cut_sizes();  // what was needed among many faults may not be among few
    end_after_the_last_fault();
    return {joined(chosen_), best_, trials_};
  }

 private:
  using Chosen = std::map<std::string, std::string>;

  // Does it still fail with this changed? Then it stays changed.
  bool also_with(const std::string& name, const std::string& value) {
    if (trials_ >= kTrialsMax) return false;
    Chosen candidate = chosen_;
    candidate[name] = value;
    Trial trial = trial_;
    const absl::Status applied = apply_settings(joined(candidate), trial.options);
    CHECK(applied.ok()) << applied;
    ++trials_;
    Verdict verdict = run_apart(trial);
    if (verdict.outcome != best_.outcome || verdict.invariant != best_.invariant) return false;
    best_ = std::move(verdict);
    chosen_ = std::move(candidate);
    tell_(absl::StrCat(name, "=", value, ": ", best_.struck.size(), " faults"));
    return true;
  }

  std::string joined(const Chosen& chosen) const {
    std::vector<std::string> all;
    if (!first_.empty()) all.push_back(first_);
    for (const auto& [name, value] : chosen) all.push_back(absl::StrCat(name, "=", value));
    return absl::StrJoin(all, ",");
  }

  void cut_time() {
    if (trial_.options.calm_phase > Duration(0)) also_with("calm_ms", "0");
    for (int64_t ms = trial_.options.safety_phase.count() / 2000; ms >= kShortestMs; ms /= 2) {
      if (!also_with("safety_ms", absl::StrCat(ms))) break;
    }
  }

  void cut_sizes() {
    static const std::vector<std::pair<const char*, const char*>> kSmaller = {
        {"groups", "0"},    {"churn", "0"},        {"topics", "1"},          {"operations", "none"},
        {"risky", "0"},     {"drift_ppm", "0"},    {"clock_offset_ms", "0"}, {"producers", "1"},
        {"breaks", "0"},    {"slow_percent", "0"}, {"brokers", "3"},         {"controllers", "1"},
        {"partitions", "1"}};
    for (const auto& [name, value] : kSmaller) {
      const auto set = chosen_.find(name);
      if (set == chosen_.end()) also_with(name, value);
    }
  }

  bool keep_only(const std::vector<int>& numbers) {
    return also_with("keep", numbers.empty() ? "none" : absl::StrJoin(numbers, "+"));
  }

  std::vector<int> struck() const {
    std::vector<int> numbers;
    for (const auto& [number, line] : best_.struck) numbers.push_back(number);
    return numbers;
  }

  void cut_kinds() {
    if (keep_only({})) return;
    keep_only(struck());  // without those that struck nobody
    SwarmOptions options = trial_.options;
    CHECK(apply_settings(joined(chosen_), options).ok());
    std::map<int, Fault> kinds;
    std::set<Fault> all;
    for (const PlannedFault& fault : plan_faults(options)) kinds[fault.number] = fault.kind;
    for (const int number : struck()) all.insert(kinds[number]);
    for (const Fault kind : all) {
      std::vector<int> left = struck();
      std::erase_if(left, [&](int number) { return kinds[number] == kind; });
      if (left.size() < best_.struck.size()) keep_only(left);
    }
  }

  // Halves, then quarters, and so on to one at a time.
  void cut_faults() {
    for (size_t piece = std::max<size_t>(best_.struck.size() / 2, 1);; piece /= 2) {
      for (size_t at = 0; at < best_.struck.size();) {
        std::vector<int> left = struck();
        const size_t end = std::min(at + piece, left.size());
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(at),
                   left.begin() + static_cast<std::ptrdiff_t>(end));
        if (!keep_only(left)) at += piece;
      }
      if (piece <= 1) return;
    }
  }

  void end_after_the_last_fault() {
    SwarmOptions options = trial_.options;
    CHECK(apply_settings(joined(chosen_), options).ok());
    int64_t last_ms = 0;
    for (const PlannedFault& fault : plan_faults(options)) {
      if (best_.struck.count(fault.number) != 0) last_ms = fault.at.count() / 1000;
    }
    for (const int64_t after : {50, 500, 2000}) {
      if (last_ms + after >= options.safety_phase.count() / 1000) return;
      if (also_with("safety_ms", absl::StrCat(last_ms + after))) return;
    }
  }

  Trial trial_;
  const std::string first_;
  Verdict best_;
  Chosen chosen_;
  absl::FunctionRef<void(const std::string&)> tell_;
  int trials_ = 0;
};

}  // namespace

std::string Shrunk::text() const {
  std::string out;
  for (const auto& [number, line] : verdict.struck) absl::StrAppend(&out, line, "\n");
  absl::StrAppend(&out, "then: ", verdict.finding, "\n");
  return out;
}

Shrunk shrink(const Trial& trial, const std::string& settings, const Verdict& failed,
              absl::FunctionRef<void(const std::string&)> tell) {
  return Shrinker(trial, settings, failed, tell).run();
}

}  // namespace barnabas::simulation
