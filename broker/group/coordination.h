// The parts of a shard, and the phase that it is in. Only shard.cc needs this.

#pragma once

#include <optional>
#include <vector>

#include "broker/group/group_commands.h"
#include "broker/group/group_table.h"
#include "broker/group/membership.h"
#include "broker/group/offset_commands.h"
#include "common/random.h"

namespace barnabas::group {

class Coordination {
 public:
  enum class Phase { kLoading, kActive, kResigned };

  Coordination(Options options, Random& random)
      : table(options), membership(table, random), offsets(table), groups(table, membership) {}

  // What commands are answered in this phase; nullopt: they are carried out.
  std::optional<kafka::ErrorCode> closed() const;
  // Forgets everything, and answers all who wait.
  void drop(kafka::ErrorCode error, Effects& effects);

  GroupTable table;
  Membership membership;
  OffsetCommands offsets;
  GroupCommands groups;
  std::optional<Timers::Handle> retention;
  Phase phase = Phase::kLoading;
};

}  // namespace barnabas::group
