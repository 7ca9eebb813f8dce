// All there is to know about groups, gathered once for the verbs that show it: the coordinators'
// view, what was committed, where the partitions begin and end, and how old the first record is
// that nobody has read yet.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/cluster_port.h"
#include "cli/json_text.h"

namespace barnabas::cli {

inline constexpr int64_t kUnknown = -1;

struct PartitionLag {
  TopicPartition partition;
  int64_t committed = kUnknown;
  int64_t start = kUnknown;
  int64_t end = kUnknown;
  int64_t lag = kUnknown;     // records that can still be read and have not been
  int64_t lag_ms = kUnknown;  // age of the first of them; 0 without any
  std::string metadata;
  std::string member;  // that reads it now; empty: nobody
  int code = 0;        // why its offsets are not known
};

struct GroupFacts {
  GroupView view;
  std::vector<PartitionLag> partitions;  // committed or assigned, in order
  // Sums over what is known; kUnknown where nothing is.
  int64_t lag() const;
  int64_t lag_ms() const;  // the largest
};

// Every group of `names`, or all groups where none is named; a group that does not exist has
// view.code GROUP_ID_NOT_FOUND.
Result<std::vector<GroupFacts>> gather(ClusterPort& brokers, const std::vector<std::string>& names,
                                       int64_t now_ms);
// "-" for what is not known.
std::string number_text(int64_t number);
std::string age_text(int64_t ms);
// As JSON: null for what is not known; ages in seconds.
void add_number(JsonObject& object, const char* name, int64_t number);
void add_seconds(JsonObject& object, const char* name, int64_t ms);

}  // namespace barnabas::cli
