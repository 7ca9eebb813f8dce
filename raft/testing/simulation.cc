#include "raft/testing/simulation.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "common/sim/sim_datagrams.h"
#include "common/sim/simulation.h"
#include "raft/describe.h"
#include "raft/testing/checker.h"
#include "raft/testing/test_node.h"
#include "raft/testing/weather.h"
#include "raft/wire.h"

namespace barnabas::raft::testing {

void Happenings::operator+=(const Happenings& other) {
  steps += other.steps;
  elections += other.elections;
  crashes += other.crashes;
  truncations += other.truncations;
  installs += other.installs;
  commits += other.commits;
  reads += other.reads;
  stale_completions += other.stale_completions;
}

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class Cluster {
 public:
  explicit Cluster(const SimulationOptions& options)
      : options_(options),
        simulation_(options.seed),
        faults_(simulation_.random().fork("faults")),
        workload_(simulation_.random().fork("workload")),
        weather_(draw_weather(*faults_)),
        network_(simulation_, weather_.network),
        checker_(weather_.voters) {
    build();
  }

  SimulationResult run() {
    for (size_t i = 0; i < nodes_.size(); ++i) start(i);
    schedule_unrest();
    schedule_workload();
    const Instant calm = simulation_.now() + options_.safety_phase;
    while (simulation_.now() < calm && checker_.violation().empty()) {
      if (!simulation_.step()) break;
    }
    if (checker_.violation().empty()) recover();
    return {checker_.violation(), simulation_.fingerprint() ^ mixed_, happened_};
  }

 private:
  struct Node {
    std::string name;
    std::unique_ptr<TestNode> bench;
    SimExecutor* executor = nullptr;
    uint64_t life = 0;  // counts starts and crashes: timers of before are void
    TimerId timer = 0;
    std::optional<LogIndex> fetching;
    LogIndex durable_applied;
    uint64_t digest = 0;
    std::map<uint64_t, LogIndex> reads;  // id -> what had been acknowledged when it was asked
    std::map<LogIndex, Term> proposals;
    std::map<LogIndex, uint64_t> snapshot_digests;
    bool doomed = false;
    bool log_sync_scheduled = false;
    bool vote_sync_scheduled = false;
  };

  void build() {
    Configuration configuration;
    for (size_t i = 0; i < weather_.voters; ++i) {
      configuration.voters.push_back(
          {ControllerId{static_cast<int32_t>(i + 1)}, Uuid::make(*workload_)});
    }
    nodes_.resize(weather_.voters);
    for (size_t i = 0; i < weather_.voters; ++i) {
      CoreOptions core;
      core.self = configuration.voters[i];
      core.configuration = configuration;
      core.planted = options_.planted;
      core.max_append_bytes = 64 + faults_->below(400);
      core.max_apply_bytes = 64 + faults_->below(400);
      core.inflight = {1 + faults_->below(8), 100 + faults_->below(2000)};
      core.max_uncommitted_bytes = 4000;
      nodes_[i].name = absl::StrCat("n", i + 1);
      nodes_[i].bench = std::make_unique<TestNode>(core, options_.seed * 31 + i, hooks(i));
    }
  }

  TestNode::Hooks hooks(size_t i) {
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

  const LogImage* leader_log(Term term) const {
    for (const Node& node : nodes_) {
      if (node.bench->running() && node.bench->core().role() == Role::kLeader &&
          node.bench->core().term() == term) {
        return &node.bench->disk().written();
      }
    }
    return nullptr;
  }

  std::vector<const LogImage*> durable_images() const {
    std::vector<const LogImage*> images;
    for (const Node& node : nodes_) images.push_back(&node.bench->disk().durable());
    return images;
  }

  void sent(Node& node, const Message& message) {
    checker_.said(message, node.bench->disk().durable_hard_state(), node.bench->disk().durable(),
                  leader_log(message.term));
    const FrameHead head{"simulated", message.from, message.to, message.term, message.boot, 1};
    network_.send(node.name, name_of(message.to), encode(head, message.body));
  }

  void role_changed(Node& node, const RoleChange& change) {
    if (change.role == Role::kLeader) {
      ++happened_.elections;
      checker_.leads(node.bench->id(), change.term, node.bench->disk().written());
    }
  }

  void stepped(Node& node) {
    ++happened_.steps;
    const Core& core = node.bench->core();
    mix(static_cast<uint64_t>(core.term().value()));
    mix(static_cast<uint64_t>(core.commit().value()));
    mix(static_cast<uint64_t>(core.log().last_index().value()));
    if (core.commit() > checker_.highest_commit()) {
      happened_.commits +=
          static_cast<uint64_t>(distance(checker_.highest_commit(), core.commit()));
      if (const auto term = core.log().term_at(core.commit())) {
        checker_.committed({core.commit(), *term}, durable_images());
      }
    }
    arm_timer(node);
  }

  void applied(Node& node, const Entry& entry) {
    node.digest = checker_.applied(node.bench->id(), entry, node.digest);
    const auto proposal = node.proposals.find(entry.index);
    if (proposal != node.proposals.end() && proposal->second == entry.term) {
      acknowledged_ = std::max(acknowledged_, entry.index);
    }
    if (workload_->chance(30)) node.durable_applied = entry.index;
  }

  void read(Node& node, const ReadOutcome& outcome) {
    const auto asked = node.reads.find(outcome.id);
    if (asked == node.reads.end()) return;
    if (outcome.confirmed) {
      ++happened_.reads;
      checker_.read(asked->second, node.bench->applied());
    }
    node.reads.erase(asked);
  }

  void mix(uint64_t value) { mixed_ = (mixed_ ^ value) * 0x100000001b3ULL; }

  // ---- Processes ----

  std::string name_of(const VoterId& id) const { return absl::StrCat("n", id.id.value()); }

  void start(size_t i) {
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
    arm_timer(node);
  }

  void crash(size_t i) {
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

  void announce_close(size_t to, const VoterId& peer) {
    const uint64_t life = nodes_[to].life;
    simulation_.after(microseconds(faults_->below(5000)), [this, to, peer, life] {
      if (nodes_[to].life == life && nodes_[to].bench->running()) feed(to, LinkClosed{peer});
    });
  }

  void feed(size_t i, Event event) {
    Node& node = nodes_[i];
    if (!node.bench->running() || !checker_.violation().empty()) return;
    const LogIndex last = node.bench->core().log().last_index();
    node.bench->step(std::move(event), node.executor->now());
    after(i, last);
  }

  void after(size_t i, LogIndex last_before) {
    Node& node = nodes_[i];
    if (node.bench->core().log().last_index() < last_before) ++happened_.truncations;
    if (node.doomed) {
      crash(i);
      return;
    }
    consider_snapshot(i);
  }

  void arm_timer(Node& node) {
    const size_t i = static_cast<size_t>(&node - nodes_.data());
    node.executor->cancel(node.timer);
    node.timer = node.executor->at(node.bench->next_timer(), [this, i] { feed(i, TimerFired{}); });
  }

  // ---- The disk ----

  Duration draw_sync() {
    return microseconds(100 + faults_->below(static_cast<uint64_t>(weather_.slowest_sync.count())));
  }

  void schedule_log_sync(size_t i) {
    Node& node = nodes_[i];
    if (node.log_sync_scheduled) return;
    node.log_sync_scheduled = true;
    const uint64_t life = node.life;
    // Some appends go into the round before it begins, some come while it is out.
    simulation_.after(microseconds(faults_->below(300)), [this, i, life] {
      if (nodes_[i].life != life) return;
      nodes_[i].bench->begin_log_sync();
      simulation_.after(draw_sync(), [this, i, life] {
        if (nodes_[i].life != life || !checker_.violation().empty()) return;
        Node& node = nodes_[i];
        node.log_sync_scheduled = false;
        const LogIndex last = node.bench->core().log().last_index();
        if (node.bench->log_sync_is_stale()) ++happened_.stale_completions;
        node.bench->complete_log_sync(node.executor->now());
        if (!node.doomed && node.bench->log_needs_sync()) schedule_log_sync(i);
        after(i, last);
      });
    });
  }

  void schedule_vote_sync(size_t i) {
    Node& node = nodes_[i];
    if (node.vote_sync_scheduled) return;
    node.vote_sync_scheduled = true;
    const uint64_t life = node.life;
    simulation_.after(options_.forget_votes ? microseconds(1) : draw_sync(), [this, i, life] {
      if (nodes_[i].life != life || !checker_.violation().empty()) return;
      Node& node = nodes_[i];
      node.vote_sync_scheduled = false;
      const HardState before = node.bench->disk().durable_hard_state();
      const LogIndex last = node.bench->core().log().last_index();
      node.bench->complete_hard_state_sync(node.executor->now());
      if (options_.forget_votes) {
        HardState forgotten = node.bench->disk().durable_hard_state();
        forgotten.vote = before.term == forgotten.term ? before.vote : std::nullopt;
        node.bench->disk().write_hard_state(forgotten);
        node.bench->disk().complete_hard_state(forgotten);
      } else {
        checker_.hard_state(node.bench->id(), node.bench->disk().durable_hard_state());
      }
      if (!node.doomed && node.bench->hard_state_needs_sync()) schedule_vote_sync(i);
      after(i, last);
    });
  }

  // ---- Snapshots ----

  void consider_snapshot(size_t i) {
    Node& node = nodes_[i];
    const LogImage& log = node.bench->disk().written();
    const Core& core = node.bench->core();
    if (core.applied() != node.bench->applied()) return;
    if (distance(log.base.index, core.applied()) < weather_.snapshot_every) return;
    const LogIndex at = core.applied();
    node.durable_applied = at;  // flushed first: the log is cut only behind it (S4)
    const SnapshotOffer snapshot{{at, *core.log().term_at(at)}, 1, 0};
    node.snapshot_digests[at] = node.digest;
    node.bench->disk().take_snapshot(snapshot);
    feed_quietly(i, SnapshotTaken{snapshot});
    const auto kept =
        static_cast<int64_t>(faults_->below(static_cast<uint64_t>(weather_.snapshot_every)));
    const LogIndex base_at = advance(at, -kept);
    if (base_at <= log.base.index) return;
    const EntryId base{base_at, *core.log().term_at(base_at)};
    node.bench->disk().compact(base);
    feed_quietly(i, Compacted{base});
  }

  void feed_quietly(size_t i, Event event) {
    if (nodes_[i].bench->running()) {
      nodes_[i].bench->step(std::move(event), nodes_[i].executor->now());
    }
  }

  void begin_fetch(size_t i, const SnapshotFetch& fetch) {
    Node& node = nodes_[i];
    if (node.fetching == fetch.snapshot.last.index) return;
    node.fetching = fetch.snapshot.last.index;
    const uint64_t life = node.life;
    const auto from = static_cast<size_t>(fetch.from.id.value() - 1);
    simulation_.after(milliseconds(1 + faults_->below(200)), [this, i, life, from, fetch] {
      if (nodes_[i].life != life) return;
      nodes_[i].fetching.reset();
      const auto& digests = nodes_[from].snapshot_digests;
      const auto held = digests.find(fetch.snapshot.last.index);
      if (!nodes_[from].bench->running() || held == digests.end()) return;
      nodes_[i].snapshot_digests[held->first] = held->second;
      feed(i, SnapshotArrived{fetch.snapshot});
    });
  }

  void installed(Node& node, const SnapshotOffer& snapshot) {
    ++happened_.installs;
    node.digest = node.snapshot_digests[snapshot.last.index];
    node.durable_applied = snapshot.last.index;
    checker_.restored(snapshot.last.index, node.digest);
  }

  // ---- Unrest and work ----

  void schedule_unrest() {
    simulation_.after(weather_.unrest_every, [this] {
      if (calm_) return;
      unrest();
      schedule_unrest();
    });
  }

  void unrest() {
    const size_t victim = faults_->below(nodes_.size());
    if (faults_->chance(weather_.crash_percent) && nodes_[victim].bench->running()) crash(victim);
    if (faults_->chance(2)) {
      for (size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].bench->running()) crash(i);
      }
    }
    if (faults_->chance(weather_.false_close_percent)) {
      announce_close(victim, nodes_[faults_->below(nodes_.size())].bench->id());
    }
    if (faults_->chance(10) && nodes_[victim].bench->running()) {
      feed(victim, LinkOpened{nodes_[faults_->below(nodes_.size())].bench->id()});
    }
    if (faults_->chance(weather_.flip_percent)) flip();
    Reachability& ways = network_.reachability();
    if (faults_->chance(30)) ways.heal();
    if (!faults_->chance(weather_.partition_percent)) return;
    const size_t other = faults_->below(nodes_.size());
    switch (faults_->below(4)) {
      case 0:
        ways.isolate(nodes_[victim].name);
        break;
      case 1:
        ways.cut_one_way(nodes_[victim].name, nodes_[other].name);
        break;
      case 2:
        ways.cut(nodes_[victim].name, nodes_[other].name);  // a chain, with three
        break;
      default:
        for (const Node& node : nodes_) {  // the leader hears nobody, or nobody hears it
          if (!node.bench->running() || node.bench->core().role() != Role::kLeader) continue;
          for (const Node& peer : nodes_) {
            if (faults_->chance(50)) ways.cut_one_way(peer.name, node.name);
          }
        }
    }
  }

  // What makes logs diverge: a leader that appends and reaches few, while others elect the next.
  void flip() {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (!nodes_[i].bench->running() || nodes_[i].bench->core().role() != Role::kLeader) continue;
      for (size_t j = 0; j < nodes_.size(); ++j) {
        if (j == i || faults_->chance(30)) continue;
        network_.reachability().cut_one_way(nodes_[i].name, nodes_[j].name);
        if (faults_->chance(80)) announce_close(j, nodes_[i].bench->id());
      }
      if (faults_->chance(20)) {
        crash(i);
        return;
      }
    }
    simulation_.after(milliseconds(5 + faults_->below(200)), [this] {
      if (!calm_) network_.reachability().heal();
    });
  }

