#include "controller/brokers.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>

#include "controller/decide/fencing.h"
#include "controller/decide/offline_replicas.h"
#include "controller/decide/partition_sweep.h"
#include "controller/decide/registration.h"

namespace barnabas::controller {

using metadata::BrokerImage;

namespace {

// A timer that fires so late means that this process was stopped.
constexpr Duration kStall = std::chrono::milliseconds(300);

Incarnation incarnation_of(const BrokerImage& broker) { return {broker.id, broker.epoch}; }

}  // namespace

Brokers::Brokers(Ledger& ledger, Executor& loop, Transport& transport, const Limits& limits,
                 Options options)
    : ledger_(ledger),
      loop_(loop),
      transport_(transport),
      limits_(limits),
      options_(options),
      liveness_(options.liveness) {}

Brokers::~Brokers() { loop_.cancel(timer_); }

void Brokers::active(const std::string& cluster_id) {
  cluster_id_ = cluster_id;
  std::vector<Incarnation> counted;
  for (const auto& [id, broker] : ledger_.committed().brokers()) {
    if (!broker.fenced || broker.returning) counted.push_back(incarnation_of(broker));
  }
  liveness_.reset(counted, now());
  arm();
}

void Brokers::passive() {
  loop_.cancel(timer_);
  timer_ = 0;
  applied_.clear();
  stop_after_.clear();
  returning_since_.clear();
  for (auto& [broker, waiting] : std::exchange(waiting_, {})) waiting.done(std::nullopt);
}

void Brokers::register_broker(const proto::Register& command, Registered done) {
  const BrokerId broker{command.broker()};
  Waiting waiting{
      command, std::move(done),
      now(),   now() + options_.liveness.session_timeout + std::chrono::milliseconds(500),
      now(),   false};
  // One that asks again on another link has waited since it first asked.
  if (const auto before = waiting_.find(broker);
      before != waiting_.end() && before->second.command.incarnation() == command.incarnation()) {
    waiting.since = before->second.since;
    waiting.deadline = before->second.deadline;
    waiting.old_is_dead = before->second.old_is_dead;
  }
  settle(broker, std::nullopt);
  waiting_[broker] = std::move(waiting);
  try_register(broker);
  if (waiting_.count(broker) > 0) check_waiting(broker);
  arm();
}

void Brokers::settle(BrokerId broker, std::optional<Outcome> outcome) {
  const auto found = waiting_.find(broker);
  if (found == waiting_.end()) return;
  Registered done = std::move(found->second.done);
  waiting_.erase(found);
  done(std::move(outcome));
}

bool Brokers::must_wait(const Waiting& waiting) const {
  const BrokerImage* before = ledger_.working().broker(BrokerId{waiting.command.broker()});
  return before != nullptr && !before->fenced && !waiting.old_is_dead;
}

void Brokers::try_register(BrokerId broker) {
  const auto found = waiting_.find(broker);
  if (found == waiting_.end()) return;
  Waiting& waiting = found->second;
  const Registration decided =
      decide_registration(ledger_.working(), waiting.command, cluster_id_, limits_);
  if (!decided.failure.failed() && !decided.known) {
    if (!must_wait(waiting)) commit_registration(broker, decided);
    return;
  }
  Outcome outcome;
  outcome.failure = decided.failure;
  outcome.final = decided.failure.failed();
  if (decided.known) outcome.epoch = *decided.known;
  ledger_.commit({}, [done = std::move(waiting.done), outcome](Fate fate) mutable {
    done(fate == Fate::kCommitted ? std::optional(outcome) : std::nullopt);
  });
  waiting_.erase(found);
}

void Brokers::commit_registration(BrokerId broker, const Registration& decided) {
  const auto found = waiting_.find(broker);
  const LogIndex index = ledger_.next_index();
  if (decided.again) {
    // One decision for each turn of the loop: a broker may come back to very many partitions.
    found->second.probe_at = now() + options_.probe_again;
    ledger_.commit(decided.decision, [](Fate) {});
    // Refused, because too much is in flight: again with the next commit.
    if (!ledger_.is_active() || ledger_.working().index() < index) return;
    loop_.post([this, alive = std::weak_ptr(alive_), broker] {
      if (!alive.expired() && ledger_.is_active()) try_register(broker);
    });
    return;
  }
  Registered done = std::move(found->second.done);
  waiting_.erase(found);
  LOG(INFO) << "broker " << broker << " registers with epoch " << index;
  ledger_.commit(decided.decision, [this, alive = std::weak_ptr(alive_), done = std::move(done),
                                    broker, index](Fate fate) mutable {
    Outcome outcome;
    outcome.epoch = BrokerEpoch{index.value()};
    if (fate != Fate::kCommitted) return done(std::nullopt);
    // Its link may have closed meanwhile: it is in sync all the same.
    if (!alive.expired()) {
      liveness_.registered({broker, outcome.epoch}, now());
      arm();
    }
    done(outcome);
  });
}

void Brokers::check_waiting(BrokerId broker) {
  Waiting& waiting = waiting_.at(broker);
  const BrokerImage* before = ledger_.working().broker(broker);
  if (!must_wait(waiting)) return try_register(broker);
  const Incarnation old = incarnation_of(*before);
  if (now() >= waiting.deadline) {
    const std::optional<Instant> heard = liveness_.last_heard(old);
    if (!heard || *heard <= waiting.since) {
      waiting.old_is_dead = true;
      return try_register(broker);
    }
    Outcome outcome;
    outcome.failure = {
        ErrorCode::kDuplicateBrokerRegistration,
        absl::StrCat("Another process is broker ", broker.value(),
                     " and still sends heartbeats. Stop it, or give this one another node.id.")};
    outcome.final = true;
    return settle(broker, outcome);
  }
  if (waiting.probe_at > now()) return;
  waiting.probe_at = now() + options_.probe_again;
  probe(old, [this, broker, old](Probe result) {
    const auto found = waiting_.find(broker);
    if (found == waiting_.end() || result != Probe::kRefused) return;
    const BrokerImage* present = ledger_.working().broker(broker);
    if (present == nullptr || present->epoch != old.epoch) return;
    found->second.old_is_dead = true;
    try_register(broker);
  });
}

void Brokers::attached(Incarnation who) {
  liveness_.attached(who, now());
  const BrokerImage* broker = ledger_.committed().broker(who.broker);
  if (broker != nullptr && broker->epoch == who.epoch && broker->fenced && !broker->returning) {
    // Nothing to fence: a fenced broker's silence concerns nobody.
    liveness_.fenced(who);
  }
  arm();
}

void Brokers::closed(Incarnation who) {
  liveness_.closed(who, now());
  if (const auto found = waiting_.find(who.broker); found != waiting_.end()) {
    found->second.probe_at = now();
  }
  arm();
}

proto::HeartbeatAnswer Brokers::heartbeat(Incarnation who, const proto::Heartbeat& heartbeat) {
  proto::HeartbeatAnswer answer;
  answer.set_sequence(heartbeat.sequence());
  answer.set_commit(ledger_.committed().index().value());
  const BrokerImage* broker = ledger_.committed().broker(who.broker);
  if (broker == nullptr || broker->epoch != who.epoch) {
    set_error(
        answer.mutable_error(), ErrorCode::kStaleBrokerEpoch,
        absl::StrCat("Epoch ", who.epoch.value(), " of broker ", who.broker.value(), " is over."));
    return answer;
  }
  applied_[who] = LogIndex{heartbeat.applied()};
  if (broker->returning && !heartbeat.ready() &&
      now() - returning_since_.try_emplace(who, now()).first->second > options_.return_limit) {
    fence({who}, "it has not become ready in time");
  }
  if (broker->fenced && !broker->returning && !heartbeat.ready()) {
    liveness_.attached(who, now());
    liveness_.fenced(who);
  } else {
    liveness_.heard(who, now());
  }
  change(who, heartbeat);
  answer.set_fenced(broker->fenced);
  answer.set_may_shut_down(heartbeat.want_shutdown() && may_stop(who));
  arm();
  return answer;
}

void Brokers::change(Incarnation who, const proto::Heartbeat& heartbeat) {
  const BrokerImage* broker = ledger_.working().broker(who.broker);
  if (broker == nullptr || broker->epoch != who.epoch) return;
  if (heartbeat.offline_directories_size() >= static_cast<int>(broker->directories.size())) {
    if (broker->may_be_in_sync()) fence({who}, "its directories are offline");
    return;
  }
  if (heartbeat.offline_replicas_size() > 0) take_out_of_service(who, heartbeat);
  if (heartbeat.want_shutdown()) {
    liveness_.stopping(who);
    if (!broker->in_controlled_shutdown && !broker->fenced) {
      LOG(INFO) << "broker " << who.broker << " shuts down; its leaderships move";
      stop_after_[who] = ledger_.next_index();
      ledger_.commit(decide_controlled_shutdown(ledger_.working(), who, limits_), [](Fate) {});
    }
    stop_after_.try_emplace(who, ledger_.working().index());
    return;
  }
  if (heartbeat.ready() && broker->fenced && heartbeat.applied() >= who.epoch.value() &&
      heartbeat.offline_directories().empty()) {
    const proto::Decision decision = decide_unfence(ledger_.working(), who, limits_);
    if (decision.records().empty()) return;
    LOG(INFO) << "broker " << who.broker << " is unfenced";
    ledger_.commit(decision, [](Fate) {});
  }
}

// Before the broker is unfenced: a replica that it has lost must not be elected on its return.
void Brokers::take_out_of_service(Incarnation who, const proto::Heartbeat& heartbeat) {
  const proto::Decision decision =
      decide_offline_replicas(ledger_.working(), who, heartbeat.offline_replicas(), limits_);
  if (decision.records().empty()) return;
  LOG(WARNING) << "broker " << who.broker << " cannot serve " << decision.records_size()
               << " replica(s) that were counted on; one says: "
               << heartbeat.offline_replicas(0).reason();
  ledger_.commit(decision, [](Fate) {});
}

bool Brokers::may_stop(Incarnation who) const {
  const metadata::Image& image = ledger_.committed();
  const BrokerImage* broker = image.broker(who.broker);
  if (broker == nullptr || broker->epoch != who.epoch || broker->fenced) return true;
  if (!broker->in_controlled_shutdown) return false;
  for (const metadata::TopicPartition& id : image.partitions_of(who.broker)) {
    if (image.partition(id)->leader == who.broker) return false;
  }
  const auto target = stop_after_.find(who);
  if (target == stop_after_.end()) return false;
  for (const auto& [id, other] : image.brokers()) {
    if (id == who.broker || other.fenced || !liveness_.is_attached(incarnation_of(other))) continue;
    const auto applied = applied_.find(incarnation_of(other));
    if (applied == applied_.end() || applied->second < target->second) return false;
  }
  return true;
}

void Brokers::committed() {
  std::vector<BrokerId> ready;
  for (const auto& [broker, waiting] : waiting_) {
    if (!must_wait(waiting)) ready.push_back(broker);
  }
  for (BrokerId broker : ready) try_register(broker);
  const auto is_over = [this](const auto& entry) {
    const BrokerImage* broker = ledger_.working().broker(entry.first.broker);
    return broker == nullptr || broker->epoch > entry.first.epoch;
  };
  std::erase_if(applied_, is_over);
  std::erase_if(stop_after_, is_over);
  std::erase_if(returning_since_, is_over);
}

std::optional<Brokers::View> Brokers::view(Incarnation who) const {
  const std::optional<Instant> heard = liveness_.last_heard(who);
  const auto applied = applied_.find(who);
  if (!heard || applied == applied_.end()) return std::nullopt;
  return View{now() - *heard, applied->second};
}

void Brokers::fence(const std::vector<Incarnation>& gone, const char* why) {
  const proto::Decision decision = decide_fences(ledger_.working(), gone, limits_);
  for (const Incarnation& who : gone) liveness_.fenced(who);
  if (decision.records().empty()) return;
  for (const Incarnation& who : gone) {
    LOG(WARNING) << "broker " << who.broker << " (epoch " << who.epoch << ") is fenced: " << why;
  }
  ledger_.commit(decision, [this, gone, why, alive = std::weak_ptr(alive_)](Fate fate) {
    if (fate != Fate::kBusy || alive.expired()) return;
    loop_.after(std::chrono::milliseconds(100), [this, gone, why, alive] {
      if (!alive.expired() && ledger_.is_active()) fence(gone, why);
    });
  });
}

void Brokers::probe(Incarnation who, absl::AnyInvocable<void(Probe)> done) {
  const BrokerImage* broker = ledger_.working().broker(who.broker);
  if (broker == nullptr || broker->listeners.empty()) return;
  const metadata::ListenerAddress& listener = broker->listeners.front();
  const Endpoint at{listener.host.empty() ? broker->peer_host : listener.host, listener.port};
  if (at.host.empty()) return;
  transport_.probe(
      at, loop_,
      [this, alive = std::weak_ptr(alive_), done = std::move(done)](Probe result) mutable {
        if (alive.expired() || !ledger_.is_active()) return;
        done(result);
        arm();
      });
}

void Brokers::arm() {
  std::optional<Instant> when = liveness_.next();
  for (const auto& [broker, waiting] : waiting_) {
    const Instant next = std::min(waiting.probe_at, waiting.deadline);
    if (!when || next < *when) when = next;
  }
  // Deadlines mostly move away: a timer that is too early finds nothing due and is set again.
  if (!when || (timer_ != 0 && timer_when_ <= *when)) return;
  loop_.cancel(timer_);
  // What was due before it was asked for is not late: a fence that was put off is due at once when
  // the one that it waited for is heard, and that must not pass for a process that stood still.
  timer_when_ = std::max(*when, now());
  timer_ = loop_.at(timer_when_, [this] { on_timer(); });
}

void Brokers::on_timer() {
  timer_ = 0;
  if (!ledger_.is_active()) return;
  if (const Duration late = now() - timer_when_; late > kStall) {
    LOG(WARNING) << "this process stood still for "
                 << std::chrono::duration_cast<std::chrono::milliseconds>(late).count()
                 << " ms; brokers are given that time";
    liveness_.stalled(late);
  }
  const Liveness::Due due = liveness_.due(now());
  for (const Incarnation& who : due.probe) {
    probe(who, [this, who](Probe result) {
      if (liveness_.probed(who, result, now())) {
        fence({who}, "its link closed and nothing listens at its address");
      }
    });
  }
  if (!due.fence.empty()) fence(due.fence, "no heartbeat within the session timeout");
  std::vector<BrokerId> waiting;
  for (const auto& [broker, one] : waiting_) waiting.push_back(broker);
  for (BrokerId broker : waiting) {
    if (waiting_.count(broker) > 0) check_waiting(broker);
  }
  arm();
}

}  // namespace barnabas::controller
