#include "broker/group/group_table.h"

#include <algorithm>

#include "common/probe.h"

namespace barnabas::group {

Group* GroupTable::lookup(std::string_view name) {
  const auto found = groups_.find(name);
  return found == groups_.end() ? nullptr : found->second.get();
}

Group* GroupTable::find(std::string_view name) {
  Group* group = lookup(name);
  return group == nullptr || group->deleted ? nullptr : group;
}

Group& GroupTable::find_or_create(const std::string& name) {
  std::unique_ptr<Group>& place = groups_[name];
  if (place == nullptr) place = std::make_unique<Group>(name);
  place->deleted = false;
  return *place;
}

void GroupTable::erase_if_unused(Group& group) {
  const bool used = group.state != GroupState::kEmpty || group.size() > 0 ||
                    !group.pending().empty() || group.record_appended ||
                    !group.offsets.working_empty() || uncommitted.waits(group.last_append);
  if (used) return;
  if (group.join_phase.has_value()) timers.remove(*group.join_phase);
  if (group.sync_phase.has_value()) timers.remove(*group.sync_phase);
  groups_.erase(group.id());
}

bool GroupTable::visible(const Group& group) {
  return group.state != GroupState::kEmpty || group.record_committed ||
         !group.offsets.committed().empty() || !group.pending().empty();
}

void GroupTable::clear() {
  groups_.clear();
  timers.clear();
}

void GroupTable::reply(const Group* group, Token token, Result result, Effects& effects) {
  const AppendId after = group == nullptr ? 0 : group->decided_on;
  uncommitted.answer_after(after, {token, std::move(result)}, effects);
}

void GroupTable::keep_alive(Member& member, Now now) {
  timers.set(member.session, now.steady + std::chrono::milliseconds(member.session_timeout_ms));
}

void GroupTable::append_tombstones(Group& group, std::vector<OffsetChange> deleted,
                                   bool whole_group, Now now, Effects& effects) {
  std::vector<OffsetChange> changes;
  std::vector<LogRecord> records;
  size_t bytes = 0;
  for (OffsetChange& change : deleted) {
    LogRecord record = offset_record(group.id(), change);
    const size_t size = size_in_batch(record);
    if (!records.empty() && bytes + size > options.max_append_bytes) {
      append_offsets(group, std::exchange(changes, {}), std::exchange(records, {}), false, now,
                     effects);
      bytes = 0;
    }
    bytes += size;
    if (!planted("group: forgets a tombstone")) records.push_back(std::move(record));
    changes.push_back(std::move(change));
  }
  if (whole_group) records.push_back(group_record(group.id(), std::nullopt));
  if (changes.empty() && records.empty()) return;
  append_offsets(group, std::move(changes), std::move(records), whole_group, now, effects);
}

AppendId GroupTable::append_offsets(Group& group, std::vector<OffsetChange> changes,
                                    std::vector<LogRecord> records, bool whole_group, Now now,
                                    Effects& effects) {
  const AppendId id = uncommitted.next();
  for (const OffsetChange& change : changes) group.offsets.append(change, id);
  group.last_append = id;
  if (whole_group) group.decided_on = id;
  return uncommitted.append(
      std::move(records), now.wall,
      [this, &group, id, whole_group, changes = std::move(changes)](Now, Effects&) mutable {
        for (OffsetChange& change : changes) group.offsets.commit(std::move(change), id);
        if (whole_group) group.record_committed = false;
        erase_if_unused(group);
      },
      effects);
}

}  // namespace barnabas::group
