// Checks of vectors that show record batches: what they decode to, what building them gives, and
// what becomes of them when a client sends them.

#pragma once

#include <absl/status/status.h>

#include "kafka/vectors/json_sink.h"

namespace barnabas::kafka {

absl::Status check_batches(const Json& line);

}  // namespace barnabas::kafka
