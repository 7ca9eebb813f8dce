// All groups of a shard with what their commands share: timers, the uncommitted appends, counters.
//
// A group stays in the table as long as anything of it is in the log, on its way there, or waiting;
// so whoever holds an append of a group may hold a pointer to it.

#pragma once

#include <absl/container/btree_map.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/group/commands.h"
#include "broker/group/effects.h"
#include "broker/group/group.h"
#include "broker/group/options.h"
#include "broker/group/shard.h"
#include "broker/group/uncommitted.h"

namespace barnabas::group {

class GroupTable {
 public:
  // In the order of names, so that whatever walks over them does it the same way each time.
  using Groups = absl::btree_map<std::string, std::unique_ptr<Group>, std::less<>>;

  explicit GroupTable(Options given) : options(given) {}

  const Options options;
  Timers timers;
  Uncommitted uncommitted;
  Statistics counted;  // only what is counted, not the sizes

  const Groups& groups() const { return groups_; }
  // Null: no such group, not even one that is being deleted.
  Group* lookup(std::string_view name);
  // For decisions: one whose deletion is appended is not there.
  Group* find(std::string_view name);
  Group& find_or_create(const std::string& name);
  void erase_if_unused(Group& group);
  // Is there anything of it for others to see?
  static bool visible(const Group& group);
  void clear();

  // Answers once everything is committed that `group` was changed by. Null: nothing to wait for.
  void reply(const Group* group, Token token, Result result, Effects& effects);
  // A heartbeat, or what counts as one.
  void keep_alive(Member& member, Now now);

  // Offsets of a group and, last, the group's own tombstone, in as many batches as needed.
  void append_tombstones(Group& group, std::vector<OffsetChange> deleted, bool whole_group, Now now,
                         Effects& effects);
  AppendId append_offsets(Group& group, std::vector<OffsetChange> changes,
                          std::vector<LogRecord> records, bool whole_group, Now now,
                          Effects& effects);

 private:
  Groups groups_;
};

}  // namespace barnabas::group
