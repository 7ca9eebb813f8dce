// Answers as JSON: protobuf's own mapping with the field names of proto/admin.proto, every field
// present, 64-bit numbers as strings; except that ids of 16 bytes are printed as Kafka prints them,
// 22 characters of URL-safe base64.

#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace barnabas::cli {

std::string message_json(const google::protobuf::Message& message);  // one line

}  // namespace barnabas::cli
