#include "broker/group/group_offsets.h"

namespace barnabas::group {

void GroupOffsets::append(const OffsetChange& change, AppendId id) {
  if (uncommitted_ == nullptr) uncommitted_ = std::make_unique<Uncommitted>();
  (*uncommitted_)[{change.topic, change.partition}] = {id, change.value};
}

void GroupOffsets::commit(OffsetChange change, AppendId id) {
  if (uncommitted_ != nullptr) {
    const auto newest = uncommitted_->find({change.topic, change.partition});
    if (newest != uncommitted_->end() && newest->second.id <= id) uncommitted_->erase(newest);
    if (uncommitted_->empty()) uncommitted_.reset();
  }
  if (change.value.has_value()) {
    committed_[change.topic][change.partition] = *std::move(change.value);
    return;
  }
  const auto topic = committed_.find(change.topic);
  if (topic == committed_.end()) return;
  topic->second.erase(change.partition);
  if (topic->second.empty()) committed_.erase(topic);
}

const StoredOffset* GroupOffsets::find_committed(std::string_view topic, int32_t partition) const {
  const auto partitions = committed_.find(topic);
  if (partitions == committed_.end()) return nullptr;
  const auto offset = partitions->second.find(partition);
  return offset == partitions->second.end() ? nullptr : &offset->second;
}

size_t GroupOffsets::committed_count() const {
  size_t count = 0;
  for (const auto& [topic, partitions] : committed_) count += partitions.size();
  return count;
}

bool GroupOffsets::working_has(const std::string& topic, int32_t partition) const {
  if (uncommitted_ != nullptr) {
    const auto newest = uncommitted_->find({topic, partition});
    if (newest != uncommitted_->end()) return newest->second.value.has_value();
  }
  return find_committed(topic, partition) != nullptr;
}

bool GroupOffsets::working_empty() const {
  if (uncommitted_ == nullptr) return committed_.empty();
  bool empty = true;
  each_working([&](const std::string&, int32_t, const StoredOffset&) { empty = false; });
  return empty;
}

void GroupOffsets::each_working(
    absl::FunctionRef<void(const std::string& topic, int32_t partition, const StoredOffset& offset)>
        visit) const {
  for (const auto& [topic, partitions] : committed_) {
    for (const auto& [partition, offset] : partitions) {
      if (uncommitted_ != nullptr && uncommitted_->contains({topic, partition})) continue;
      visit(topic, partition, offset);
    }
  }
  if (uncommitted_ == nullptr) return;
  for (const auto& [place, appended] : *uncommitted_) {
    if (appended.value.has_value()) visit(place.first, place.second, *appended.value);
  }
}

}  // namespace barnabas::group
