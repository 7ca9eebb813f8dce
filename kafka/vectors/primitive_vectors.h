// Checks of vectors for numbers, ids, checksums, the consumer protocol and the choice of a
// coordinator.

#pragma once

#include <absl/status/status.h>

#include "kafka/vectors/json_sink.h"

namespace barnabas::kafka {

// {"type": varint, uvarint, varlong, uvarlong, uuid, crc32c, subscription, assignment, ...}
absl::Status check_primitive(const Json& line);
// {"id", "hash", "partition"}
absl::Status check_coordinator(const Json& line);

}  // namespace barnabas::kafka
