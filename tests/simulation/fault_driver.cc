#include "tests/simulation/fault_driver.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace barnabas::simulation {
namespace {

constexpr Duration kSupervision = std::chrono::milliseconds(50);

Duration within(Random& random, Duration most) {
  return Duration(1 + static_cast<int64_t>(random.below(static_cast<uint64_t>(most.count()))));
}

}  // namespace

FaultDriver::FaultDriver(Cluster& cluster, const SwarmOptions& options)
    : cluster_(cluster), options_(options), supervision_(cluster.fork("supervision")) {}

void FaultDriver::start() {
  supervise();
  for (const PlannedFault& fault : plan_faults(options_)) {
    if (options_.keep_faults.has_value() && options_.keep_faults->count(fault.number) == 0)
      continue;
    later(fault.at, [this, fault] {
      if (!healed_ && strike(fault)) ++counts_[static_cast<size_t>(fault.kind)];
    });
  }
}

uint64_t FaultDriver::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), uint64_t{0});
}

void FaultDriver::later(Duration delay, Task task) {
  cluster_.simulation().after(delay, std::move(task));
}

void FaultDriver::note(const PlannedFault& fault, const std::string& what) {
  const std::string line =
      absl::StrCat("fault ", fault.number, ": ", to_string(fault.kind), " ", what);
  cluster_.note(line);
  struck_.emplace(fault.number, absl::StrFormat("%9.3f s  %s (up to %d ms)",
                                                static_cast<double>(fault.at.count()) / 1e6, line,
                                                fault.length.count() / 1000));
}

