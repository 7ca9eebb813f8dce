#include "broker/group/group_records.h"

#include <absl/strings/escaping.h>
#include <gtest/gtest.h>

namespace barnabas::group {
namespace {

std::string hex(std::string_view bytes) {
  return std::string(absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size())));
}
std::string bytes(std::string_view hex_text) {
  return std::string(absl::HexStringToBytes(absl::string_view(hex_text.data(), hex_text.size())));
}

// The bytes are those that Kafka 3 and 4 write; Burrow and the lag exporters parse exactly these.

constexpr std::string_view kOffsetKey =
    "0001"       // an offset
    "000167"     // "g"
    "00026f70"   // "op"
    "00000007";  // partition
constexpr std::string_view kOffsetValue =
    "0003"               // version
    "000000000000002a"   // offset 42
    "00000005"           // leader epoch
    "00026d64"           // "md"
    "0000018bcfe56800";  // 1700000000000

TEST(GroupRecords, ACommittedOffsetIsWrittenAsKafkaDoes) {
  const LogRecord record =
      offset_record("g", {"op", 7, StoredOffset{42, 5, "md", 1'700'000'000'000, -1}});
  EXPECT_EQ(hex(record.key), kOffsetKey);
  EXPECT_EQ(hex(*record.value), kOffsetValue);
}

TEST(GroupRecords, AnOffsetWithAnExpiryOfItsOwnIsWrittenInTheVersionThatHasOne) {
  const LogRecord record = offset_record(
      "g", {"op", 7, StoredOffset{42, 5, "md", 1'700'000'000'000, 1'700'000'000'001}});
  EXPECT_EQ(hex(*record.value),
            "0001"
            "000000000000002a"
            "00026d64"
            "0000018bcfe56800"
            "0000018bcfe56801");
}

TEST(GroupRecords, ADeletedOffsetIsATombstone) {
  const LogRecord record = offset_record("g", {"op", 7, std::nullopt});
  EXPECT_EQ(hex(record.key), kOffsetKey);
  EXPECT_FALSE(record.value.has_value());
}

TEST(GroupRecords, AGroupIsWrittenAsKafkaDoes) {
  StoredGroup group;
  group.protocol_type = "consumer";
  group.generation = 3;
  group.protocol = "range";
  group.leader = "m1";
  group.state_timestamp_ms = 1'700'000'000'000;
  group.members.push_back({"m1", "i1", "c", "/h", 60'000, 10'000, "S", "A"});
  group.members.push_back({"m2", std::nullopt, "c", "/h", 60'000, 10'000, "", "B"});
  const LogRecord record = group_record("g", group);
  EXPECT_EQ(hex(record.key), "0002000167");
  EXPECT_EQ(hex(*record.value),
            "0003"
            "0008636f6e73756d6572"  // consumer
            "00000003"              // generation
            "000572616e6765"        // range
            "00026d31"              // leader m1
            "0000018bcfe56800"
            "00000002"  // members
            "00026d31"
            "00026931"  // instance i1
            "000163"
            "00022f68"
            "0000ea60"
            "00002710"
            "0000000153"
            "0000000141"
            "00026d32"
            "ffff"  // no instance
            "000163"
            "00022f68"
            "0000ea60"
            "00002710"
            "00000000"
            "0000000142");
}

TEST(GroupRecords, WhatIsWrittenIsReadBack) {
  StoredGroup group;
  group.protocol_type = "consumer";
  group.generation = 3;
  group.members.push_back({"m1", "i1", "c", "/h", 60'000, 10'000, "S", "A"});
  const LogRecord record = group_record("g", group);
  const auto decoded = decode_record(record.key, std::string_view(*record.value));
  ASSERT_TRUE(decoded.ok());
  const auto& read = std::get<GroupRecord>(*decoded);
  EXPECT_EQ(read.group, "g");
  ASSERT_TRUE(read.value.has_value());
  EXPECT_EQ(read.value->protocol, std::nullopt);
  EXPECT_EQ(read.value->leader, std::nullopt);
  EXPECT_EQ(read.value->members[0].instance_id, "i1");
  EXPECT_EQ(group_record("g", read.value).value, record.value);
}

TEST(GroupRecords, OlderVersionsOfKafkaAreRead) {
  // Group metadata version 0: no rebalance timeout, no timestamp, no instance id.
  const auto group = decode_record(bytes("0002000167"), std::string_view(bytes("0000"
                                                                               "0001"
                                                                               "78"
                                                                               "00000001"
                                                                               "0001"
                                                                               "70"
                                                                               "0001"
                                                                               "6d"
                                                                               "00000001"
                                                                               "0001"
                                                                               "6d"
                                                                               "0001"
                                                                               "63"
                                                                               "0001"
                                                                               "68"
                                                                               "00001388"
                                                                               "00000000"
                                                                               "00000000")));
  ASSERT_TRUE(group.ok()) << group.status();
  const auto& value = std::get<GroupRecord>(*group).value;
  EXPECT_EQ(value->state_timestamp_ms, -1);
  EXPECT_EQ(value->members[0].rebalance_timeout_ms, 5'000);
  // Offset key version 0, value version 0.
  const auto offset = decode_record(bytes("0000000167000174"
                                          "00000002"),
                                    std::string_view(bytes("0000"
                                                           "0000000000000009"
                                                           "0000"
                                                           "0000000000000001")));
  ASSERT_TRUE(offset.ok()) << offset.status();
  const auto& change = std::get<OffsetRecord>(*offset).change;
  EXPECT_EQ(change.topic, "t");
  EXPECT_EQ(change.value->offset, 9);
  EXPECT_EQ(change.value->leader_epoch, -1);
  EXPECT_EQ(change.value->expire_timestamp_ms, -1);
}

TEST(GroupRecords, TheNewestKnownVersionsAreRead) {
  // Version 4 of an offset is flexible and has a topic id, which is passed over.
  const auto offset =
      decode_record(bytes(kOffsetKey), std::string_view(bytes("0004"
                                                              "0000000000000009"
                                                              "00000001"
                                                              "01"
                                                              "0000000000000001"
                                                              "01"
                                                              "00"
                                                              "10"
                                                              "00112233445566778899aabbccddeeff")));
  ASSERT_TRUE(offset.ok()) << offset.status();
  EXPECT_EQ(std::get<OffsetRecord>(*offset).change.value->offset, 9);
}

TEST(GroupRecords, RecordsOfOtherKindsAreUnknownNotDamaged) {
  const auto decoded = decode_record(bytes("0003000167"), std::string_view("anything"));
  ASSERT_TRUE(decoded.ok());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*decoded));
}

TEST(GroupRecords, EveryCutRecordIsDamaged) {
  const std::string key = bytes(kOffsetKey);
  const std::string value = bytes(kOffsetValue);
  for (size_t size = 0; size < key.size(); ++size) {
    EXPECT_FALSE(decode_record(std::string_view(key).substr(0, size), value).ok()) << size;
  }
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(decode_record(key, std::string_view(value).substr(0, size)).status().code(),
              absl::StatusCode::kDataLoss)
        << size;
  }
  EXPECT_FALSE(decode_record(key, std::string_view(bytes("0009"))).ok());
}

}  // namespace
}  // namespace barnabas::group
