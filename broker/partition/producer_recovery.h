// Producer state from a log: the newest sound snapshot, and the batches behind it.

#pragma once

#include <absl/status/status.h>

#include "broker/partition/producer_state.h"
#include "common/clock.h"
#include "storage/log/log.h"

namespace barnabas::partition {

// Replaces `state`. A damaged snapshot is passed over for an older one, and without any the whole
// log is read. Errors are the log's.
absl::Status recover_producers(const storage::Log& log, WallTime now, ProducerState& state);

}  // namespace barnabas::partition
