// Kafka's keys that stand in files which people bring along, and that none of our daemons reads.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace barnabas {

enum class ForeignKey {
  kNone,       // nothing known of it
  kNotNeeded,  // of the JVM, of ZooKeeper, of threads, buffers or features that are not here
  kRefused,    // security and the like: to ignore it would be to lie
};

ForeignKey foreign_key(std::string_view key);
// All that are kNotNeeded by their whole name, for the nearest match of a misspelt one.
std::vector<std::string> foreign_key_names();

}  // namespace barnabas
