// The active controller's dealings with brokers as such: registration, heartbeats, fencing,
// controlled shutdown. What to commit is decided in decide/, when to fence in liveness.h; this is
// the shell around both, with the timer and the probes.
//
// A new incarnation waits while the one before it may still live (S12): until a probe of the old
// one's address is refused, its fence is committed, or it has been silent for a session timeout. If
// instead the old one keeps talking, the new one is the duplicate and is told to exit.
//
// Single-threaded, on the controller's loop.

#pragma once

#include <absl/functional/any_invocable.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/executor.h"
#include "common/transport.h"
#include "controller/decide/decided.h"
#include "controller/decide/registration.h"
#include "controller/ledger.h"
#include "controller/liveness.h"
#include "proto/session.pb.h"

namespace barnabas::controller {

class Brokers {
 public:
  struct Options {
    Liveness::Options liveness;
    Duration probe_again = std::chrono::milliseconds(100);
    // So long may one that has come back hold up the watermarks of its partitions before it serves.
    Duration return_limit = std::chrono::seconds(10);
  };
  Brokers(Ledger& ledger, Executor& loop, Transport& transport, const Limits& limits,
          Options options);
  ~Brokers();

  void active(const std::string& cluster_id);
  void passive();
  const std::string& cluster_id() const { return cluster_id_; }

  struct Outcome {
    Failure failure;
    bool final = false;  // the broker must exit
    BrokerEpoch epoch = kNoBrokerEpoch;
  };
  // Nothing: not decided here; ask again, perhaps another controller.
  using Registered = absl::AnyInvocable<void(std::optional<Outcome>)>;
  void register_broker(const proto::Register& command, Registered done);

  void attached(Incarnation who);
  void closed(Incarnation who);
  proto::HeartbeatAnswer heartbeat(Incarnation who, const proto::Heartbeat& heartbeat);
  // It leads nothing any more, and every live broker knows.
  bool may_stop(Incarnation who) const;
  // After a run of commits.
  void committed();

  struct View {
    Duration since_heartbeat;
    LogIndex applied;
  };
  std::optional<View> view(Incarnation who) const;

 private:
  struct Waiting {
    proto::Register command;
    Registered done;
    Instant since;
    Instant deadline;
    Instant probe_at;
    bool old_is_dead = false;
  };

  void try_register(BrokerId broker);
  void settle(BrokerId broker, std::optional<Outcome> outcome);
  void commit_registration(BrokerId broker, const Registration& decided);
  void check_waiting(BrokerId broker);
  bool must_wait(const Waiting& waiting) const;
  void fence(const std::vector<Incarnation>& gone, const char* why);
  void change(Incarnation who, const proto::Heartbeat& heartbeat);
  void take_out_of_service(Incarnation who, const proto::Heartbeat& heartbeat);
  void probe(Incarnation who, absl::AnyInvocable<void(Probe)> done);
  void arm();
  void on_timer();
  Instant now() const { return loop_.now(); }

  Ledger& ledger_;
  Executor& loop_;
  Transport& transport_;
  const Limits& limits_;
  const Options options_;
  std::string cluster_id_;
  Liveness liveness_;
  std::map<BrokerId, Waiting> waiting_;
  std::map<Incarnation, LogIndex> applied_;     // by their heartbeats
  std::map<Incarnation, LogIndex> stop_after_;  // what others must have applied before it stops
  std::map<Incarnation, Instant> returning_since_;
  TimerId timer_ = 0;
  Instant timer_when_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace barnabas::controller
