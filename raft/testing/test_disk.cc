#include "raft/testing/test_disk.h"

#include <glog/logging.h>

namespace barnabas::raft::testing {

const Entry* LogImage::at(LogIndex index) const {
  if (index <= base.index || index > last_index()) return nullptr;
  return &entries[static_cast<size_t>(distance(base.index, index) - 1)];
}

bool LogImage::holds(const EntryId& id) const {
  if (id.index <= base.index) return true;
  const Entry* entry = at(id.index);
  return entry != nullptr && entry->term == id.term;
}

void TestDisk::apply(const Operation& operation, LogImage& image) {
  if (operation.keep.has_value()) {
    while (image.last_index() > *operation.keep) image.entries.pop_back();
  } else if (operation.entry.index == image.last_index().next()) {
    image.entries.push_back(operation.entry);
  }
}

void TestDisk::truncate_above(LogIndex keep) {
  unsynced_.push_back({keep, {}});
  apply(unsynced_.back(), written_);
}

void TestDisk::append(const Entry& entry) {
  CHECK(entry.index == written_.last_index().next()) << "the store is asked to leave a gap";
  unsynced_.push_back({std::nullopt, entry});
  apply(unsynced_.back(), written_);
}

TestDisk::Ticket TestDisk::begin_sync() const {
  const EntryId last = written_.entries.empty() ? written_.base : written_.entries.back().id();
  return {completed_ + unsynced_.size(), last, replaced_};
}

void TestDisk::complete_sync(const Ticket& ticket) {
  if (ticket.replaced != replaced_) return;
  while (completed_ < ticket.operations && !unsynced_.empty()) {
    apply(unsynced_.front(), durable_);
    unsynced_.pop_front();
    ++completed_;
  }
}

void TestDisk::install(const SnapshotOffer& snapshot) {
  snapshot_ = snapshot;
  written_ = LogImage{snapshot.last, {}};
  durable_ = written_;
  completed_ += unsynced_.size();
  unsynced_.clear();
  ++replaced_;
}

void TestDisk::compact(const EntryId& base) {
  for (LogImage* image : {&written_, &durable_}) {
    const auto gone = distance(image->base.index, base.index);
    CHECK(gone >= 0 && static_cast<size_t>(gone) <= image->entries.size());
    image->entries.erase(image->entries.begin(), image->entries.begin() + gone);
    image->base = base;
  }
}

void TestDisk::crash(Random& random) {
  const uint64_t kept = random.below(unsynced_.size() + 1);
  for (uint64_t i = 0; i < kept; ++i) apply(unsynced_[i], durable_);
  completed_ += unsynced_.size();
  unsynced_.clear();
  ++replaced_;
  written_ = durable_;
  if (random.chance(50)) durable_hard_ = written_hard_;
  written_hard_ = durable_hard_;
}

LogShape TestDisk::shape() const {
  LogShape shape{written_.base, written_.last_index(), {}};
  for (const Entry& entry : written_.entries) {
    if (shape.terms.empty() || shape.terms.back().term < entry.term) {
      shape.terms.push_back({entry.term, entry.index});
    }
  }
  return shape;
}

std::vector<ConfigurationAt> TestDisk::configurations() const {
  std::vector<ConfigurationAt> out;
  if (snapshot_.has_value() && !snapshot_->configuration.configuration.voters.empty()) {
    out.push_back(snapshot_->configuration);
  }
  for (const Entry& entry : written_.entries) {
    if (entry.configures) {
      out.push_back({entry.index, *decode_configuration(entry.payload.view())});
    }
  }
  return out;
}

absl::StatusOr<std::vector<Entry>> TestDisk::read(LogIndex from, LogIndex below,
                                                  size_t max_bytes) const {
  std::vector<Entry> out;
  size_t bytes = 0;
  for (LogIndex index = from; index < below; index = index.next()) {
    const Entry* entry = written_.at(index);
    if (entry == nullptr) return absl::DataLossError("no such entry");
    bytes += entry->payload.size() + 64;  // as LogView counts
    if (!out.empty() && bytes > max_bytes) break;
    out.push_back(*entry);
  }
  return out;
}

}  // namespace barnabas::raft::testing
