#include "tests/simulation/groups.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

namespace barnabas::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kBetweenLooks = milliseconds(200);
constexpr Duration kGoodbye = seconds(1);
constexpr Duration kCalmSession = seconds(20);
constexpr Duration kCalmCommit = seconds(5);
constexpr Duration kCalmFetch = seconds(10);
// A member's clock may be this wrong, in microseconds a second (F21).
constexpr int32_t kDriftMost = 50'000;

std::string group_name(int group) { return absl::StrCat("group-", group); }

}  // namespace

Groups::Groups(Cluster& cluster, GroupOptions options, Findings& findings)
    : cluster_(cluster),
      options_(options),
      findings_(findings),
      random_(cluster.fork("groups")),
      checks_(findings) {}

Groups::~Groups() {
  for (const auto& slot : slots_) end_all(*slot);
}

void Groups::later(Duration delay, Task task) {
  cluster_.simulation().after(
      delay, [task = std::move(task), alive = std::weak_ptr<char>(alive_)]() mutable {
        if (!alive.expired()) task();
      });
}

Duration Groups::up_to(Duration most) {
  return Duration(static_cast<int64_t>(random_->below(static_cast<uint64_t>(most.count()) + 1)));
}

void Groups::start(std::vector<std::string> topics, int partitions) {
  topics_ = std::move(topics);
  partitions_ = partitions;
  for (int group = 0; group < options_.groups; ++group) {
    for (int number = 0; number < options_.members; ++number) {
      Slot& slot = *slots_.emplace_back(std::make_unique<Slot>());
      slot.group = group;
      slot.number = number;
      spawn_later(slot, seconds(2));
    }
  }
  if (!slots_.empty()) later(kBetweenLooks, [this] { reap(); });
}

void Groups::spawn_later(Slot& slot, Duration most) {
  slot.awaited = true;
  later(up_to(most), [this, &slot] {
    slot.awaited = false;
    spawn(slot);
  });
}

void Groups::spawn(Slot& slot) {
  auto process = std::make_unique<Process>();
  process->node = absl::StrCat("g", slot.group, "m", slot.number, "#", ++slot.starts);
  cluster_.note(absl::StrCat("member ", process->node, " starts"));
  ClockError error;
  error.drift_ppm = static_cast<int32_t>(random_->below(2 * kDriftMost + 1)) - kDriftMost;
  SimExecutor& loop = cluster_.simulation().start_node(process->node, error);
  const auto client = [&](const char* use) {
    return std::make_unique<Client>(cluster_.network(), loop,
                                    random_->fork(absl::StrCat(process->node, use)),
                                    cluster_.bootstrap());
  };
  process->coordinator = client("coordinator");
  process->data = client("data");
  GroupMemberOptions member;
  member.group = group_name(slot.group);
  member.topics = topics_;
  member.cooperative = options_.cooperative && slot.group % 2 == 0;
  if (options_.statics && slot.number % 2 == 0) {
    member.instance_id = absl::StrCat(member.group, "-instance-", slot.number);
  }
  member.session_timeout = options_.session_timeout;
  if (calm_) {
    member.heartbeat_every = member.commit_every = kCalmCommit;
    member.fetch_wait = kCalmFetch;
  }
  process->member = std::make_unique<GroupMember>(*process->coordinator, *process->data,
                                                  std::move(member), findings_, checks_);
  slot.processes.push_back(std::move(process));
  if (options_.restless && !finishing_)
    later(up_to(options_.life_max), [this, &slot] { live(slot); });
}

void Groups::end(Slot& slot, const std::string& node) {
  const auto found = std::find_if(slot.processes.begin(), slot.processes.end(),
                                  [&](const auto& process) { return process->node == node; });
  if (found == slot.processes.end()) return;
  cluster_.network().reachability().rejoin(node);
  cluster_.simulation().kill(node);
  // The member calls its clients until it is gone.
  (*found)->member.reset();
  slot.processes.erase(found);
}

void Groups::end_all(Slot& slot) {
  while (!slot.processes.empty()) end(slot, slot.processes.back()->node);
}

void Groups::live(Slot& slot) {
  if (finishing_ || slot.processes.empty()) return;
  strike(slot, *slot.processes.back());
  ++deaths_;
}

