// A batch in the codec that its topic demands (compression.type), where that is not the producer's.

#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "kafka/records/batch.h"
#include "kafka/records/validation.h"

namespace barnabas::partition {

// `compression_type`: "producer", "uncompressed" or a codec's name.
bool wants_recompression(const kafka::BatchView& batch, std::string_view compression_type);

// The verdict's batch, record for record, with its timestamps as the verdict demands. Offset and
// epoch are left for the log to stamp.
absl::StatusOr<std::string> recompress(const kafka::AppendVerdict& verdict,
                                       std::string_view compression_type);

}  // namespace barnabas::partition