void FaultDriver::start_later(const std::string& name, Duration delay) {
  later(delay, [this, name] {
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
  } else if (supervision_->chance(3)) {
    const std::string name = cluster_.names()[supervision_->below(cluster_.names().size())];
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

// Has the last one whose disk was wiped not registered anew yet, as far as is known?
bool FaultDriver::wiped_one_is_away() {
  if (wiped_ == kNoBroker) return false;
  ControllerProcess* const active = cluster_.active_controller();
  if (active == nullptr) return true;
  return active->controller().committed_image().broker(wiped_)->epoch == wiped_epoch_;
}

// Every voter must be there with its own disk: none is being replaced, or waits for that.
bool FaultDriver::wiped_voter_is_away() {
  if (wiped_controller_.empty()) return false;
  ControllerProcess* const active = cluster_.active_controller();
  ControllerProcess* const process = cluster_.controller(wiped_controller_);
  if (active == nullptr || process == nullptr) return true;
  const raft::Status status = active->node().status();
  return std::any_of(status.members.begin(), status.members.end(), [&](const auto& member) {
    return member.kind == raft::MemberKind::kVoter &&
           Cluster::controller_name(member.id.value()) == wiped_controller_ &&
           member.directory != process->directory_id();
  });
}

bool FaultDriver::may_wipe_controller(const std::string& name) {
  ControllerProcess* const active = cluster_.active_controller();
  if (active == nullptr || !cluster_.running(name)) return false;
  // Its file names itself alone: blank, it would found a cluster of its own.
  if (options_.cluster.controllers == 1) return false;
  const raft::Status status = active->node().status();
  size_t voters = 0;
  bool votes = false;
  for (const raft::ProgressView& member : status.members) {
    if (member.kind != raft::MemberKind::kVoter) continue;
    const std::string machine = Cluster::controller_name(member.id.value());
    ControllerProcess* const process = cluster_.controller(machine);
    if (process == nullptr || process->directory_id() != member.directory) return false;
    if (process->node().term() > active->node().term()) return false;  // old news
    if (member.match < status.commit) return false;
    votes |= machine == name;
    ++voters;
  }
  const std::vector<Operation>& operations = options_.workload.operators.operations;
  const bool replaced =
      std::find(operations.begin(), operations.end(), Operation::kChangeVoters) != operations.end();
  return votes && voters >= 3 && !status.change_pending && replaced;
}

bool FaultDriver::strike(const PlannedFault& fault) {
  const std::vector<std::string>& all = cluster_.names();
  const std::vector<std::string> controllers = cluster_.controller_names();
  const std::vector<std::string> brokers = cluster_.broker_names();
  const std::string anybody = all[fault.who % all.size()];
  const std::string another = all[fault.other % all.size()];
  const std::string& a_broker = brokers[fault.who % brokers.size()];
  const std::string& a_controller = controllers[fault.who % controllers.size()];
  const auto random = seeded_random(fault.more);
  SimNetwork& network = cluster_.network();
  switch (fault.kind) {
    case Fault::kKillBroker:
    case Fault::kKillController:
    case Fault::kKillActiveController: {
      const std::string name = fault.kind == Fault::kKillBroker ? a_broker
                               : fault.kind == Fault::kKillController
                                   ? a_controller
                                   : cluster_.active_controller_name();
      if (name.empty() || !cluster_.running(name)) return false;
      note(fault, name);
      cluster_.kill(name);
      start_later(name, fault.length);
      return true;
    }
    case Fault::kPowerBroker:
    case Fault::kPowerController: {
      const std::string name = fault.kind == Fault::kPowerBroker ? a_broker : a_controller;
      if (!cluster_.running(name)) return false;
      note(fault, name);
      cluster_.cut_power(name);
      start_later(name, fault.length);
      return true;
    }
    case Fault::kKillAll:
    case Fault::kPowerAll:
      note(fault, "");
      for (const std::string& name : all) {
        if (fault.kind == Fault::kKillAll) {
          cluster_.kill(name);
        } else {
          cluster_.cut_power(name);
        }
        start_later(name, Duration(1 + static_cast<int64_t>(random->below(
                                           static_cast<uint64_t>(fault.length.count())))));
      }
      return true;
    case Fault::kStopBroker:
      if (!cluster_.running(a_broker) || wiped_one_is_away()) return false;
      note(fault, a_broker);
      cluster_.stop(a_broker);
      start_later(a_broker, fault.length);
      return true;
    case Fault::kWipeBroker:
      if (!cluster_.running(a_broker) || !may_wipe(a_broker)) return false;
      note(fault, a_broker);
      cluster_.cut_power(a_broker);
      cluster_.wipe(a_broker);
      start_later(a_broker, fault.length);
      return true;
    case Fault::kPauseBroker:
    case Fault::kPauseController: {
      const std::string name = fault.kind == Fault::kPauseBroker ? a_broker : a_controller;
      if (!cluster_.running(name) || cluster_.paused(name)) return false;
      note(fault, name);
      cluster_.pause(name);
      later(fault.length, [this, name] { cluster_.resume(name); });
      return true;
    }
    case Fault::kIsolate:
      note(fault, anybody);
      network.reachability().isolate(anybody);
      later(fault.length, [this, name = anybody] {
        cluster_.note(absl::StrCat("rejoin ", name));
        cluster_.network().reachability().rejoin(name);
      });
      return true;
    case Fault::kCutOneWay:
      if (anybody == another) return false;
      note(fault, absl::StrCat(anybody, " -> ", another));
      network.reachability().cut_one_way(anybody, another);
      later(fault.length, [this, from = anybody, to = another] {
        cluster_.note(absl::StrCat("mend ", from, " - ", to));
        cluster_.network().reachability().mend(from, to);
      });
      return true;
    case Fault::kPartition: {
      std::vector<std::string> one;
      std::vector<std::string> other;
      for (const std::string& name : all) (random->chance(50) ? one : other).push_back(name);
      note(fault, absl::StrJoin(one, " ") + " | " + absl::StrJoin(other, " "));
      network.reachability().partition(one, other);
      later(fault.length, [this] {
        cluster_.note("heal the network");
        cluster_.network().reachability().heal();
      });
      return true;
    }
    case Fault::kBreakLinks:
      if (anybody == another) return false;
      note(fault, absl::StrCat(anybody, " - ", another));
      network.break_links(anybody, another);
      return true;
    case Fault::kSlowDisk: {
      const Duration latency(static_cast<int64_t>(1000 + random->below(200'000)));
      note(fault, absl::StrCat(anybody, ": ", latency.count(), " us"));
      cluster_.disk(anybody).set_sync_latency(latency);
      later(fault.length, [this, name = anybody] {
        cluster_.disk(name).set_sync_latency(options_.cluster.sync_latency);
      });
      return true;
    }
    case Fault::kHangDisk:
      note(fault, anybody);
      cluster_.disk(anybody).hold_syncs(true);
      later(fault.length, [this, name = anybody] {
        cluster_.note(absl::StrCat("let go disk ", name));
        cluster_.disk(name).hold_syncs(false);
      });
      return true;
    case Fault::kFailSyncs:
      // With one voter lost, one more that may not vote for a while (S6) is the majority.
      if (!Cluster::is_broker(anybody) && wiped_voter_is_away()) return false;
      note(fault, absl::StrCat(anybody, ": the next one"));
      cluster_.disk(anybody).fail_syncs(1);
      return true;
    case Fault::kRestartLoop:
      if (!cluster_.running(anybody)) return false;
      note(fault, anybody);
      cluster_.cut_power(anybody);
      restart_again(anybody, fault.more, static_cast<int>(1 + random->below(5)));
      return true;
    case Fault::kCutPair:
      if (anybody == another) return false;
      note(fault, absl::StrCat(anybody, " - ", another));
      network.reachability().cut(anybody, another);
      later(fault.length, [this, a = anybody, b = another] {
        cluster_.note(absl::StrCat("mend ", a, " - ", b));
        cluster_.network().reachability().mend(a, b);
      });
      return true;
    case Fault::kSwizzle:
      note(fault, anybody);
      for (const std::string& other : all) {
        if (other == anybody) continue;
        const Duration begin = within(*random, fault.length);
        const Duration end = fault.length + within(*random, fault.length);
        later(begin, [this, a = anybody, b = other] {
          if (!healed_) cluster_.network().reachability().cut(a, b);
        });
        later(end,
              [this, a = anybody, b = other] { cluster_.network().reachability().mend(a, b); });
      }
      return true;
    case Fault::kThinOut: {
      note(fault, "");
      // One after the other, each long enough after the one before to have left the in-sync sets.
      Duration at{0};
      for (size_t i = 0; i < brokers.size(); ++i) {
        const std::string& name = brokers[(fault.who + i) % brokers.size()];
        later(at, [this, name, i] {
          if (healed_ || !cluster_.running(name)) return;
          if (i % 2 == 0) {
            cluster_.cut_power(name);
          } else {
            cluster_.kill(name);
          }
        });
        start_later(name, at + fault.length + within(*random, fault.length));
        at += within(*random, std::chrono::seconds(4));
      }
      return true;
    }
    case Fault::kFullDisk: {
      storage::MemoryDisk& disk = cluster_.disk(anybody);
      const auto space = disk.space("/");
      if (!space.ok()) return false;
      const uint64_t used = space->total_bytes - space->free_bytes;
      note(fault, anybody);
      disk.set_capacity(used + random->below(64 << 10));
      later(fault.length, [this, name = anybody] {
        cluster_.note(absl::StrCat("room on disk ", name));
        cluster_.disk(name).set_capacity(UINT64_MAX);
      });
      return true;
    }
    case Fault::kTornPower:
      if (!cluster_.running(anybody) || without_power_.count(anybody) != 0) return false;
      note(fault, anybody);
      cluster_.disk(anybody).power_off_after(random->below(20));
      without_power_.insert(anybody);
      later(within(*random, fault.length), [this, name = anybody] { end_of_power(name); });
      start_later(anybody, 2 * fault.length);
      return true;
    case Fault::kStepClock: {
      SimExecutor* const process = cluster_.simulation().node(anybody);
      if (!cluster_.running(anybody) || process == nullptr) return false;
      const Duration by = within(*random, std::chrono::seconds(1200)) - std::chrono::seconds(600);
      note(fault, absl::StrCat(anybody, " by ", by.count() / 1000, " ms"));
      process->step_wall(by);
      return true;
    }
    case Fault::kWipeController:
      if (!may_wipe_controller(a_controller)) return false;
      note(fault, a_controller);
      cluster_.cut_power(a_controller);
      cluster_.wipe(a_controller);
      wiped_controller_ = a_controller;
      start_later(a_controller, fault.length);
      return true;
    case Fault::kLieAboutSyncs:
      note(fault, a_broker);
      cluster_.disk(a_broker).lie_about_syncs(true);
      later(fault.length, [this, name = a_broker] {
        cluster_.cut_power(name);
        cluster_.disk(name).lie_about_syncs(false);
      });
      start_later(a_broker, 2 * fault.length);
      return true;
    case Fault::kOldImage:
      note(fault, a_broker);
      later(fault.length, [this, name = a_broker, image = cluster_.disk(a_broker).image()] {
        if (healed_) return;
        cluster_.cut_power(name);
        cluster_.disk(name).restore(image);
        cluster_.start(name);
      });
      return true;
    case Fault::kBitRot:
    case Fault::kCutTail: {
      const std::vector<std::string> files = cluster_.log_files(a_broker);
      if (files.empty()) return false;
      const std::string& file = files[random->below(files.size())];
      storage::MemoryDisk& disk = cluster_.disk(a_broker);
      const auto content = storage::read_file(disk, file);
      if (!content.ok() || content->empty()) return false;
      const uint64_t at = random->below(content->size());
      note(fault, absl::StrCat(a_broker, ": ", file, " at ", at));
      if (fault.kind == Fault::kBitRot) {
        disk.flip_bit(file, at, static_cast<int>(random->below(8)));
        return true;
      }
      cluster_.cut_power(a_broker);
      if (random->chance(50)) {
        disk.cut_tail(file, content->size() - at);
      } else {
        disk.zero_tail(file, content->size() - at);
      }
      start_later(a_broker, fault.length);
      return true;
    }
    case Fault::kWipeAnything:
      note(fault, a_broker);
      cluster_.cut_power(a_broker);
      cluster_.wipe(a_broker);
      start_later(a_broker, fault.length);
      return true;
  }
  return false;
}

// The process has noticed already, or does so now. What was not synced is lost.
void FaultDriver::end_of_power(std::string name) {
  if (without_power_.erase(name) == 0) return;
  if (cluster_.running(name)) return cluster_.cut_power(name);
  cluster_.disk(name).crash(*seeded_random(cluster_.simulation().events_run()));
}

// It dies as it was about to recover, or has just recovered, or a little later.
void FaultDriver::restart_again(const std::string& name, uint64_t seed, int times) {
  const auto random = seeded_random(seed);
  const Duration down = within(*random, std::chrono::milliseconds(200));
  const Duration up = within(*random, std::chrono::milliseconds(random->chance(50) ? 5 : 300));
  const bool power = random->chance(60);
  later(down, [this, name, seed, times, up, power] {
    if (!cluster_.running(name)) cluster_.start(name);
    if (times == 0 || healed_) return;
    later(up, [this, name, seed, times, power] {
      if (healed_ || !cluster_.running(name)) return;
      if (power) {
        cluster_.cut_power(name);
      } else {
        cluster_.kill(name);
      }
      restart_again(name, seed + 1, times - 1);
    });
  });
}

void FaultDriver::heal() {
  healed_ = true;
  cluster_.note("heal everything");
  cluster_.network().reachability().heal();
  while (!without_power_.empty()) end_of_power(*without_power_.begin());
  for (const std::string& name : cluster_.names()) {
    cluster_.resume(name);
    storage::MemoryDisk& disk = cluster_.disk(name);
    disk.set_sync_latency(options_.cluster.sync_latency);
    disk.hold_syncs(false);
    disk.fail_syncs(0);
    disk.set_capacity(UINT64_MAX);
    disk.lie_about_syncs(false);
  }
}

}  // namespace barnabas::simulation
