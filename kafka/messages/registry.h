// All messages by name, for tools and tests that do not know at compile time what they meet: the
// vector checker, fuzzers, dumps. The daemons use the message types themselves.

#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "common/bytes.h"
#include "kafka/wire/field_visitor.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::kafka {

// One message of whatever type.
class AnyMessage {
 public:
  virtual ~AnyMessage() = default;
  virtual absl::Status read(ByteReader& in, int16_t version) = 0;
  virtual absl::Status write(MessageWriter& out, int16_t version) const = 0;
  virtual void visit(FieldVisitor& visitor, int16_t version) = 0;
};

struct MessageType {
  std::string_view name;        // "ProduceRequest", "OffsetCommitKey"
  std::string_view entry;       // "Produce", "OffsetCommit"
  std::string_view entry_kind;  // "api", "record", "message"
  std::string_view kind;        // "request", "response", "key", "value", "body"
  int16_t number;               // API key or record id; -1: none
  int16_t min_version;
  int16_t max_version;
  std::unique_ptr<AnyMessage> (*create)();
};

std::span<const MessageType> all_message_types();

}  // namespace barnabas::kafka
