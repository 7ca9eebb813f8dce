// Kafka's keys that stand in files which people bring along, and that none of our daemons reads.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace barnabas {

// Kafka's older units of two defaults for topics: "log.retention.hours=1" is
// log.retention.ms=3600000.
struct OtherUnit {
  std::string_view key;
  std::string_view into;
  int64_t factor;
};
inline constexpr OtherUnit kOtherUnits[] = {
    {"log.retention.minutes", "log.retention.ms", 60'000},
    {"log.retention.hours", "log.retention.ms", 3'600'000},
    {"log.roll.hours", "log.roll.ms", 3'600'000},
};

enum class ForeignKey {
  kNone,       // nothing known of it
  kNotNeeded,  // of the JVM, of ZooKeeper, of threads, buffers or features that are not here
  kRefused,    // security and the like: to ignore it would be to lie
};

ForeignKey foreign_key(std::string_view key);
// All that are kNotNeeded by their whole name, for the nearest match of a misspelt one.
std::vector<std::string> foreign_key_names();

}  // namespace barnabas
