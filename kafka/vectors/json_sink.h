// Messages as JSON and back, in the form of the vectors: names in camel case, 64-bit numbers as
// numbers, ids as text, bytes and records in base64, tagged fields at their default left out.
// Unknown tagged fields stand beside the JSON, by the path of the struct that has them.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kafka/messages/registry.h"

namespace barnabas::kafka {

using Json = nlohmann::json;

struct PathTag {
  std::string path;  // "topics[0].partitions[1]"; empty: the message itself
  uint32_t tag;
  std::string bytes;

  friend auto operator<=>(const PathTag&, const PathTag&) = default;
};

struct MessageText {
  Json json;
  std::vector<PathTag> unknown_tags;
};

// Strings in a message are whatever bytes came; these two put U+FFFD where they are no UTF-8, as
// the reference does when it reads.
Json repaired(const Json& json);
std::string to_text(const Json& json);

MessageText to_json(AnyMessage& message, int16_t version);

// Owns what a message that was filled from JSON borrows.
using Arena = std::deque<std::string>;

// INVALID_ARGUMENT if a field is missing or of another type. `message` borrows from `text` and
// `arena`.
absl::Status from_json(const MessageText& text, int16_t version, Arena& arena, AnyMessage& message);

}  // namespace barnabas::kafka
