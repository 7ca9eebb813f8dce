#include "raft/testing/simulated_cluster.h"

namespace barnabas::raft::testing {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Duration Cluster::draw_sync() {
  return microseconds(100 + faults_->below(static_cast<uint64_t>(weather_.slowest_sync.count())));
}

void Cluster::schedule_log_sync(size_t i) {
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

void Cluster::schedule_vote_sync(size_t i) {
  Node& node = nodes_[i];
  if (node.vote_sync_scheduled) return;
  node.vote_sync_scheduled = true;
  const uint64_t life = node.life;
  simulation_.after(draw_sync(), [this, i, life] {
    if (nodes_[i].life != life || !checker_.violation().empty()) return;
    Node& node = nodes_[i];
    node.vote_sync_scheduled = false;
    const LogIndex last = node.bench->core().log().last_index();
    node.bench->complete_hard_state_sync(node.executor->now());
    checker_.hard_state(node.bench->id(), node.bench->disk().durable_hard_state());
    if (!node.doomed && node.bench->hard_state_needs_sync()) schedule_vote_sync(i);
    after(i, last);
  });
}

// ---- Snapshots ----

void Cluster::consider_snapshot(size_t i) {
  Node& node = nodes_[i];
  const LogImage& log = node.bench->disk().written();
  const Core& core = node.bench->core();
  if (core.applied() != node.bench->applied()) return;
  if (distance(log.base.index, core.applied()) < weather_.snapshot_every) return;
  const LogIndex at = core.applied();
  node.durable_applied = at;  // flushed first: the log is cut only behind it (S4)
  const SnapshotOffer snapshot{{at, *core.log().term_at(at)}, 1, 0, core.configurations().at(at)};
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

void Cluster::feed_quietly(size_t i, Event event) {
  if (nodes_[i].bench->running()) {
    nodes_[i].bench->step(std::move(event), nodes_[i].executor->now());
  }
}

void Cluster::begin_fetch(size_t i, const SnapshotFetch& fetch) {
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

void Cluster::installed(Node& node, const SnapshotOffer& snapshot) {
  ++happened_.installs;
  node.digest = node.snapshot_digests[snapshot.last.index];
  node.durable_applied = snapshot.last.index;
  checker_.restored(snapshot.last.index, node.digest);
}

}  // namespace barnabas::raft::testing
