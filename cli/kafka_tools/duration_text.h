// Java's durations as text: PnDTnHnMnS.

#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <string_view>

namespace barnabas::cli::kafka_tools {

absl::StatusOr<std::chrono::milliseconds> parse_iso_duration(std::string_view text);

}  // namespace barnabas::cli::kafka_tools
