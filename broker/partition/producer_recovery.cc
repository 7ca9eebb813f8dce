#include "broker/partition/producer_recovery.h"

#include <glog/logging.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "common/probe.h"
#include "common/status.h"
#include "kafka/records/batch.h"

namespace barnabas::partition {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

Offset restore_newest(const storage::Log& log, WallTime now, ProducerState& state) {
  Offset not_after = log.end();
  while (true) {
    absl::StatusOr<std::optional<std::pair<Offset, std::string>>> found =
        log.latest_snapshot(not_after);
    if (found.ok() && !found->has_value()) break;
    if (!found.ok()) {
      LOG(WARNING) << log.directory()
                   << ": reading a producer snapshot: " << found.status().message();
      break;
    }
    const auto& [at, bytes] = **found;
    // What came between the two is deleted: of its producers nothing may be believed that is older.
    if (at < log.start()) break;
    const absl::Status status = state.restore(bytes, now);
    if (status.ok()) return at;
    LOG(WARNING) << log.directory() << ": snapshot at " << at << ": " << status.message();
    if (at <= log.start()) break;
    not_after = Offset(at.value() - 1);
  }
  state.clear();
  return log.start();
}

}  // namespace

absl::Status recover_producers(const storage::Log& log, WallTime now, ProducerState& state) {
  if (planted("partition: forgets its producers at a restart")) return absl::OkStatus();
  Offset at = restore_newest(log, now, state);
  while (at < log.end()) {
    ASSIGN_OR_RETURN(Buffer bytes, log.read(at, kReadBytes, log.end(), /*at_least_one=*/true));
    kafka::BatchStream stream(bytes.view());
    const Offset before = at;
    while (std::optional<kafka::BatchView> batch = stream.next()) {
      if (batch->next_offset() <= at) continue;
      state.apply(*batch, batch->base_offset(), now);
      at = batch->next_offset();
    }
    if (at == before) break;  // compaction may leave nothing up to the end
  }
  return absl::OkStatus();
}

}  // namespace barnabas::partition
