// The consumer groups of a run: members that come, work, die, sleep, leave, lose the network and
// come back, each a process of its own on a machine of its own, while brokers that coordinate them
// die as well (F50). In the end all members live, and everything has to be processed and committed.

#pragma once

#include <absl/functional/function_ref.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/cluster.h"
#include "tests/simulation/group_member.h"

namespace barnabas::simulation {

struct GroupOptions {
  int groups = 0;
  int members = 3;           // of each
  bool cooperative = false;  // every other group; the others are eager
  bool statics = false;      // every other member has an instance id
  bool restless = true;      // members die and come back
  Duration session_timeout = std::chrono::seconds(2);
  Duration life_max = std::chrono::seconds(6);
};

class Groups {
 public:
  using KnownEnd = absl::FunctionRef<Offset(const TopicPartition&)>;

  Groups(Cluster& cluster, GroupOptions options, Findings& findings);
  ~Groups();

  void start(std::vector<std::string> topics, int partitions);
  // From now on at a human pace: all members are replaced by such as ask seldom and live long.
  void slow_down();
  // All processes are replaced by new ones, which live on.
  void finish();
  // Have all groups processed and committed everything?
  bool finished(KnownEnd known_end) const;
  std::string unfinished(KnownEnd known_end) const;

  uint64_t generations_with_owners() const { return checks_.owners.count(); }
  uint64_t commits() const { return checks_.fenced.count(); }
  uint64_t deaths() const { return deaths_; }

 private:
  // One process of a member.
  struct Process {
    std::string node;
    std::unique_ptr<Client> coordinator;
    std::unique_ptr<Client> data;
    std::unique_ptr<GroupMember> member;
    bool paused = false;
  };
  // A member, as whoever runs it sees it: it has one process, or none for a while, or for a moment
  // two.
  struct Slot {
    int group = 0;
    int number = 0;
    int starts = 0;
    bool awaited = false;  // a process will start
    std::vector<std::unique_ptr<Process>> processes;
  };

  void spawn(Slot& slot);
  void replace_all();
  void spawn_later(Slot& slot, Duration most);
  void end(Slot& slot, const std::string& node);
  void end_all(Slot& slot);
  void live(Slot& slot);
  void strike(Slot& slot, Process& process);
  void reap();
  Duration up_to(Duration most);
  void later(Duration delay, Task task);
  std::vector<GroupPlace> places() const;

  Cluster& cluster_;
  GroupOptions options_;
  Findings& findings_;
  std::unique_ptr<Random> random_;
  GroupChecks checks_;
  std::vector<std::string> topics_;
  int partitions_ = 0;
  std::vector<std::unique_ptr<Slot>> slots_;
  bool calm_ = false;
  bool finishing_ = false;
  uint64_t deaths_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace barnabas::simulation
