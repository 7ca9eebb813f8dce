#include "cli/message_json.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <google/protobuf/descriptor.h>

#include <map>

#include "cli/json_text.h"
#include "common/uuid.h"

// protobuf's MessageToJsonString prints bytes as padded base64, which matches nothing that another
// tool shows for the same topic, so the mapping is walked here.

namespace barnabas::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string bytes_json(const std::string& bytes) {
  const auto id = Uuid::from_bytes(bytes);
  if (id.ok()) return bytes.empty() ? "\"\"" : json_string(id->text());
  return json_string(bytes);
}

std::string text_json(const FieldDescriptor& field, const std::string& text) {
  return field.type() == FieldDescriptor::TYPE_BYTES ? bytes_json(text) : json_string(text);
}

std::string one(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  std::string scratch;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(reflection.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(reflection.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat("\"", reflection.GetInt64(message, &field), "\"");
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat("\"", reflection.GetUInt64(message, &field), "\"");
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(reflection.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(reflection.GetFloat(message, &field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return json_string(reflection.GetEnum(message, &field)->name());
    case FieldDescriptor::CPPTYPE_STRING:
      return text_json(field, reflection.GetStringReference(message, &field, &scratch));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return message_json(reflection.GetMessage(message, &field));
  }
  return "null";
}

// The i-th element. Only the kinds that proto/admin.proto repeats.
std::string element(const Message& message, const FieldDescriptor& field, int i) {
  const Reflection& reflection = *message.GetReflection();
  std::string scratch;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(reflection.GetRepeatedInt32(message, &field, i));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat("\"", reflection.GetRepeatedInt64(message, &field, i), "\"");
    case FieldDescriptor::CPPTYPE_STRING:
      return text_json(field, reflection.GetRepeatedStringReference(message, &field, i, &scratch));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return message_json(reflection.GetRepeatedMessage(message, &field, i));
    default:
      return "null";
  }
}

std::string map_json(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor& key = *field.message_type()->map_key();
  const FieldDescriptor& value = *field.message_type()->map_value();
  std::map<std::string, std::string> entries;  // sorted: a map's own order differs from run to run
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    std::string name = one(entry, key);
    if (name.front() != '"') name = json_string(name);
    entries[name] = one(entry, value);
  }
  return absl::StrCat("{", absl::StrJoin(entries, ",", absl::PairFormatter(":")), "}");
}

std::string list_json(const Message& message, const FieldDescriptor& field) {
  std::string out = "[";
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    absl::StrAppend(&out, i > 0 ? "," : "", element(message, field, i));
  }
  return out + "]";
}

}  // namespace

std::string message_json(const Message& message) {
  const auto& type = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  std::string out = "{";
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    // What has presence and is absent has no value to print.
    if (field.has_presence() && !reflection.HasField(message, &field)) continue;
    if (out.size() > 1) out += ",";
    absl::StrAppend(&out, json_string(field.name()), ":");
    if (field.is_map()) {
      out += map_json(message, field);
    } else if (field.is_repeated()) {
      out += list_json(message, field);
    } else {
      out += one(message, field);
    }
  }
  return out + "}";
}

}  // namespace barnabas::cli
