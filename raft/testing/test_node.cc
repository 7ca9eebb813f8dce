#include "raft/testing/test_node.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

namespace barnabas::raft::testing {

TestNode::TestNode(CoreOptions options, uint64_t seed, Hooks hooks)
    : options_(std::move(options)), seed_(seed), hooks_(std::move(hooks)) {}

void TestNode::start(LogIndex applied, Instant now) {
  CHECK(!running());
  ++options_.boot;
  applied_ = applied;
  sync_again_ = false;
  log_sync_.reset();
  pending_hard_.reset();
  held_.clear();
  Recovered recovered{disk_.durable_hard_state(), disk_.shape(), applied, disk_.snapshot(),
                      disk_.configurations()};
  core_ = std::make_unique<Core>(options_, std::move(recovered), disk_,
                                 seeded_random(seed_ * 1000 + options_.boot), now);
  next_timer_ = core_->next_timer();
}

void TestNode::crash(Random& random) {
  core_.reset();
  disk_.crash(random);
}

void TestNode::mark_abstaining() {
  CHECK(!running());
  HardState state = disk_.durable_hard_state();
  state.abstaining = true;
  disk_.write_hard_state(state);
  disk_.complete_hard_state(state);
}

void TestNode::step(Event event, Instant now) {
  CHECK(running());
  Effects effects;
  core_->step(std::move(event), now, effects);
  run(std::move(effects), now);
  if (running()) hooks_.stepped();
}

bool TestNode::run_storage(Effects& effects) {
  if (effects.persist.has_value()) {
    if (hooks_.dies_now()) return false;
    disk_.write_hard_state(*effects.persist);
    pending_hard_ = effects.persist;
    hooks_.hard_state_dirty();
  }
  if (effects.truncate_above.has_value()) {
    if (hooks_.dies_now()) return false;
    disk_.truncate_above(*effects.truncate_above);
  }
  for (const Entry& entry : effects.append) {
    if (hooks_.dies_now()) return false;
    const LogImage& log = disk_.written();
    const Term previous = log.entries.empty() ? log.base.term : log.entries.back().term;
    disk_.append(entry);
    hooks_.appended(entry, previous);
  }
  sync_again_ = sync_again_ || effects.sync_again;
  if (log_needs_sync()) hooks_.log_dirty();
  return true;
}

void TestNode::run(Effects effects, Instant now) {
  CHECK(effects.fatal.ok()) << effects.fatal;
  next_timer_ = effects.next_timer;
  if (!run_storage(effects)) return;
  for (const Message& message : effects.send_now) {
    if (hooks_.dies_now()) return;
    hooks_.send(message);
  }
  held_.insert(held_.end(), effects.send_after_sync.begin(), effects.send_after_sync.end());
  if (effects.role.has_value()) hooks_.role(*effects.role);
  if (effects.changed.has_value()) hooks_.changed(*effects.changed);
  if (effects.transfer_refused.has_value()) hooks_.transfer_refused(*effects.transfer_refused);
  if (effects.proposed.has_value()) hooks_.proposed(*effects.proposed);
  for (const Entry& entry : effects.apply) {
    if (hooks_.dies_now()) return;
    CHECK(entry.index == applied_.next()) << "applied out of order";
    hooks_.apply(entry);
    applied_ = entry.index;
  }
  for (const ReadOutcome& outcome : effects.reads) hooks_.read(outcome);
  if (effects.fetch.has_value()) hooks_.fetch(*effects.fetch);
  if (effects.ready) hooks_.ready();
  if (effects.install.has_value()) {
    if (hooks_.dies_now()) return;
    disk_.install(*effects.install);
    applied_ = effects.install->last.index;
    hooks_.installed(*effects.install);
    step(SnapshotInstalled{*effects.install}, now);
  }
  if (!effects.apply.empty() && running()) step(Applied{effects.apply.back().index}, now);
}

void TestNode::begin_log_sync() {
  CHECK(running() && !log_sync_.has_value());
  sync_again_ = false;
  log_sync_ = LogSync{disk_.begin_sync(), core_->term()};
}

void TestNode::complete_log_sync(Instant now) {
  const LogSync sync = *std::exchange(log_sync_, std::nullopt);
  disk_.complete_sync(sync.ticket);
  step(AppendDone{sync.ticket.last, sync.issued_in}, now);
}

void TestNode::complete_hard_state_sync(Instant now) {
  const HardState state = *std::exchange(pending_hard_, std::nullopt);
  disk_.complete_hard_state(state);
  const std::vector<Message> released = std::exchange(held_, {});
  for (const Message& message : released) {
    if (hooks_.dies_now()) return;
    hooks_.send(message);
  }
  step(HardStateDone{state}, now);
}

}  // namespace barnabas::raft::testing
