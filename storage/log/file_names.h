// Kafka's file names inside a partition's directory: the base offset in 20 digits, and a suffix.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/ids.h"

namespace barnabas::storage {

inline constexpr std::string_view kLogSuffix = ".log";
inline constexpr std::string_view kOffsetIndexSuffix = ".index";
inline constexpr std::string_view kTimeIndexSuffix = ".timeindex";
inline constexpr std::string_view kSnapshotSuffix = ".snapshot";
inline constexpr std::string_view kDeletedSuffix = ".deleted";
inline constexpr std::string_view kTemporarySuffix = ".tmp";
inline constexpr std::string_view kEpochCheckpointName = "leader-epoch-checkpoint";

// "<directory>/00000000000000001234.log"
std::string offset_path(const std::string& directory, Offset base, std::string_view suffix);
// The offset in `name`, if it is twenty digits and exactly `suffix`.
std::optional<Offset> parse_offset_name(std::string_view name, std::string_view suffix);

}  // namespace barnabas::storage
