// One voter on a test's bench: the real core, run as the daemon's node runs it, over a TestDisk.
// The test decides when syncs complete, and hears of everything through the hooks.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "raft/core/core.h"
#include "raft/testing/test_disk.h"

namespace barnabas::raft::testing {

class TestNode {
 public:
  struct Hooks {
    // Before each single effect. True: the process dies here, and nothing after it happens.
    std::function<bool()> dies_now = [] { return false; };
    std::function<void(const Message&)> send = [](const Message&) {};
    std::function<void(const Entry&)> apply = [](const Entry&) {};
    std::function<void(const Entry&, Term previous)> appended = [](const Entry&, Term) {};
    std::function<void(const absl::StatusOr<LogIndex>&)> proposed = [](const auto&) {};
    std::function<void(const absl::StatusOr<LogIndex>&)> changed = [](const auto&) {};
    std::function<void(const absl::Status&)> transfer_refused = [](const absl::Status&) {};
    std::function<void(const ReadOutcome&)> read = [](const ReadOutcome&) {};
    std::function<void(const SnapshotFetch&)> fetch = [](const SnapshotFetch&) {};
    std::function<void(const SnapshotOffer&)> installed = [](const SnapshotOffer&) {};
    std::function<void(const RoleChange&)> role = [](const RoleChange&) {};
    std::function<void()> ready = [] {};
    // Something is to be synced that was not before.
    std::function<void()> log_dirty = [] {};
    std::function<void()> hard_state_dirty = [] {};
    std::function<void()> stepped = [] {};
  };

  TestNode(CoreOptions options, uint64_t seed, Hooks hooks);

  // Starts a process on what the disk holds, with the state machine at `applied`.
  void start(LogIndex applied, Instant now);
  bool running() const { return core_ != nullptr; }
  // A kill -9 that loses what was not synced.
  void crash(Random& random);

  void step(Event event, Instant now);

  // One sync of the log, in two halves; nothing may be appended unseen in between.
  bool log_needs_sync() const { return running() && (disk_.dirty() || sync_again_); }
  bool log_syncing() const { return log_sync_.has_value(); }
  // What is being synced has been replaced meanwhile.
  bool log_sync_is_stale() const {
    return log_sync_.has_value() && !core_->log().matches(log_sync_->ticket.last);
  }
  void begin_log_sync();
  void complete_log_sync(Instant now);
  // One write of the hard state; the newest one wins.
  bool hard_state_needs_sync() const { return running() && pending_hard_.has_value(); }
  void complete_hard_state_sync(Instant now);

  Core& core() { return *core_; }
  const Core& core() const { return *core_; }
  TestDisk& disk() { return disk_; }
  const TestDisk& disk() const { return disk_; }
  const VoterId& id() const { return options_.self; }
  uint64_t boot() const { return options_.boot; }
  Instant next_timer() const { return next_timer_; }
  // The state machine's place; the test may let parts of it survive.
  LogIndex applied() const { return applied_; }
  void mark_abstaining();

 private:
  void run(Effects effects, Instant now);
  bool run_storage(Effects& effects);

  CoreOptions options_;
  const uint64_t seed_;
  Hooks hooks_;
  TestDisk disk_;
  std::unique_ptr<Core> core_;
  Instant next_timer_;
  LogIndex applied_;
  bool sync_again_ = false;
  struct LogSync {
    TestDisk::Ticket ticket;
    Term issued_in;
  };
  std::optional<LogSync> log_sync_;
  std::optional<HardState> pending_hard_;
  std::vector<Message> held_;  // until the hard state is durable
};

}  // namespace barnabas::raft::testing
