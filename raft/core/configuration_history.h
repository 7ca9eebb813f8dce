// The configurations of one log: the one that holds behind everything that a snapshot has
// swallowed, and those that entries above it brought.
//
//   base (committed for good) | entry 17: {1 2 3 4} | entry 40: {1 2 4}
//
// The newest holds, committed or not; cutting a tail gives back the one before. Which one held at
// an entry is what a snapshot of that entry must carry.

#pragma once

#include <vector>

#include "raft/configuration.h"

namespace barnabas::raft {

class ConfigurationHistory {
 public:
  explicit ConfigurationHistory(ConfigurationAt base);

  const ConfigurationAt& latest() const { return held_.back(); }
  // Of two that follow each other until the newer one is committed; the same as latest() if there
  // is no other.
  const ConfigurationAt& before_latest() const;
  // Not below the base.
  const ConfigurationAt& at(LogIndex index) const;

  // Above the newest; brought by an entry that has just been appended.
  void append(LogIndex index, Configuration configuration);
  // The log keeps [.., keep]; the base stays in any case.
  void truncate_above(LogIndex keep);
  // Nothing below `index` will be asked for any more.
  void compact(LogIndex index);
  void restart_behind(ConfigurationAt base);

 private:
  std::vector<ConfigurationAt> held_;  // ascending, the base first
};

}  // namespace barnabas::raft
