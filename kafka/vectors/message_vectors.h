// Checks of vectors that show one message each: bytes and JSON, in both directions.

#pragma once

#include <absl/status/status.h>

#include "kafka/messages/registry.h"
#include "kafka/vectors/json_sink.h"

namespace barnabas::kafka {

// The type that a line is about: {"api", "kind" or "fuzz"} or {"message", "kind"}. NOT_FOUND if
// there is none.
absl::StatusOr<const MessageType*> type_of_line(const Json& line);

// Bytes -> message -> JSON and bytes, JSON -> message -> bytes; all exact. Records also as they
// are framed in their topic.
absl::Status check_message(const Json& line);

// No proper prefix of the bytes may be taken for the message.
absl::Status check_truncations(const Json& line);

// A damaged message: refused, or read as the line says. Being stricter than the line is right
// where a tagged field does not fill its size.
absl::Status check_fuzz(const Json& line);

}  // namespace barnabas::kafka
