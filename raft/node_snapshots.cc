// The node's snapshots: made, fetched in pieces, installed.

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>

#include "raft/node_impl.h"

namespace barnabas::raft {
namespace {

// Followers that are a little behind are served from the log.
constexpr int64_t kTrailingEntries = 1000;
// A piece that was asked for and did not come is asked for again.
constexpr Duration kRetryChunk = std::chrono::milliseconds(500);

}  // namespace

// Called between steps' effects: everything given out has been applied.
void NodeImpl::consider_snapshot(bool wanted) {
  if (saving_snapshot_ || core_ == nullptr) return;
  const uint64_t size = storage_.log->size_bytes();
  snapshot_at_bytes_ = std::min(snapshot_at_bytes_, size);
  const auto latest = storage_.snapshots->latest();
  const bool base_uncovered = latest.has_value() ? latest->last.index < core_->log().base().index
                                                 : core_->log().base().index.value() > 0;
  if (!wanted && !base_uncovered && size - snapshot_at_bytes_ < options_.snapshot_after_bytes)
    return;
  const EntryId last{machine_.applied(), machine_.applied_term()};
  if (latest.has_value() && last.index <= latest->last.index) return;
  saving_snapshot_ = true;
  snapshot_at_bytes_ = size;
  storage_.snapshots->save(
      last, machine_.snapshot(),
      [this, life = life_](const absl::StatusOr<SnapshotOffer>& saved) {
        saving_snapshot_ = false;
        if (life != life_ || core_ == nullptr) return;
        if (saved.ok()) {
          snapshot_saved(*saved);
        } else {
          storage_failed(saved.status());
        }
      },
      core_->configurations().at(last.index));
}

// S4: the log is cut only behind applied state that survives a crash.
void NodeImpl::snapshot_saved(const SnapshotOffer& snapshot) {
  const absl::Status flushed = machine_.flush();
  if (!flushed.ok()) {
    storage_failed(flushed);
    return;
  }
  feed(SnapshotTaken{snapshot});
  compact(std::min(snapshot.last.index, machine_.durable_applied()));
}

void NodeImpl::compact(LogIndex behind) {
  if (core_ == nullptr) return;
  const LogIndex target{behind.value() - kTrailingEntries};
  if (target <= core_->log().base().index) return;
  const ConfigurationAt held = core_->configurations().at(target);
  absl::Status remembered;
  if (held.index > storage_.record.configuration.index) {
    storage_.record.configuration = held;  // snapshots can be lost, and then nothing else tells
    remembered = storage_.votes->write_and_wait(storage_.record);
  }
  const absl::StatusOr<LogIndex> first = remembered.ok() ? storage_.log->drop_below(target.next())
                                                         : absl::StatusOr<LogIndex>(remembered);
  if (!first.ok()) {
    storage_failed(first.status());
    return;
  }
  const LogIndex base{first->value() - 1};
  snapshot_at_bytes_ = std::min(snapshot_at_bytes_, storage_.log->size_bytes());
  feed(Compacted{{base, *core_->log().term_at(base)}});
}

// ---- Fetching: this node asks, piece by piece ----

void NodeImpl::fetch(const SnapshotFetch& what) {
  if (fetching_.has_value()) {
    const bool same =
        fetching_->what.snapshot.last == what.snapshot.last && fetching_->what.from == what.from;
    if (same || fetching_->finishing) return;
    end_fetch();
  }
  const absl::StatusOr<uint64_t> position = storage_.snapshots->begin(what.snapshot);
  if (!position.ok()) {
    storage_failed(position.status());
    return;
  }
  fetching_ = Fetching{what};
  ask_for_chunk();
}

void NodeImpl::end_fetch() {
  if (fetching_.has_value()) loop_.cancel(fetching_->retry);
  fetching_.reset();
}

void NodeImpl::ask_for_chunk() {
  Fetching& now = *fetching_;
  loop_.cancel(now.retry);
  now.retry = 0;
  const SnapshotOffer& offer = now.what.snapshot;
  if (storage_.snapshots->arrived() >= offer.size) {
    now.finishing = true;
    storage_.snapshots->finish([this, life = life_](const absl::StatusOr<SnapshotOffer>& arrived) {
      if (life != life_ || core_ == nullptr) return;
      end_fetch();
      if (arrived.ok()) {
        feed(SnapshotArrived{*arrived});
      } else if (absl::IsDataLoss(arrived.status())) {
        LOG(WARNING) << arrived.status();  // offered again with the next heartbeat
      } else {
        storage_failed(arrived.status());
      }
    });
    return;
  }
  const TransferBody request = SnapshotChunkRequest{offer.last, storage_.snapshots->arrived()};
  links_->send(now.what.from.id, Channel::kRaftBulk,
               encode(head_to(now.what.from, core_->term()), request));
  now.retry = loop_.after(kRetryChunk, [this] {
    fetching_->retry = 0;
    ask_for_chunk();
  });
}

void NodeImpl::look_whether_sound(const EntryId& snapshot) {
  const absl::Status status = storage_.snapshots->load(snapshot).status();
  if (!absl::IsDataLoss(status)) return;
  LOG(ERROR) << status << ". Another one is made";
  consider_snapshot(/*wanted=*/true);
}

void NodeImpl::received(const FrameHead& head, const TransferBody& body) {
  if (const auto* request = std::get_if<SnapshotChunkRequest>(&body)) {
    // A rotten one would be fetched, refused and fetched again for ever (F41).
    if (request->position == 0) look_whether_sound(request->last);
    absl::StatusOr<std::string> bytes =
        storage_.snapshots->read(request->last, request->position, options_.snapshot_chunk_bytes);
    SnapshotChunk chunk{request->last, request->position, {}, !bytes.ok()};
    if (bytes.ok()) chunk.bytes = Buffer::own(*std::move(bytes));
    links_->send(head.from.id, Channel::kRaftBulk,
                 encode(head_to(head.from, core_->term()), TransferBody(std::move(chunk))));
    return;
  }
  const auto& chunk = std::get<SnapshotChunk>(body);
  if (!fetching_.has_value() || fetching_->finishing || fetching_->what.from != head.from ||
      fetching_->what.snapshot.last != chunk.last) {
    return;
  }
  if (chunk.gone) {
    end_fetch();  // the leader offers a newer one
    return;
  }
  if (chunk.position != storage_.snapshots->arrived() || chunk.bytes.empty()) return;
  const absl::Status added = storage_.snapshots->add(chunk.position, chunk.bytes.view());
  if (!added.ok()) {
    storage_failed(added);
    return;
  }
  ask_for_chunk();
}

// The snapshot is durable beside everything else. From here on a crash is finished at the next
// start (node_storage.cc), because the log does not lead to the newest snapshot.
void NodeImpl::install(const SnapshotOffer& snapshot) {
  // What was applied before belongs to the state that goes now. (A node that installs follows:
  // whoever is told cannot propose.)
  tell();
  absl::StatusOr<std::string> content = storage_.snapshots->load(snapshot.last);
  absl::Status status = content.status();
  if (status.ok()) {
    storage_.record.last_round = switching_behind(snapshot.last.index);
    status = storage_.votes->write_and_wait(storage_.record);
  }
  if (status.ok()) {
    status = machine_.restore(snapshot.last.index, snapshot.last.term, *content);
  }
  if (status.ok()) status = machine_.flush();
  if (status.ok()) status = storage_.log->restart_behind(snapshot.last);
  // Before anything is appended behind it: that is not to be thrown away with the old log.
  if (status.ok()) {
    storage_.record.last_round = storage_.log->round();
    if (snapshot.configuration.index > storage_.record.configuration.index) {
      storage_.record.configuration = snapshot.configuration;
    }
    status = storage_.votes->write_and_wait(storage_.record);
  }
  if (!status.ok()) {
    storage_failed(status);
    return;
  }
  events_.push_front(SnapshotInstalled{snapshot});
}

}  // namespace barnabas::raft
