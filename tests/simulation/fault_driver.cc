#include "tests/simulation/fault_driver.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace barnabas::simulation {
namespace {

constexpr Duration kSupervision = std::chrono::milliseconds(50);

}  // namespace

FaultDriver::FaultDriver(Cluster& cluster, const SwarmOptions& options)
    : cluster_(cluster), options_(options), random_(cluster.fork("faults")) {}

void FaultDriver::start() {
  supervise();
  if (!options_.faults.empty()) later(options_.between_faults, [this] { strike(); });
}

uint64_t FaultDriver::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), uint64_t{0});
}

void FaultDriver::later(Duration delay, Task task) {
  cluster_.simulation().after(delay, std::move(task));
}

Duration FaultDriver::length() {
  return Duration(1 + static_cast<int64_t>(random_->below(
                          static_cast<uint64_t>(options_.fault_length_max.count()))));
}

std::string FaultDriver::pick(const std::vector<std::string>& among) {
  return among[random_->below(among.size())];
}

void FaultDriver::strike() {
  if (healed_) return;
  const Fault fault = options_.faults[random_->below(options_.faults.size())];
  if (strike(fault)) ++counts_[static_cast<size_t>(fault)];
  const auto mean = static_cast<uint64_t>(options_.between_faults.count());
  later(Duration(static_cast<int64_t>(random_->below(2 * mean) + 1)), [this] { strike(); });
}

void FaultDriver::start_later(const std::string& name) {
  later(length(), [this, name] {
    if (!cluster_.running(name)) cluster_.start(name);
  });
}

// What ended for whatever reason is started again after a while, as service managers do; also what
// exits again and again.
void FaultDriver::supervise() {
  if (healed_) {
    for (const std::string& name : cluster_.names()) {
      if (!cluster_.running(name)) cluster_.start(name);
    }
  } else if (random_->chance(3)) {
    const std::string name = pick(cluster_.names());
    if (!cluster_.running(name)) cluster_.start(name);
  }
  later(kSupervision, [this] { supervise(); });
}

bool FaultDriver::may_wipe(const std::string& name) {
  ControllerProcess* const active = cluster_.active_controller();
  if (active == nullptr) return false;
  const metadata::Image& image = active->controller().committed_image();
  // A deposed controller that has not noticed yet tells old news.
  for (const std::string& other : cluster_.controller_names()) {
    ControllerProcess* const controller = cluster_.controller(other);
    if (controller == nullptr || controller->node().term() > active->node().term()) return false;
  }
  if (wiped_ != kNoBroker && image.broker(wiped_)->epoch == wiped_epoch_) return false;
  const BrokerId id(std::stoi(name.substr(1)));
  for (const auto& [topic, topic_id] : image.topics_by_name()) {
    for (const metadata::PartitionImage& partition : image.topic(topic_id)->partitions) {
      // All of them, so that whatever was wiped before is whole again.
      if (partition.in_sync.size() < partition.replicas.size()) return false;
      if (partition.replicas.size() == 1 && partition.has_replica(id)) return false;
      // Those that died within the last moments are in the set still, and will leave it one by one.
      const bool runs =
          std::any_of(partition.in_sync.begin(), partition.in_sync.end(), [&](BrokerId member) {
            return member != id && cluster_.running(absl::StrCat("b", member.value()));
          });
      if (!runs) return false;
    }
  }
  wiped_ = id;
  wiped_epoch_ = image.broker(id)->epoch;
  return true;
}

