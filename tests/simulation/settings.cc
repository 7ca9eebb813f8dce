#include "tests/simulation/settings.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <functional>
#include <optional>
#include <vector>

namespace barnabas::simulation {
namespace {

struct Setting {
  const char* name;
  const char* meaning;
  std::function<bool(const std::string&, SwarmOptions&)> set;  // false: not understood
};

using Set = std::function<bool(const std::string&, SwarmOptions&)>;

Set number(std::function<void(int64_t, SwarmOptions&)> set) {
  return [set = std::move(set)](const std::string& text, SwarmOptions& options) {
    int64_t value = 0;
    if (!absl::SimpleAtoi(text, &value) || value < 0) return false;
    set(value, options);
    return true;
  };
}

bool set_faults(const std::string& text, SwarmOptions& options) {
  options.faults.clear();
  if (text == "none") return true;
  for (const std::string& name : std::vector<std::string>(absl::StrSplit(text, '+'))) {
    std::optional<Fault> kind;
    for (int i = 0; i < kFaultCount; ++i) {
      if (name == to_string(static_cast<Fault>(i))) kind = static_cast<Fault>(i);
    }
    if (!kind.has_value()) return false;
    options.faults.push_back(*kind);
  }
  return true;
}

bool set_operations(const std::string& text, SwarmOptions& options) {
  options.workload.operators.operations.clear();
  if (text == "none") return true;
  for (const std::string& name : std::vector<std::string>(absl::StrSplit(text, '+'))) {
    std::optional<Operation> known;
    for (int i = 0; i < kOperationCount; ++i) {
      if (name == to_string(static_cast<Operation>(i))) known = static_cast<Operation>(i);
    }
    if (!known.has_value()) return false;
    options.workload.operators.operations.push_back(*known);
  }
  return true;
}

bool set_keep(const std::string& text, SwarmOptions& options) {
  options.keep_faults.emplace();
  if (text == "none") return true;
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(text, '+'))) {
    int value = 0;
    if (!absl::SimpleAtoi(part, &value)) return false;
    options.keep_faults->insert(value);
  }
  return true;
}

const std::vector<Setting>& settings() {
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  static const std::vector<Setting> settings = {
      {"controllers", "how many",
       number([](int64_t v, SwarmOptions& o) { o.cluster.controllers = static_cast<int>(v); })},
      {"brokers", "how many",
       number([](int64_t v, SwarmOptions& o) { o.cluster.brokers = static_cast<int>(v); })},
      {"topics", "how many stay",
       number([](int64_t v, SwarmOptions& o) { o.workload.topics = static_cast<int>(v); })},
      {"partitions", "of each topic",
       number([](int64_t v, SwarmOptions& o) { o.workload.partitions = static_cast<int>(v); })},
      {"producers", "how many",
       number([](int64_t v, SwarmOptions& o) { o.workload.producers = static_cast<int>(v); })},
      {"min_isr", "min.insync.replicas",
       number([](int64_t v, SwarmOptions& o) { o.workload.min_in_sync = static_cast<int>(v); })},
      {"churn", "0: no topics come and go",
       number([](int64_t v, SwarmOptions& o) { o.workload.churn = v != 0; })},
      {"groups", "how many consumer groups",
       number([](int64_t v, SwarmOptions& o) { o.workload.groups.groups = static_cast<int>(v); })},
      {"members", "of each group",
       number([](int64_t v, SwarmOptions& o) { o.workload.groups.members = static_cast<int>(v); })},
      {"restless", "0: members live on",
       number([](int64_t v, SwarmOptions& o) { o.workload.groups.restless = v != 0; })},
      {"operations", "of operators, by '+', or none", set_operations},
      {"operations_every_ms", "about",
       number([](int64_t v, SwarmOptions& o) { o.workload.operators.every = milliseconds(v); })},
      {"spares", "controllers that do not vote yet", number([](int64_t v, SwarmOptions& o) {
         o.cluster.spare_controllers = static_cast<int>(v);
       })},
      {"risky", "partitions of the topic that allows unclean elections",
       number(
           [](int64_t v, SwarmOptions& o) { o.workload.risky.partitions = static_cast<int>(v); })},
      {"drift_ppm", "of the clocks, at most", number([](int64_t v, SwarmOptions& o) {
         o.cluster.clock_drift_ppm = static_cast<int32_t>(v);
       })},
      {"clock_offset_ms", "at most",
       number([](int64_t v, SwarmOptions& o) { o.cluster.clock_offset = milliseconds(v); })},
      {"pause_ms", "between a producer's batches", number([](int64_t v, SwarmOptions& o) {
         o.workload.pause_between_batches = milliseconds(v);
       })},
      {"sync_us", "latency of the disks",
       number([](int64_t v, SwarmOptions& o) { o.cluster.sync_latency = microseconds(v); })},
      {"slow_percent", "of the frames are slow", number([](int64_t v, SwarmOptions& o) {
         o.cluster.network.slow_percent = static_cast<uint32_t>(v);
       })},
      {"breaks", "per million frames", number([](int64_t v, SwarmOptions& o) {
         o.cluster.network.breaks_per_million_frames = static_cast<uint32_t>(v);
       })},
      {"snapshot_bytes", "after which a controller makes a snapshot",
       number([](int64_t v, SwarmOptions& o) {
         o.cluster.snapshot_after_bytes = static_cast<uint64_t>(v);
       })},
      {"safety_ms", "length of the hectic phase",
       number([](int64_t v, SwarmOptions& o) { o.safety_phase = milliseconds(v); })},
      {"calm_ms", "length of the calm phase",
       number([](int64_t v, SwarmOptions& o) { o.calm_phase = milliseconds(v); })},
      {"between_faults_ms", "in the hectic phase",
       number([](int64_t v, SwarmOptions& o) { o.between_faults = milliseconds(v); })},
      {"fault_length_ms", "at most",
       number([](int64_t v, SwarmOptions& o) { o.fault_length_max = milliseconds(v); })},
      {"faults", "kinds, by '+', or none", set_faults},
      {"keep", "of the planned faults only these numbers, by '+', or none", set_keep},
  };
  return settings;
}

}  // namespace

absl::Status apply_settings(std::string_view text, SwarmOptions& options) {
  if (text.empty()) return absl::OkStatus();
  for (const std::string& part :
       std::vector<std::string>(absl::StrSplit(absl::string_view(text.data(), text.size()), ','))) {
    const size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : part.substr(equals + 1);
    const Setting* known = nullptr;
    for (const Setting& setting : settings()) {
      if (name == setting.name) known = &setting;
    }
    if (known == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no setting '", name, "'; there are:\n", describe_settings()));
    }
    if (!known->set(value, options)) {
      return absl::InvalidArgumentError(
          absl::StrCat("setting ", name, " (", known->meaning, ") cannot be '", value, "'"));
    }
  }
  return absl::OkStatus();
}

std::string describe_settings() {
  std::string out;
  for (const Setting& setting : settings()) {
    absl::StrAppend(&out, "  ", setting.name, ": ", setting.meaning, "\n");
  }
  return out;
}

}  // namespace barnabas::simulation
