// The hash by which the protocol assigns groups and transactional ids to coordinators: Java's
// String.hashCode(), which runs over UTF-16 units. Clients never compute it, but the partition of
// an internal topic in which a group's state lies depends on it for ever.

#pragma once

#include <cstdint>
#include <string_view>

namespace barnabas::kafka {

// Of a string in UTF-8. Bytes that are no UTF-8 count as U+FFFD.
int32_t java_string_hash(std::string_view utf8);

// Which of `partitions` (above 0) holds the state of a group or transactional id.
int32_t coordinator_partition(std::string_view id, int32_t partitions);

}  // namespace barnabas::kafka
