// The keys of a broker's properties file, and what becomes of each.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace barnabas::broker {

enum class KeyKind {
  kUnknown,
  kEffective,     // read by parse_config
  kTopicDefault,  // a default for topics, which the cluster keeps (metadata/config_keys.h)
  kNotNeeded,  // of the JVM, of ZooKeeper, or of threads and buffers that are not here: no effect
  kNotHere,    // security and the like: to ignore it would be to lie
};

KeyKind kind_of(std::string_view key);
// All that can be written, for the nearest match of a misspelt one.
std::vector<std::string> all_key_names();

}  // namespace barnabas::broker
