#include "raft/log_store.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <limits>

#include "common/status.h"
#include "kafka/records/batch.h"
#include "raft/log_scan.h"

namespace barnabas::raft {
namespace {

Offset offset_of(LogIndex index) { return Offset{index.value()}; }

// Behind the header of a batch and the record around a payload, generously.
constexpr size_t kEntryOverhead = 256;

}  // namespace

LogStore::LogStore(storage::Disk& disk, Executor& loop, std::unique_ptr<storage::Log> log,
                   LogShape shape)
    : disk_(disk), loop_(loop), log_(std::move(log)), shape_(std::move(shape)) {
  reset_round(shape_.last.next());
}

LogStore::~LogStore() { *self_ = nullptr; }

absl::StatusOr<std::unique_ptr<LogStore>> LogStore::open(storage::Disk& disk, Executor& loop,
                                                         const std::string& directory,
                                                         const SyncedRound& claimed,
                                                         int64_t segment_bytes) {
  ASSIGN_OR_RETURN(LogScan scan, scan_log(disk, directory, claimed));
  storage::LogOptions options;
  options.segment_bytes = segment_bytes;
  options.segment_age = std::chrono::hours(24 * 365 * 100);
  options.one_batch_per_append = true;
  storage::RecoveryHints hints;
  hints.recovery_point = offset_of(scan.proven_end);
  hints.log_start = Offset{1};
  ASSIGN_OR_RETURN(auto log, storage::Log::open(disk, directory, options, hints));
  LogShape shape{scan.base, LogIndex{scan.end.value() - 1}, std::move(scan.terms)};
  const bool cut_by_engine = log->recovery().cut_bytes > 0;
  auto store =
      std::unique_ptr<LogStore>(new LogStore(disk, loop, std::move(log), std::move(shape)));
  store->configurations_ = std::move(scan.configurations);
  store->cut_tail_ = cut_by_engine || scan.bytes_behind_end;
  if (store->log_->end() < offset_of(scan.end)) {
    return absl::DataLossError(
        absl::StrCat("the Raft log in ", directory, " lost entries between ",
                     "two looks at it: a device that does not answer alike"));
  }
  if (store->log_->end() > offset_of(scan.end)) {
    // The batches are sound, but they continue another log: see previous term in entry_codec.h.
    RETURN_IF_ERROR(store->log_->truncate(offset_of(scan.end)));
    RETURN_IF_ERROR(store->flush_and_wait());
    store->cut_tail_ = true;
  }
  return store;
}

absl::Status LogStore::append(absl::Span<const Entry> entries, Term previous_term) {
  const WallTime now = loop_.clock().wall();
  for (const Entry& entry : entries) {
    CHECK(offset_of(entry.index) == log_->end()) << "an append to the Raft log leaves a gap";
    const std::string batch =
        encode_entry(entry, previous_term, round_, now.time_since_epoch().count());
    ASSIGN_OR_RETURN(const auto view, kafka::BatchView::parse(batch));
    const auto appended = log_->append_as_leader(batch, LeaderEpoch{entry.term.value()}, now);
    RETURN_IF_ERROR(appended.status());
    unsynced_.emplace_back(entry.id(), view.stored_crc());
    dirty_ = true;
    previous_term = entry.term;
  }
  return absl::OkStatus();
}

void LogStore::reset_round(LogIndex end) { round_ = {end, end, 0}; }

// The proof of a round that is being synced: the entries that no earlier round covers.
SyncedRound LogStore::take_round(LogIndex end) {
  SyncedRound round{round_.end, end, 0};
  RoundDigest digest;
  while (!unsynced_.empty() && unsynced_.front().first.index < end) {
    digest.add(unsynced_.front().first, unsynced_.front().second);
    unsynced_.pop_front();
  }
  round.digest = digest.value();
  return round;
}

absl::Status LogStore::flush_and_wait() {
  std::optional<storage::FlushWork> work = log_->begin_flush();
  if (!work.has_value()) return absl::OkStatus();
  const absl::Status status = disk_.sync_and_wait(work->set);
  log_->complete_flush(work->ticket, status);
  return status;
}

absl::Status LogStore::truncate_above(LogIndex keep) {
  const Offset to = offset_of(keep.next());
  const bool durable_entries_go = to < std::max(log_->durable_end(), reported_end_);
  reported_end_ = std::min(reported_end_, to);
  while (!unsynced_.empty() && unsynced_.back().first.index > keep) unsynced_.pop_back();
  RETURN_IF_ERROR(log_->truncate(to));
  dirty_ = true;
  if (!durable_entries_go) return absl::OkStatus();
  RETURN_IF_ERROR(flush_and_wait());
  unsynced_.clear();
  dirty_ = false;
  reset_round(keep.next());
  return absl::OkStatus();
}

absl::Status LogStore::restart_behind(const EntryId& base) {
  RETURN_IF_ERROR(log_->restart_at(offset_of(base.index.next())));
  RETURN_IF_ERROR(flush_and_wait());
  unsynced_.clear();
  dirty_ = false;
  shape_ = LogShape{base, base.index, {}};
  configurations_.clear();
  reset_round(base.index.next());
  return absl::OkStatus();
}

absl::StatusOr<LogIndex> LogStore::drop_below(LogIndex index) {
  RETURN_IF_ERROR(log_->advance_start(offset_of(index)));
  while (true) {
    ASSIGN_OR_RETURN(const bool more, log_->remove_deleted(1, Instant{}));
    if (!more) break;
  }
  return LogIndex{log_->start().value()};
}

void LogStore::sync(EntryId last, Synced done) {
  CHECK(!syncing_);
  syncing_ = true;
  dirty_ = false;
  std::optional<storage::FlushWork> work = log_->begin_flush();
  if (!work.has_value()) {
    // Everything is on disk already; the completion is news all the same.
    loop_.post([self = self_, last, done = std::move(done)]() mutable {
      if (*self == nullptr) return;
      (*self)->syncing_ = false;
      done(absl::OkStatus(), last);
    });
    return;
  }
  auto ticket = work->ticket;
  disk_.sync(std::move(work->set), loop_,
             [self = self_, ticket, last, done = std::move(done)](absl::Status status) mutable {
               LogStore* store = *self;
               if (store == nullptr) return;
               store->syncing_ = false;
               const bool counts = store->log_->complete_flush(ticket, status);
               if (status.ok()) {
                 store->reported_end_ =
                     std::max(store->reported_end_, offset_of(last.index.next()));
               }
               if (status.ok() && counts) {
                 store->round_ = store->take_round(LogIndex{ticket.end.value()});
               }
               done(std::move(status), last);
             });
}

absl::StatusOr<std::vector<Entry>> LogStore::read(LogIndex from, LogIndex below,
                                                  size_t max_bytes) const {
  std::vector<Entry> out;
  size_t bytes = 0;
  LogIndex next = from;
  while (next < below) {
    ASSIGN_OR_RETURN(
        const Buffer buffer,
        log_->read(offset_of(next), max_bytes - std::min(bytes, max_bytes) + kEntryOverhead,
                   offset_of(below), /*at_least_one=*/out.empty()));
    if (buffer.empty()) return out;
    kafka::BatchStream batches(buffer.view());
    while (const auto batch = batches.next()) {
      ASSIGN_OR_RETURN(StoredEntry stored, decode_entry(*batch, buffer));
      if (stored.entry.index != next) {
        return absl::DataLossError(absl::StrCat("the Raft log holds entry ",
                                                stored.entry.index.value(), " where ", next.value(),
                                                " was asked for"));
      }
      bytes += stored.entry.payload.size();
      if (!out.empty() && bytes > max_bytes) return out;
      next = next.next();
      out.push_back(std::move(stored.entry));
    }
  }
  return out;
}

}  // namespace barnabas::raft
