#include "raft/node_impl.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>

#include "common/status.h"
#include "storage/error_policy.h"

namespace barnabas::raft {
namespace {

using std::chrono::milliseconds;

// Once the log has been quiet for so long, its last round goes to the vote file (S6).
constexpr Duration kQuiet = milliseconds(50);
// A node that hears no leader for so long tells the others who and where it is.
constexpr Duration kIntroduceAfter = milliseconds(2000);
// A node without disk space looks again after this.
constexpr Duration kResume = milliseconds(1000);

uint64_t session_salt(Executor& loop) {
  return static_cast<uint64_t>(loop.clock().wall().time_since_epoch().count()) << 1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Node>> Node::start(Options options, storage::Disk& disk,
                                                  Transport& transport, Executor& loop,
                                                  Random& random, StateMachine& machine) {
  auto node =
      std::make_unique<NodeImpl>(std::move(options), disk, transport, loop, random, machine);
  RETURN_IF_ERROR(node->recover());
  node->begin();
  return node;
}

NodeImpl::NodeImpl(Options options, storage::Disk& disk, Transport& transport, Executor& loop,
                   Random& random, StateMachine& machine)
    : options_(std::move(options)),
      disk_(disk),
      transport_(transport),
      loop_(loop),
      random_(random.fork(absl::StrCat("raft of controller ", options_.self.value()))),
      machine_(machine),
      // Never 0, and another one also where the random numbers are the same every time.
      session_((random_->fork("session")->next() + session_salt(loop_)) | 1) {}

NodeImpl::~NodeImpl() {
  loop_.cancel(timer_);
  loop_.cancel(resume_timer_);
  loop_.cancel(round_timer_);
  loop_.cancel(introduce_timer_);
  loop_.cancel(reach_timer_);
  loop_.cancel(transfer_timer_);
  end_fetch();
  if (links_ != nullptr) links_->detach();
}

absl::Status NodeImpl::recover() {
  ASSIGN_OR_RETURN(storage_, recover_storage(options_, disk_, loop_, machine_));
  const LogShape& log = storage_.recovered.log;
  const HardState& hard = storage_.record.hard;
  found_ = {storage_.record.self,
            {storage_.record.boot, session_},
            log.terms.empty() ? std::max(hard.term, log.base.term)
                              : std::max(hard.term, log.terms.back().term),
            log.last,
            hard.abstaining};
  return absl::OkStatus();
}

void NodeImpl::begin() {
  std::vector<ControllerId> ids;
  for (const Voter& peer : options_.peers) ids.push_back(peer.id);
  PeerLinks::Listener& listener = *this;
  links_ = std::make_unique<PeerLinks>(transport_, loop_, listener);
  formation_ = std::make_unique<Formation>(VoterId{options_.self, options_.directory_id}, ids,
                                           storage_.record.formation, storage_.record.founding,
                                           random_->fork("formation"));
  if (formed()) {
    start_core();
    reach_members();
  } else {
    reach_members();
    FormationEffects effects;
    formation_->start(effects);
    run(std::move(effects));
    introduce_again();
  }
}

void NodeImpl::start_core() {
  CoreOptions core;
  core.self = {options_.self, options_.directory_id};
  for (const VoterId& voter : storage_.record.founding.voters) {
    const auto peer = std::find_if(options_.peers.begin(), options_.peers.end(),
                                   [&](const Voter& peer) { return peer.id == voter.id; });
    core.configuration.voters[voter] = peer == options_.peers.end() ? Endpoint() : peer->endpoint;
  }
  core.boot = storage_.record.boot;
  core.heartbeat = options_.heartbeat;
  core.election_timeout_min = options_.election_timeout_min;
  core.election_timeout_max = options_.election_timeout_max;
  core.max_append_bytes = options_.max_append_bytes;
  core.inflight.messages = options_.max_inflight_messages;
  core.max_uncommitted_bytes = options_.max_uncommitted_bytes;
  core.max_entry_bytes = options_.max_entry_bytes;
  ++life_;
  trouble_.clear();
  snapshot_at_bytes_ = 0;
  core_ = std::make_unique<Core>(core, std::move(storage_.recovered), *storage_.log,
                                 random_->fork(absl::StrCat("core ", life_)), loop_.now());
  if (!is_voter()) introduce_again();
  arm_timer();
}

void NodeImpl::feed(Event event) {
  events_.push_back(std::move(event));
  if (stepping_) return;
  stepping_ = true;
  while (!events_.empty() && core_ != nullptr) {
    Event next = std::move(events_.front());
    events_.pop_front();
    Effects effects;
    core_->step(std::move(next), loop_.now(), effects);
    run(std::move(effects));
  }
  if (core_ == nullptr) events_.clear();
  stepping_ = false;
  arm_timer();
  tell();
}

// Whoever is told something may propose at once, and relies on last_index() having moved when
// propose() returns. So nobody is told anything from inside a step.
void NodeImpl::tell() {
  if (telling_) return;
  telling_ = true;
  while (!told_.empty()) {
    Task next = std::move(told_.front());
    told_.pop_front();
    next();
  }
  telling_ = false;
}

void NodeImpl::arm_timer() {
  loop_.cancel(timer_);
  timer_ = 0;
  if (core_ == nullptr) return;
  timer_ = loop_.at(core_->next_timer(), [this] { feed(TimerFired{}); });
}

// In the order that effects.h gives. What fails ends the rest.
void NodeImpl::run(Effects effects) {
  if (!run_storage(effects)) return;
  for (const Message& message : effects.send_now) send(message);
  for (Message& message : effects.send_after_sync) {
    held_.emplace_back(hard_version_, std::move(message));
  }
  sync_log();
  if (effects.proposed.has_value()) {
    Proposed done = std::move(undecided_.front());
    undecided_.pop_front();
    if (effects.proposed->ok()) {
      in_flight_[**effects.proposed] = std::move(done);
    } else {
      told_.push_back([done = std::move(done), why = effects.proposed->status()]() mutable {
        done(std::move(why));
      });
    }
  }
  members_changed(effects);
  if (effects.role.has_value()) role_changed(*effects.role);
  if (!effects.apply.empty()) apply(effects.apply);
  for (const ReadOutcome& outcome : effects.reads) {
    const auto found = reads_.find(outcome.id);
    if (found == reads_.end()) continue;
    told_.push_back([done = std::move(found->second), confirmed = outcome.confirmed]() mutable {
      done(confirmed ? absl::OkStatus() : absl::UnavailableError("not the leader"));
    });
    reads_.erase(found);
  }
  if (effects.fetch.has_value()) fetch(*effects.fetch);
  if (effects.install.has_value() && core_ != nullptr) install(*effects.install);
  if (effects.ready) {
    told_.push_back([this] {
      if (core_ == nullptr || !core_->ready() || leading_) return;
      leading_ = true;
      ++counted_->terms_led;
      told_following_.reset();
      machine_.leading(core_->term());
    });
  }
  if (!effects.fatal.ok()) storage_failed(effects.fatal);
}

bool NodeImpl::run_storage(Effects& effects) {
  if (effects.persist.has_value()) {
    storage_.record.hard = *effects.persist;
    ++hard_version_;
    record_changed_ = true;
    write_votes();
  }
  absl::Status status;
  if (effects.truncate_above.has_value()) {
    status = lower_claim(*effects.truncate_above);
    if (status.ok()) status = storage_.log->truncate_above(*effects.truncate_above);
  }
  if (status.ok() && !effects.append.empty()) {
    const LogIndex below{effects.append.front().index.value() - 1};
    status = storage_.log->append(effects.append, *core_->log().term_at(below));
  }
  sync_again_ = sync_again_ || effects.sync_again;
  if (status.ok()) return true;
  storage_failed(status);
  return false;
}

// The vote file must not remember a round of which a part is about to go, and must know the term in
// which it goes: whoever was promised it in an older one may still remember (acquaintances.h).
absl::Status NodeImpl::lower_claim(LogIndex keep) {
  const bool term_is_durable = hard_durable_version_ == hard_version_;
  if (storage_.record.last_round.end <= keep.next() && term_is_durable) return absl::OkStatus();
  if (storage_.record.last_round.end <= keep.next()) {
    return storage_.votes->write_and_wait(storage_.record);
  }
  storage_.record.last_round = {keep.next(), keep.next(), 0};
  return storage_.votes->write_and_wait(storage_.record);
}

void NodeImpl::apply(const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    // Who votes is no business of the state machine: it sees that there was an entry.
    machine_.apply(entry.index, entry.term,
                   entry.configures ? std::string_view() : entry.payload.view());
  }
  const LogIndex last = entries.back().index;
  told_.push_back([this] { machine_.applied_batch(); });
  while (!in_flight_.empty() && in_flight_.begin()->first <= last) {
    auto proposal = in_flight_.extract(in_flight_.begin());
    told_.push_back(
        [done = std::move(proposal.mapped()), index = proposal.key()]() mutable { done(index); });
  }
  if (change_.has_value() && change_->index <= last && change_->index.has_value()) {
    answer_change(absl::OkStatus());
  }
  events_.push_front(Applied{last});
  consider_snapshot();
}

void NodeImpl::role_changed(const RoleChange& change) {
  if (change.role == Role::kLeader) {  // told when ready (S2)
    answer_transfer(absl::AbortedError("this node was elected again"));
    return;
  }
  if (change.leader.has_value()) {
    answer_transfer(absl::OkStatus());
  } else if (introduce_timer_ == 0) {
    introduce_timer_ = loop_.after(kIntroduceAfter, [this] { introduce_again(); });
  }
  end_leading();
  const std::optional<ControllerId> leader =
      change.leader.has_value() ? std::optional(change.leader->id) : std::nullopt;
  const std::pair now(change.term, leader);
  if (told_following_ == now) return;
  told_following_ = now;
  machine_.following(change.term, leader);
}

void NodeImpl::end_leading() {
  leading_ = false;
  if (change_.has_value() && change_->index.has_value()) {
    answer_change(absl::AbortedError(
        "leadership ended while the change was in flight; the configuration tells whether it "
        "holds"));
  } else {
    answer_change(absl::UnavailableError("leadership ended before anything was changed"));
  }
  for (auto& [index, done] : std::exchange(in_flight_, {})) {
    done(absl::AbortedError(
        "leadership ended while the entry was in flight; whether it is committed is not known"));
  }
}

// ---- Durability ----

void NodeImpl::write_votes() {
  if (!record_changed_ || storage_.votes->writing()) return;
  record_changed_ = false;
  storage_.record.last_round = storage_.log->round();
  storage_.votes->write(storage_.record, loop_,
                        [this, hard = hard_version_, formation = formation_version_,
                         state = storage_.record.hard](const absl::Status& status) {
                          if (!status.ok()) {
                            storage_failed(status);
                            return;
                          }
                          votes_written(hard, formation);
                          if (core_ != nullptr) feed(HardStateDone{state});
                          write_votes();
                        });
}

void NodeImpl::votes_written(uint64_t hard_version, uint64_t formation_version) {
  hard_durable_version_ = hard_version;
  while (!held_.empty() && held_.front().first <= hard_version) {
    const Message message = std::move(held_.front().second);
    held_.pop_front();
    send(message);
  }
  if (formation_version > formation_durable_version_) {
    formation_durable_version_ = formation_version;
    FormationEffects effects;
    formation_->on_durable(effects);
    run(std::move(effects));
  }
}

// One sync at a time; what comes meanwhile goes into the next one together.
void NodeImpl::sync_log() {
  if (core_ == nullptr || storage_.log->syncing()) return;
  if (!storage_.log->dirty() && !sync_again_) return;
  sync_again_ = false;
  loop_.cancel(std::exchange(round_timer_, 0));
  storage_.log->sync(core_->log().last(), [this, life = life_, issued_in = core_->term()](
                                              const absl::Status& status, EntryId last) {
    if (life != life_ || core_ == nullptr) return;
    if (!status.ok()) {
      storage_failed(status);
      return;
    }
    feed(AppendDone{last, issued_in});
    if (core_ == nullptr) return;
    sync_log();
    if (!storage_.log->syncing() && round_timer_ == 0) {
      round_timer_ = loop_.after(kQuiet, [this] { remember_round(); });
    }
  });
}

void NodeImpl::remember_round() {
  round_timer_ = 0;
  if (core_ == nullptr || storage_.record.last_round == storage_.log->round()) return;
  record_changed_ = true;
  write_votes();
}

// ---- Trouble ----

void NodeImpl::storage_failed(const absl::Status& status) {
  if (!fatal_.ok()) return;
  if (storage::action_of(status) == storage::DiskAction::kWaitForSpace) {
    suspend(status);
  } else {
    stop_for_good(status);
  }
}

void NodeImpl::drop_core() {
  core_.reset();
  ++life_;
  held_.clear();
  end_fetch();
  end_leading();
  for (auto& [id, done] : std::exchange(reads_, {})) done(absl::AbortedError("storage trouble"));
  for (Proposed& done : std::exchange(undecided_, {})) {
    done(absl::AbortedError("storage trouble; whether the entry is committed is not known"));
  }
  answer_transfer(absl::AbortedError("storage trouble"));
  machine_.following(storage_.record.hard.term, std::nullopt);
  told_following_.reset();
  stop_links();
}

// The others should know at once; but this may run inside one of the links' own calls.
void NodeImpl::stop_links() {
  if (links_ == nullptr) return;
  links_->detach();
  loop_.post([links = std::shared_ptr<PeerLinks>(std::move(links_))] { links->stop(); });
}

// D5: without space, step down and keep vote and term; go on by itself when there is space.
void NodeImpl::suspend(const absl::Status& status) {
  LOG(ERROR) << "controller " << options_.self << " takes no part in the quorum: " << status
             << ". Usual cause: a full disk. It goes on by itself when there is space";
  trouble_ = absl::StrCat("no disk space: ", status.message());
  drop_core();
  resume_timer_ = loop_.after(kResume, [this] {
    resume_timer_ = 0;
    VoteRecord record = std::move(storage_.record);
    storage_ = NodeStorage();
    storage_.record = std::move(record);
    const absl::Status recovered = recover();
    if (recovered.ok()) {
      begin();
    } else {
      storage_failed(recovered);
    }
  });
}

// P13: an fsync is never tried again; what the disk holds is found out by a new process.
void NodeImpl::stop_for_good(const absl::Status& status) {
  LOG(ERROR) << "controller " << options_.self << " stops for good: " << status;
  fatal_ = status;
  trouble_ = std::string(status.message());
  drop_core();
  loop_.post([this] {
    if (fatal_handler_) fatal_handler_(fatal_);
  });
}

void NodeImpl::on_fatal(absl::AnyInvocable<void(absl::Status)> handler) {
  fatal_handler_ = std::move(handler);
}

// ---- Callers ----

void NodeImpl::propose(std::string payload, Proposed done) {
  if (core_ == nullptr || !leading_) {
    done(absl::UnavailableError("not the leader"));
    return;
  }
  undecided_.push_back([done = std::move(done), counted = counted_, begun = loop_.now(),
                        &clock = loop_.clock()](absl::StatusOr<LogIndex> result) mutable {
    if (result.ok()) counted->commit.add((clock.now() - begun).count());
    done(std::move(result));
  });
  feed(Propose{Buffer::own(std::move(payload))});
}

void NodeImpl::read_index(ReadReady done) {
  if (core_ == nullptr || !leading_) {
    done(absl::UnavailableError("not the leader"));
    return;
  }
  const uint64_t id = ++last_read_;
  reads_[id] = std::move(done);
  feed(ReadAsked{id});
}

std::optional<ControllerId> NodeImpl::leader() const {
  if (core_ == nullptr || !core_->leader().has_value()) return std::nullopt;
  return core_->leader()->id;
}

LogIndex NodeImpl::last_index() const {
  return core_ != nullptr ? core_->log().last_index() : LogIndex{0};
}

Status NodeImpl::status() const {
  Status out;
  out.cluster_id = formed() ? storage_.record.founding.cluster_id : "";
  out.role = "unformed";
  out.counters = {counted_->commit.snapshot(), counted_->sent_messages,  counted_->sent_bytes,
                  counted_->received_messages, counted_->received_bytes, counted_->terms_led};
  out.term = storage_.record.hard.term;
  if (storage_.record.hard.vote.has_value()) out.vote = storage_.record.hard.vote->id;
  out.trouble = !trouble_.empty() ? trouble_ : formation_ ? formation_->trouble() : "";
  if (core_ == nullptr) return out;
  out.role = core_->role() == Role::kPreCandidate ? "candidate" : to_string(core_->role());
  out.leader = leader();
  out.commit = core_->commit();
  out.applied = core_->applied();
  out.first = core_->log().base().index.next();
  out.last = core_->log().last_index();
  out.durable = core_->log().durable();
  if (const auto snapshot = storage_.snapshots->latest()) out.snapshot = snapshot->last.index;
  if (core_->hard_state().abstaining) {
    out.trouble =
        "this node had to cut a log tail that it may have promised; it votes only "
        "together with all others until a leader has completed its log";
  }
  if (!is_voter()) {
    out.role = "observer";
    if (out.trouble.empty()) {
      out.trouble =
          absl::StrCat("this node has no vote: the directory ", options_.directory_id.text(),
                       " is no voter of cluster ", out.cluster_id, ". barnabas quorum add ",
                       options_.self.value(), " makes it one");
    }
  }
  out.members = members();
  out.configuration_index = core_->configurations().latest().index;
  out.change_pending = core_->change_pending() || core_->learner().has_value();
  if (const auto to = core_->transfer_to()) out.transfer_to = to->id;
  return out;
}

}  // namespace barnabas::raft
