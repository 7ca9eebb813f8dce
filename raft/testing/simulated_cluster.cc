#include "raft/testing/simulated_cluster.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "raft/wire.h"

namespace barnabas::raft::testing {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Cluster::Cluster(const SimulationOptions& options)
    : options_(options),
      simulation_(options.seed),
      faults_(simulation_.random().fork("faults")),
      workload_(simulation_.random().fork("workload")),
      weather_(draw_weather(*faults_)),
      network_(simulation_, weather_.network),
      founding_(founding(weather_.voters, *workload_)),
      checker_(founding_) {
  build();
}

Configuration Cluster::founding(size_t voters, Random& random) {
  Configuration out;
  for (size_t i = 0; i < voters; ++i) {
    out.voters[{ControllerId{static_cast<int32_t>(i + 1)}, Uuid::make(random)}] = Endpoint();
  }
  return out;
}

void Cluster::build() {
  std::vector<VoterId> ids;
  for (const auto& [voter, endpoint] : founding_.voters) ids.push_back(voter);
  while (ids.size() < weather_.voters + weather_.spares) {
    ids.push_back({ControllerId{static_cast<int32_t>(ids.size() + 1)}, Uuid::make(*workload_)});
  }
  nodes_.resize(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    nodes_[i].name = absl::StrCat("n", i + 1);
    build_bench(i, ids[i]);
  }
}

// A node with an empty disk.
void Cluster::build_bench(size_t i, const VoterId& self) {
  CoreOptions core;
  core.self = self;
  core.configuration = founding_;
  core.max_append_bytes = 64 + faults_->below(400);
  core.max_apply_bytes = 64 + faults_->below(400);
  core.inflight = {1 + faults_->below(8), 100 + faults_->below(2000)};
  core.max_uncommitted_bytes = 4000;
  core.max_learner_lag = static_cast<int64_t>(faults_->below(20));
  core.learner_patience = milliseconds(200 + faults_->below(3000));
  const uint64_t disk = nodes_[i].disks++;
  nodes_[i].bench =
      std::make_unique<TestNode>(core, options_.seed * 31 + i + disk * 1009, hooks(i));
}

TestNode::Hooks Cluster::hooks(size_t i) {
  TestNode::Hooks hooks;
  hooks.dies_now = [this, i] {
    Node& node = nodes_[i];
    if (!calm_ && faults_->below(10000) < weather_.crash_in_step_per_10k) node.doomed = true;
    return node.doomed;
  };
  hooks.send = [this, i](const Message& message) { sent(nodes_[i], message); };
  hooks.apply = [this, i](const Entry& entry) { applied(nodes_[i], entry); };
  hooks.appended = [this](const Entry& entry, Term previous) {
    checker_.appended(entry, previous);
  };
  hooks.proposed = [this, i](const absl::StatusOr<LogIndex>& index) {
    if (index.ok()) nodes_[i].proposals[*index] = nodes_[i].bench->core().term();
  };
  hooks.transfer_refused = [this](const absl::Status&) { ++happened_.transfers_refused; };
  hooks.read = [this, i](const ReadOutcome& outcome) { read(nodes_[i], outcome); };
  hooks.fetch = [this, i](const SnapshotFetch& fetch) { begin_fetch(i, fetch); };
  hooks.installed = [this, i](const SnapshotOffer& snapshot) { installed(nodes_[i], snapshot); };
  hooks.role = [this, i](const RoleChange& change) { role_changed(nodes_[i], change); };
  hooks.log_dirty = [this, i] { schedule_log_sync(i); };
  hooks.hard_state_dirty = [this, i] { schedule_vote_sync(i); };
  hooks.stepped = [this, i] { stepped(nodes_[i]); };
  return hooks;
}

// ---- What the checker is told ----

const LogImage* Cluster::leader_log(Term term) const {
  for (const Node& node : nodes_) {
    if (node.bench->running() && node.bench->core().role() == Role::kLeader &&
        node.bench->core().term() == term) {
      return &node.bench->disk().written();
    }
  }
  return nullptr;
}

Checker::Images Cluster::durable_images() const {
  Checker::Images images;
  for (const Node& node : nodes_) images[node.bench->id()] = &node.bench->disk().durable();
  for (const auto& [voter, image] : lost_) images[voter] = &image;
  return images;
}

void Cluster::sent(Node& node, const Message& message) {
  checker_.said(message, node.bench->disk().durable_hard_state(), node.bench->disk().durable(),
                leader_log(message.term));
  const Core& core = node.bench->core();
  if (std::holds_alternative<TimeoutNow>(message.body) && core.transfer_to() == message.to) {
    const Checker::Images images = durable_images();
    checker_.hands_over(message.to, *images.at(message.to), node.bench->disk().written());
  }
  const FrameHead head{
      "simulated",  message.from,
      message.to,   message.term,
      message.boot, static_cast<uint64_t>(simulation_.now().time_since_epoch().count())};
  network_.send(node.name, name_of(message.to), encode(head, message.body));
}

void Cluster::role_changed(Node& node, const RoleChange& change) {
  if (change.role == Role::kLeader) {
    ++happened_.elections;
    checker_.leads(node.bench->id(), change.term, node.bench->disk().written(),
                   node.bench->core().configurations().latest());
  }
}

void Cluster::stepped(Node& node) {
  ++happened_.steps;
  const Core& core = node.bench->core();
  mix(static_cast<uint64_t>(core.term().value()));
  mix(static_cast<uint64_t>(core.commit().value()));
  mix(static_cast<uint64_t>(core.log().last_index().value()));
  if (core.commit() > checker_.highest_commit()) {
    happened_.commits += static_cast<uint64_t>(distance(checker_.highest_commit(), core.commit()));
    if (const auto term = core.log().term_at(core.commit())) {
      commit_moved(node, {core.commit(), *term});
    }
  }
  node.went_by = core.configurations().latest();
  arm_timer(node);
}

// One step may commit and then change the voters: either configuration may be the one that counted.
void Cluster::commit_moved(Node& node, const EntryId& to) {
  const LogIndex voters_since = checker_.committed_configuration().index;
  const Checker::Images images = durable_images();
  const Configuration& before = node.went_by.configuration;
  const bool by_those_before = Checker::copies(to, before, images) >= before.majority();
  checker_.committed(
      to, by_those_before ? node.went_by : node.bench->core().configurations().latest(), images);
  const ConfigurationAt now = checker_.committed_configuration();
  if (now.index != voters_since) ++happened_.changes;
  std::erase_if(lost_,
                [&now](const auto& lost) { return !now.configuration.contains(lost.first); });
}

void Cluster::applied(Node& node, const Entry& entry) {
  node.digest = checker_.applied(node.bench->id(), entry, node.digest);
  const auto proposal = node.proposals.find(entry.index);
  if (proposal != node.proposals.end() && proposal->second == entry.term) {
    acknowledged_ = std::max(acknowledged_, entry.index);
  }
  if (workload_->chance(30)) node.durable_applied = entry.index;
}

void Cluster::read(Node& node, const ReadOutcome& outcome) {
  const auto asked = node.reads.find(outcome.id);
  if (asked == node.reads.end()) return;
  if (outcome.confirmed) {
    ++happened_.reads;
    checker_.read(asked->second, node.bench->applied());
  }
  node.reads.erase(asked);
}

// ---- Processes ----

void Cluster::start(size_t i) {
  Node& node = nodes_[i];
  ++node.life;
  node.executor = &simulation_.start_node(node.name);
  node.timer = 0;
  node.doomed = false;
  node.fetching.reset();
  node.reads.clear();
  node.proposals.clear();
  node.log_sync_scheduled = false;
  node.vote_sync_scheduled = false;
  network_.attach(*node.executor, [this, i](const std::string&, std::string bytes) {
    absl::StatusOr<Frame> frame = decode(bytes);
    CHECK(frame.ok()) << frame.status();
    if (came_too_late(*frame)) return;
    Frame& in = *frame;
    feed(i, Received{Message{in.head.from, in.head.to, in.head.term, in.head.boot,
                             std::get<Body>(std::move(in.body))}});
  });
  const LogIndex base = node.bench->disk().written().base.index;
  LogIndex from = std::max(base, node.durable_applied);
  from = std::min(from, node.bench->disk().written().last_index());
  node.digest = checker_.digest_at(from);
  checker_.hard_state(node.bench->id(), node.bench->disk().durable_hard_state());
  node.bench->start(from, node.executor->now());
  node.went_by = node.bench->core().configurations().latest();
  arm_timer(node);
}

void Cluster::crash(size_t i) {
  Node& node = nodes_[i];
  ++node.life;
  ++happened_.crashes;
  node.bench->crash(*faults_);
  simulation_.kill(node.name);
  // Its peers notice, mostly.
  for (size_t j = 0; j < nodes_.size(); ++j) {
    if (j != i && faults_->chance(70)) announce_close(j, node.bench->id());
  }
  const Duration away = milliseconds(faults_->below(faults_->chance(20) ? 3000 : 200));
  simulation_.after(away, [this, i] {
    if (!nodes_[i].bench->running()) start(i);
  });
}

void Cluster::announce_close(size_t to, const VoterId& peer) {
  const uint64_t life = nodes_[to].life;
  simulation_.after(microseconds(faults_->below(5000)), [this, to, peer, life] {
    if (nodes_[to].life == life && nodes_[to].bench->running()) feed(to, LinkClosed{peer});
  });
}

void Cluster::feed(size_t i, Event event) {
  Node& node = nodes_[i];
  if (!node.bench->running() || !checker_.violation().empty()) return;
  const LogIndex last = node.bench->core().log().last_index();
  node.bench->step(std::move(event), node.executor->now());
  after(i, last);
}

void Cluster::after(size_t i, LogIndex last_before) {
  Node& node = nodes_[i];
  if (node.bench->core().log().last_index() < last_before) ++happened_.truncations;
  if (node.doomed) {
    crash(i);
    return;
  }
  consider_snapshot(i);
}

void Cluster::arm_timer(Node& node) {
  const size_t i = static_cast<size_t>(&node - nodes_.data());
  node.executor->cancel(node.timer);
  node.timer = node.executor->at(node.bench->next_timer(), [this, i] { feed(i, TimerFired{}); });
}

}  // namespace barnabas::raft::testing
