// Kafka's text formats of a data directory (docs/formats.md). Parsing is strict: these files are
// replaced as a whole, so that anything unexpected is damage.

#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <string_view>

#include "storage/data_directory.h"

namespace barnabas::storage {

// "0", the number of entries, then "topic partition offset" lines.
std::string offset_checkpoint_text(const OffsetCheckpoint& checkpoint);
absl::StatusOr<OffsetCheckpoint> parse_offset_checkpoint(std::string_view text);

// key=value lines; '#' begins a comment.
using Properties = std::map<std::string, std::string>;
std::string properties_text(const Properties& properties);
absl::StatusOr<Properties> parse_properties(std::string_view text);

// {"version":0,"brokerEpoch":7}
std::string clean_stop_text(BrokerEpoch epoch);
absl::StatusOr<BrokerEpoch> parse_clean_stop(std::string_view text);

// "version: 0", "topic_id: <text of the id>"
std::string partition_metadata_text(const Uuid& topic_id);
absl::StatusOr<Uuid> parse_partition_metadata(std::string_view text);

// "0", the epoch. (Ours; Kafka has no such file.)
std::string broker_epoch_text(BrokerEpoch epoch);
absl::StatusOr<BrokerEpoch> parse_broker_epoch(std::string_view text);

}  // namespace barnabas::storage
