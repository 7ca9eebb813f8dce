#include "kafka/vectors/primitive_vectors.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/crc32c.h"
#include "common/status.h"
#include "common/uuid.h"
#include "kafka/java_hash.h"
#include "kafka/messages/data.h"
#include "kafka/vectors/line.h"
#include "kafka/wire/message_reader.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::kafka {
namespace {

absl::Status differs(const char* what) {
  return absl::DataLossError(absl::StrCat(what, " differs"));
}

int64_t read_number(ByteReader& in, std::string_view type) {
  if (type == "varint") return in.read_varint();
  if (type == "uvarint") return in.read_uvarint();
  if (type == "varlong") return in.read_varlong();
  return static_cast<int64_t>(in.read_uvarlong());
}

std::string write_number(int64_t value, std::string_view type) {
  ByteWriter out;
  if (type == "varint") out.write_varint(static_cast<int32_t>(value));
  if (type == "uvarint") out.write_uvarint(static_cast<uint32_t>(value));
  if (type == "varlong") out.write_varlong(value);
  if (type == "uvarlong") out.write_uvarlong(static_cast<uint64_t>(value));
  return out.take();
}

absl::Status check_number(const Json& line, std::string_view type) {
  const std::string bytes = hex_of(line, "hex");
  ByteReader in(bytes);
  const int64_t got = read_number(in, type);
  if (line.value("decode", "ok") == "reject") {
    return in.ok() ? absl::DataLossError("accepted, but must be refused") : absl::OkStatus();
  }
  RETURN_IF_ERROR(in.status());
  const Json& value = line.at("value");
  const int64_t expected = value.is_number_unsigned() ? static_cast<int64_t>(value.get<uint64_t>())
                                                      : value.get<int64_t>();
  if (got != expected) return differs("the number read");
  if (in.position() != line.value("used", bytes.size())) return differs("the size read");
  if (line.contains("decode")) return absl::OkStatus();  // an odd form that nobody writes
  if (write_number(expected, type) != bytes) return differs("what is written");
  const size_t size = type == "varint"    ? varint_size(static_cast<int32_t>(expected))
                      : type == "varlong" ? varlong_size(expected)
                      : type == "uvarint" ? uvarint_size(static_cast<uint32_t>(expected))
                                          : uvarint_size(static_cast<uint64_t>(expected));
  return size == bytes.size() ? absl::OkStatus() : differs("the computed size");
}

absl::Status check_uuid(const Json& line) {
  ASSIGN_OR_RETURN(const Uuid id, Uuid::from_bytes(hex_of(line, "hex")));
  const auto text = line.at("text").get<std::string>();
  if (id.text() != text) return differs("the text");
  ASSIGN_OR_RETURN(const Uuid parsed, Uuid::parse(text));
  return parsed == id ? absl::OkStatus() : differs("the id");
}

absl::Status check_crc(const Json& line) {
  const std::string bytes = hex_of(line, "hex");
  const auto expected = line.at("value").get<uint32_t>();
  if (crc32c(bytes) != expected) return differs("the checksum");
  const std::string_view all = bytes;
  for (size_t cut = 0; cut <= all.size(); ++cut) {
    if (crc32c_extend(crc32c(all.substr(0, cut)), all.substr(cut)) != expected) {
      return differs("the extended checksum");
    }
  }
  return absl::OkStatus();
}

// ---- consumer protocol: a two-byte version in front of the message ----

Json hex_or_null(const std::optional<std::string_view>& bytes) {
  if (!bytes.has_value()) return nullptr;
  return absl::BytesToHexString(absl::string_view(bytes->data(), bytes->size()));
}

template <class Topic>
Json pairs(const std::vector<Topic>& topics) {
  Json out = Json::array();
  for (const Topic& topic : topics) {
    for (const int32_t partition : topic.partitions) {
      out.push_back(Json::array({std::string(topic.topic), partition}));
    }
  }
  return out;
}

template <class Message>
absl::StatusOr<Message> read_prefixed(const std::string& bytes, int16_t& version) {
  ByteReader in(bytes);
  version = in.read_int16();
  Message message;
  RETURN_IF_ERROR(message.read(in, version));
  if (!in.at_end()) return absl::DataLossError("there are bytes behind the message");
  return message;
}

template <class Message>
absl::Status check_rewriting(const Message& message, int16_t version, const std::string& bytes) {
  MessageWriter out;
  out.write_int16(version);
  RETURN_IF_ERROR(message.write(out, version));
  return flatten(out.finish()) == bytes ? absl::OkStatus() : differs("what is written");
}

// The reference gives pairs in the order of its hash map; the set is what counts.
bool same_set(Json a, Json b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

absl::Status check_subscription(const Json& line) {
  const std::string bytes = hex_of(line, "hex");
  int16_t version = 0;
  ASSIGN_OR_RETURN(const auto message, read_prefixed<ConsumerProtocolSubscription>(bytes, version));
  Json topics = Json::array();
  for (const std::string_view topic : message.topics) topics.push_back(std::string(topic));
  if (topics != line.at("topics")) return differs("the topics");
  if (hex_or_null(message.user_data) != line.at("userData")) return differs("the user data");
  if (!same_set(pairs(message.owned_partitions), line.at("ownedPartitions"))) {
    return differs("what is owned");
  }
  if (message.generation_id != line.at("generationId").get<int32_t>()) {
    return differs("the generation");
  }
  const Json rack = message.rack_id.has_value() ? Json(std::string(*message.rack_id)) : Json();
  if (rack != line.at("rackId")) return differs("the rack");
  if (version != line.at("version").get<int16_t>()) return differs("the version");
  return check_rewriting(message, version, bytes);
}

absl::Status check_assignment(const Json& line) {
  const std::string bytes = hex_of(line, "hex");
  int16_t version = 0;
  ASSIGN_OR_RETURN(const auto message, read_prefixed<ConsumerProtocolAssignment>(bytes, version));
  if (!same_set(pairs(message.assigned_partitions), line.at("partitions"))) {
    return differs("the assignment");
  }
  if (hex_or_null(message.user_data) != line.at("userData")) return differs("the user data");
  if (version != line.at("version").get<int16_t>()) return differs("the version");
  return check_rewriting(message, version, bytes);
}

// What the sticky assignors tell themselves from one generation to the next. Opaque to a broker;
// tools that show group members read it.
absl::Status check_user_data(const Json& line) {
  const std::string bytes = hex_of(line, "hex");
  ByteReader in(bytes);
  std::vector<ConsumerProtocolAssignment::TopicPartition> topics;
  // The cooperative assignor keeps partitions in the subscription itself.
  const bool has_partitions = line.at("assignor") == "sticky";
  if (has_partitions) read_structs(in, false, 6, 0, topics);
  const int32_t generation = in.read_int32();
  RETURN_IF_ERROR(in.status());
  if (!in.at_end()) return absl::DataLossError("there are bytes behind the user data");
  if (generation != line.at("generation").get<int32_t>()) return differs("the generation");
  if (has_partitions && !same_set(pairs(topics), line.at("partitions"))) {
    return differs("the partitions");
  }
  MessageWriter out;
  if (has_partitions) out.write_structs(topics, false, 0);
  out.write_int32(generation);
  return flatten(out.finish()) == bytes ? absl::OkStatus() : differs("what is written");
}

}  // namespace

absl::Status check_primitive(const Json& line) {
  const auto type = line.at("type").get<std::string>();
  if (type == "uuid") return check_uuid(line);
  if (type == "crc32c") return check_crc(line);
  if (type == "subscription") return check_subscription(line);
  if (type == "assignment") return check_assignment(line);
  if (type == "userData") return check_user_data(line);
  if (type == "varint" || type == "uvarint" || type == "varlong" || type == "uvarlong") {
    return check_number(line, type);
  }
  return absl::InvalidArgumentError(absl::StrCat("unknown type ", type));
}

absl::Status check_coordinator(const Json& line) {
  const auto id = line.at("id").get<std::string>();
  if (java_string_hash(id) != line.at("hash").get<int32_t>()) return differs("the hash");
  for (const auto& [count, partition] : line.at("partition").items()) {
    if (coordinator_partition(id, std::stoi(count)) != partition.get<int32_t>()) {
      return differs("the partition");
    }
  }
  return absl::OkStatus();
}

}  // namespace barnabas::kafka