bool FaultDriver::strike(Fault fault) {
  const std::vector<std::string> controllers = cluster_.controller_names();
  const std::vector<std::string> brokers = cluster_.broker_names();
  SimNetwork& network = cluster_.network();
  switch (fault) {
    case Fault::kKillBroker:
    case Fault::kKillController: {
      const std::string name = pick(fault == Fault::kKillBroker ? brokers : controllers);
      if (!cluster_.running(name)) return false;
      cluster_.kill(name);
      start_later(name);
      return true;
    }
    case Fault::kKillActiveController: {
      const std::string name = cluster_.active_controller_name();
      if (name.empty()) return false;
      cluster_.kill(name);
      start_later(name);
      return true;
    }
    case Fault::kPowerBroker:
    case Fault::kPowerController: {
      const std::string name = pick(fault == Fault::kPowerBroker ? brokers : controllers);
      if (!cluster_.running(name)) return false;
      cluster_.cut_power(name);
      start_later(name);
      return true;
    }
    case Fault::kKillAll:
    case Fault::kPowerAll:
      for (const std::string& name : cluster_.names()) {
        if (fault == Fault::kKillAll) {
          cluster_.kill(name);
        } else {
          cluster_.cut_power(name);
        }
        start_later(name);
      }
      return true;
    case Fault::kStopBroker: {
      const std::string name = pick(brokers);
      if (!cluster_.running(name)) return false;
      cluster_.stop(name);
      start_later(name);
      return true;
    }
    case Fault::kWipeBroker: {
      const std::string name = pick(brokers);
      if (!cluster_.running(name) || !may_wipe(name)) return false;
      cluster_.cut_power(name);
      cluster_.wipe(name);
      start_later(name);
      return true;
    }
    case Fault::kPauseBroker:
    case Fault::kPauseController: {
      const std::string name = pick(fault == Fault::kPauseBroker ? brokers : controllers);
      if (!cluster_.running(name) || cluster_.paused(name)) return false;
      cluster_.pause(name);
      later(length(), [this, name] { cluster_.resume(name); });
      return true;
    }
    case Fault::kIsolate: {
      const std::string name = pick(cluster_.names());
      cluster_.note(absl::StrCat("isolate ", name));
      network.reachability().isolate(name);
      later(length(), [this, name] {
        cluster_.note(absl::StrCat("rejoin ", name));
        cluster_.network().reachability().rejoin(name);
      });
      return true;
    }
    case Fault::kCutOneWay: {
      const std::string from = pick(cluster_.names());
      const std::string to = pick(cluster_.names());
      if (from == to) return false;
      cluster_.note(absl::StrCat("cut ", from, " -> ", to));
      network.reachability().cut_one_way(from, to);
      later(length(), [this, from, to] {
        cluster_.note(absl::StrCat("mend ", from, " - ", to));
        cluster_.network().reachability().mend(from, to);
      });
      return true;
    }
    case Fault::kPartition: {
      std::vector<std::string> one;
      std::vector<std::string> other;
      for (const std::string& name : cluster_.names()) {
        (random_->chance(50) ? one : other).push_back(name);
      }
      cluster_.note(absl::StrCat("partition, ", one.size(), " on one side"));
      network.reachability().partition(one, other);
      later(length(), [this] {
        cluster_.note("heal the network");
        cluster_.network().reachability().heal();
      });
      return true;
    }
    case Fault::kBreakLinks: {
      const std::string a = pick(cluster_.names());
      const std::string b = pick(cluster_.names());
      if (a == b) return false;
      cluster_.note(absl::StrCat("break links ", a, " - ", b));
      network.break_links(a, b);
      return true;
    }
    case Fault::kSlowDisk: {
      const std::string name = pick(cluster_.names());
      const Duration latency(static_cast<int64_t>(1000 + random_->below(200'000)));
      cluster_.note(absl::StrCat("slow disk ", name, ": ", latency.count(), " us"));
      cluster_.disk(name).set_sync_latency(latency);
      later(length(),
            [this, name] { cluster_.disk(name).set_sync_latency(options_.cluster.sync_latency); });
      return true;
    }
    case Fault::kHangDisk: {
      const std::string name = pick(cluster_.names());
      cluster_.note(absl::StrCat("hang disk ", name));
      cluster_.disk(name).hold_syncs(true);
      later(length(), [this, name] {
        cluster_.note(absl::StrCat("let go disk ", name));
        cluster_.disk(name).hold_syncs(false);
      });
      return true;
    }
    case Fault::kFailSyncs: {
      const std::string name = pick(cluster_.names());
      cluster_.note(absl::StrCat("fail the next sync of ", name));
      cluster_.disk(name).fail_syncs(1);
      return true;
    }
  }
  return false;
}

void FaultDriver::heal() {
  healed_ = true;
  cluster_.note("heal everything");
  cluster_.network().reachability().heal();
  for (const std::string& name : cluster_.names()) {
    cluster_.resume(name);
    storage::MemoryDisk& disk = cluster_.disk(name);
    disk.set_sync_latency(options_.cluster.sync_latency);
    disk.hold_syncs(false);
    disk.fail_syncs(0);
  }
}

}  // namespace barnabas::simulation
