// What a shard wants done. The shell carries effects out in their order, appends before answers.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/group/commands.h"

namespace barnabas::group {

// One record of the offsets topic; no value: a tombstone.
struct LogRecord {
  std::string key;
  std::optional<std::string> value;
};

// To be appended as one batch, in the order of the ids.
struct Append {
  AppendId id = 0;
  WallTime at;  // the records' timestamp
  std::vector<LogRecord> records;
};

struct Answer {
  Token token = 0;
  Result result;
};

// A rebalance has begun; for the log and the counters.
struct RebalanceBegun {
  std::string group;
  RebalanceReason reason;
  size_t members = 0;
};

struct Effects {
  std::vector<Append> appends;
  std::vector<Answer> answers;
  std::vector<RebalanceBegun> rebalances;
  // The shard has dropped its state (an append failed): replay the log anew, then call loaded().
  bool reload = false;
};

}  // namespace barnabas::group