  void schedule_workload() {
    simulation_.after(
        microseconds(1 + workload_->below(static_cast<uint64_t>(weather_.propose_every.count()))),
        [this] {
          work();
          schedule_workload();
        });
  }

  void work() {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      Node& node = nodes_[i];
      if (!node.bench->running() || node.bench->core().role() != Role::kLeader) continue;
      if (workload_->chance(80)) {
        feed(i, Propose{Buffer::own(
                    absl::StrCat("p", ++last_proposal_, std::string(workload_->below(60), '.')))});
      }
      if (workload_->chance(30) && node.bench->running()) {
        const uint64_t id = ++last_read_;
        node.reads[id] = acknowledged_;
        feed(i, ReadAsked{id});
      }
    }
  }

  // ---- The second phase ----

  void recover() {
    calm_ = true;
    network_.reachability().heal();
    network_.options() = DatagramOptions{};
    weather_.slowest_sync = milliseconds(5);
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (!nodes_[i].bench->running()) start(i);
    }
    const Instant limit = simulation_.now() + options_.liveness_limit;
    std::optional<LogIndex> goal;
    const bool converged = simulation_.run_until(
        [&] {
          if (!checker_.violation().empty()) return true;
          // Something acknowledged after the healing, applied by everybody.
          if (!goal.has_value()) goal = acknowledged_;
          return acknowledged_ > *goal &&
                 std::all_of(nodes_.begin(), nodes_.end(), [&](const Node& node) {
                   return node.bench->running() && node.bench->applied() > *goal;
                 });
        },
        limit);
    if (!converged) {
      checker_.fail(absl::StrCat("I25: after healing, no progress for ",
                                 options_.liveness_limit.count() / 1000, " ms: ", standing()));
    }
  }

  std::string standing() const {
    std::string out;
    for (const Node& node : nodes_) {
      if (!node.bench->running()) {
        absl::StrAppend(&out, node.name, " down; ");
        continue;
      }
      const Core& core = node.bench->core();
      absl::StrAppend(&out, node.name, " ", to_string(core.role()), " ",
                      describe(core.hard_state()), " log ", core.log().base().index.value(), "..",
                      core.log().durable().value(), "/", core.log().last_index().value(),
                      " commit ", core.commit().value(), " applied ", core.applied().value(), "; ");
    }
    return out;
  }

  const SimulationOptions options_;
  Simulation simulation_;
  std::unique_ptr<Random> faults_;
  std::unique_ptr<Random> workload_;
  Weather weather_;
  SimDatagrams network_;
  Checker checker_;
  std::vector<Node> nodes_;
  LogIndex acknowledged_;
  uint64_t last_proposal_ = 0;
  uint64_t last_read_ = 0;
  bool calm_ = false;
  uint64_t mixed_ = 0xcbf29ce484222325ULL;
  Happenings happened_;
};

}  // namespace

SimulationResult simulate(const SimulationOptions& options) { return Cluster(options).run(); }

}  // namespace barnabas::raft::testing
