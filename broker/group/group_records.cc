#include "broker/group/group_records.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <utility>

#include "common/bytes.h"
#include "kafka/messages/records_group.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::group {
namespace {

constexpr int16_t kOffsetValueVersion = 3;
constexpr int16_t kOffsetValueWithExpiryVersion = 1;
constexpr int16_t kGroupValueVersion = 3;
// Lengths, deltas and attributes around a record's key and value: varints of five bytes at most.
constexpr size_t kRecordOverhead = 32;

// All texts have been bounded when the command was checked, so that nothing can fail here.
template <class Message>
std::string encode(const Message& message, int16_t leading, int16_t version) {
  kafka::MessageWriter out;
  out.write_int16(leading);
  const absl::Status status = message.write(out, version);
  CHECK(status.ok()) << "a coordinator record cannot be written: " << status;
  return flatten(out.finish());
}

absl::Status damaged(absl::string_view what, const absl::Status& why) {
  return absl::DataLossError(
      absl::StrCat("a ", what, " in the offsets topic cannot be read: ", why.message()));
}

template <class Message>
absl::Status decode(ByteReader& in, int16_t version, absl::string_view what, Message& out) {
  if (version < Message::kMinVersion || version > Message::kMaxVersion) {
    return absl::DataLossError(absl::StrCat("a ", what, " in the offsets topic has version ",
                                            version, ", and ", Message::kMaxVersion,
                                            " is the highest one known"));
  }
  const absl::Status status = out.read(in, version);
  return status.ok() ? status : damaged(what, status);
}

std::optional<std::string> owned(const std::optional<std::string_view>& text) {
  if (!text.has_value()) return std::nullopt;
  return std::string(*text);
}

std::optional<std::string_view> view(const std::optional<std::string>& text) {
  if (!text.has_value()) return std::nullopt;
  return std::string_view(*text);
}

absl::StatusOr<DecodedRecord> decode_offset(ByteReader& key,
                                            std::optional<std::string_view> value) {
  kafka::OffsetCommitKey name;
  absl::Status status = decode(key, 0, "key of a committed offset", name);
  if (!status.ok()) return status;
  OffsetRecord record{std::string(name.group),
                      {std::string(name.topic), name.partition, std::nullopt}};
  if (value.has_value()) {
    ByteReader in(*value);
    const int16_t version = in.read_int16();
    kafka::OffsetCommitValue offset;
    status = decode(in, version, "committed offset", offset);
    if (!status.ok()) return status;
    record.change.value =
        StoredOffset{offset.offset, offset.leader_epoch, std::string(offset.metadata),
                     offset.commit_timestamp, offset.expire_timestamp};
  }
  return DecodedRecord(std::move(record));
}

StoredGroup stored(const kafka::GroupMetadataValue& value) {
  StoredGroup group{std::string(value.protocol_type),
                    value.generation,
                    owned(value.protocol),
                    owned(value.leader),
                    value.current_state_timestamp,
                    {}};
  for (const auto& member : value.members) {
    group.members.push_back(
        {std::string(member.member_id), owned(member.group_instance_id),
         std::string(member.client_id), std::string(member.client_host),
         // Version 0 has none: the session's.
         member.rebalance_timeout < 0 ? member.session_timeout : member.rebalance_timeout,
         member.session_timeout, std::string(member.subscription), std::string(member.assignment)});
  }
  return group;
}

absl::StatusOr<DecodedRecord> decode_group(ByteReader& key, std::optional<std::string_view> value) {
  kafka::GroupMetadataKey name;
  absl::Status status = decode(key, 0, "key of a group", name);
  if (!status.ok()) return status;
  GroupRecord record{std::string(name.group), std::nullopt};
  if (value.has_value()) {
    ByteReader in(*value);
    const int16_t version = in.read_int16();
    kafka::GroupMetadataValue group;
    status = decode(in, version, "group", group);
    if (!status.ok()) return status;
    record.value = stored(group);
  }
  return DecodedRecord(std::move(record));
}

}  // namespace

LogRecord offset_record(std::string_view group, const OffsetChange& change) {
  kafka::OffsetCommitKey key;
  key.group = group;
  key.topic = change.topic;
  key.partition = change.partition;
  LogRecord record{encode(key, kafka::OffsetCommitKey::kRecordId, 0), std::nullopt};
  if (!change.value.has_value()) return record;
  kafka::OffsetCommitValue value;
  value.offset = change.value->offset;
  value.leader_epoch = change.value->leader_epoch;
  value.metadata = change.value->metadata;
  value.commit_timestamp = change.value->commit_timestamp_ms;
  value.expire_timestamp = change.value->expire_timestamp_ms;
  const int16_t version =
      value.expire_timestamp < 0 ? kOffsetValueVersion : kOffsetValueWithExpiryVersion;
  record.value = encode(value, version, version);
  return record;
}

LogRecord group_record(std::string_view group, const std::optional<StoredGroup>& value) {
  kafka::GroupMetadataKey key;
  key.group = group;
  LogRecord record{encode(key, kafka::GroupMetadataKey::kRecordId, 0), std::nullopt};
  if (!value.has_value()) return record;
  kafka::GroupMetadataValue out;
  out.protocol_type = value->protocol_type;
  out.generation = value->generation;
  out.protocol = view(value->protocol);
  out.leader = view(value->leader);
  out.current_state_timestamp = value->state_timestamp_ms;
  out.members.reserve(value->members.size());
  for (const StoredMember& member : value->members) {
    kafka::GroupMetadataValue::MemberMetadata& to = out.members.emplace_back();
    to.member_id = member.member_id;
    to.group_instance_id = view(member.instance_id);
    to.client_id = member.client_id;
    to.client_host = member.client_host;
    to.rebalance_timeout = member.rebalance_timeout_ms;
    to.session_timeout = member.session_timeout_ms;
    to.subscription = member.subscription;
    to.assignment = member.assignment;
  }
  record.value = encode(out, kGroupValueVersion, kGroupValueVersion);
  return record;
}

size_t size_in_batch(const LogRecord& record) {
  return record.key.size() + (record.value.has_value() ? record.value->size() : 0) +
         kRecordOverhead;
}

absl::StatusOr<DecodedRecord> decode_record(std::string_view key,
                                            std::optional<std::string_view> value) {
  ByteReader in(key);
  const int16_t kind = in.read_int16();
  if (!in.ok()) return damaged("key", in.status());
  switch (kind) {
    case kafka::LegacyOffsetCommitKey::kRecordId:  // the same fields
    case kafka::OffsetCommitKey::kRecordId:
      return decode_offset(in, value);
    case kafka::GroupMetadataKey::kRecordId:
      return decode_group(in, value);
    default:
      return DecodedRecord();
  }
}

}  // namespace barnabas::group