// What befalls a process after it has lived for a while.
void Groups::strike(Slot& slot, Process& process) {
  const std::string node = process.node;
  const auto again = [this, &slot] {
    later(up_to(options_.life_max), [this, &slot] { live(slot); });
  };
  const uint64_t draw = random_->below(100);
  if (draw < 35) {
    cluster_.note(absl::StrCat("member ", node, " is killed"));
    end(slot, node);
    return spawn_later(slot, 2 * options_.session_timeout);
  }
  if (draw < 55) {
    cluster_.note(absl::StrCat("member ", node, " leaves"));
    cluster_.simulation().node(node)->post([member = process.member.get()] { member->leave(); });
    return later(kGoodbye, [this, &slot, node] {
      if (finishing_) return;
      end(slot, node);
      if (slot.processes.empty() && !slot.awaited) spawn_later(slot, options_.session_timeout);
    });
  }
  if (draw < 75) {
    cluster_.note(absl::StrCat("member ", node, " sleeps"));
    process.paused = true;
    cluster_.simulation().pause(node);
    later(up_to(2 * options_.session_timeout), [this, &slot, node] {
      for (const auto& one : slot.processes) {
        if (one->node != node || !one->paused) continue;
        cluster_.note(absl::StrCat("member ", node, " wakes"));
        one->paused = false;
        cluster_.simulation().resume(node);
      }
    });
    return again();
  }
  if (draw < 90) {
    cluster_.note(absl::StrCat("member ", node, " is cut off"));
    cluster_.network().reachability().isolate(node);
    later(up_to(2 * options_.session_timeout),
          [this, node] { cluster_.network().reachability().rejoin(node); });
    return again();
  }
  // Somebody starts it a second time while it runs (F25).
  cluster_.note(absl::StrCat("member ", node, " gets a twin"));
  spawn(slot);
}

void Groups::reap() {
  for (const auto& slot : slots_) {
    std::vector<std::string> over;
    for (const auto& process : slot->processes) {
      if (process->member->over()) over.push_back(process->node);
    }
    for (const std::string& node : over) end(*slot, node);
    if (!slot->processes.empty() || slot->awaited) continue;
    if (finishing_) {
      spawn(*slot);
    } else {
      spawn_later(*slot, options_.session_timeout);
    }
  }
  later(kBetweenLooks, [this] { reap(); });
}

void Groups::slow_down() {
  if (calm_) return;
  calm_ = true;
  options_.life_max = 30 * options_.life_max;
  options_.session_timeout = std::max<Duration>(options_.session_timeout, kCalmSession);
  replace_all();
}

void Groups::finish() {
  finishing_ = true;
  calm_ = false;
  replace_all();
}

void Groups::replace_all() {
  for (const auto& slot : slots_) {
    end_all(*slot);
    if (!slot->awaited) spawn(*slot);
  }
}

std::vector<GroupPlace> Groups::places() const {
  std::vector<GroupPlace> out;
  for (int group = 0; group < options_.groups; ++group) {
    for (const std::string& topic : topics_) {
      for (int partition = 0; partition < partitions_; ++partition) {
        out.push_back({group_name(group), topic, partition});
      }
    }
  }
  return out;
}

bool Groups::finished(KnownEnd known_end) const {
  const std::vector<GroupPlace> all = places();
  return std::all_of(all.begin(), all.end(), [&](const GroupPlace& place) {
    const Offset end = known_end({place.topic, place.partition});
    return checks_.processed.end(place) >= end && checks_.committed.acknowledged(place) >= end;
  });
}

std::string Groups::unfinished(KnownEnd known_end) const {
  if (finished(known_end)) return "";
  std::string out;
  for (const GroupPlace& place : places()) {
    const Offset end = known_end({place.topic, place.partition});
    if (checks_.committed.acknowledged(place) >= end) continue;
    absl::StrAppend(&out, place.text(), " is committed to ",
                    checks_.committed.acknowledged(place).value(), " and processed to ",
                    checks_.processed.end(place).value(), " of ", end.value(), "; ");
  }
  for (const auto& slot : slots_) {
    for (const auto& process : slot->processes) {
      absl::StrAppend(&out, process->node, " is ", process->member->describe(), "; ");
    }
  }
  return out;
}

}  // namespace barnabas::simulation
