#include <gtest/gtest.h>

#include <string>

#include "kafka/wire/message_reader.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::kafka {
namespace {

TEST(MessageWriter, LargeOwnedRecordsArePassedOnWithoutACopy) {
  const Buffer large = Buffer::own(std::string(kReferenceThreshold, 'x'));
  MessageWriter out;
  out.write_int32(1);
  out.write_records(large, true);
  out.write_int32(2);
  EXPECT_EQ(out.size(), 4 + 2 + large.size() + 4);
  const BufferChain chain = out.finish();
  ASSERT_EQ(chain.size(), 3u);
  EXPECT_EQ(chain[1].data(), large.data());
  EXPECT_EQ(chain[1].owner(), large.owner());
  EXPECT_EQ(chain[2].view(), std::string_view("\0\0\0\2", 4));
}

TEST(MessageWriter, SmallOrBorrowedRecordsAreCopied) {
  const std::string bytes(kReferenceThreshold * 2, 'y');
  MessageWriter out;
  out.write_records(Buffer::borrow(bytes), false);
  out.write_records(Buffer::own(std::string(kReferenceThreshold - 1, 'z')), false);
  EXPECT_EQ(out.finish().size(), 1u);
}

TEST(MessageWriter, AFrameHasItsTotalSizeInFrontReferencesIncluded) {
  MessageWriter out;
  out.write_int8(7);
  out.write_records(Buffer::own(std::string(5000, 'x')), false);
  const std::string frame = flatten(out.finish_frame());
  ByteReader in(frame);
  const int32_t size = in.read_int32();
  EXPECT_EQ(static_cast<size_t>(size), in.remaining());
  EXPECT_EQ(in.read_int8(), 7);
  EXPECT_EQ(read_records(in, false).view(), std::string(5000, 'x'));
  EXPECT_TRUE(in.at_end());
}

TEST(MessageWriter, AStringLongerThanItsLengthFieldIsRefused) {
  for (const bool flexible : {false, true}) {
    MessageWriter out;
    out.write_string(std::string(32767, 'a'), flexible);
    EXPECT_TRUE(out.status().ok());
    out.write_string(std::string(32768, 'a'), flexible);
    EXPECT_EQ(out.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(MessageWriter, TheFirstRefusalIsTheOneReported) {
  MessageWriter out;
  out.refuse("A.b", 3);
  out.refuse_null("C.d", 4);
  EXPECT_EQ(out.status().message(), "A.b is set, and version 3 of the message cannot carry it");
}

TEST(TagSection, MergesKnownAndUnknownFieldsInAscendingOrder) {
  UnknownTags unknown;
  unknown.add({1, "one"});
  unknown.add({9, std::string_view()});
  MessageWriter out;
  TagSection tags(out, unknown);
  tags.begin(0);
  out.write_int16(5);
  tags.end();
  tags.begin(3);
  out.write_string(std::string(200, 's'), true);
  tags.end();
  tags.finish();
  const std::string bytes = flatten(out.finish());

  ByteReader in(bytes);
  std::vector<uint32_t> seen;
  UnknownTags back;
  for (TaggedFields fields(in); fields.next();) {
    seen.push_back(fields.tag());
    fields.keep(back);
  }
  EXPECT_TRUE(in.ok() && in.at_end());
  EXPECT_EQ(seen, (std::vector<uint32_t>{0, 1, 3, 9}));
  EXPECT_EQ(back.all()[1], (UnknownTag{1, "one"}));
  EXPECT_EQ(back.all()[2].bytes.size(), 202u);
}

TEST(TaggedFields, AFieldMustFillItsSizeAndMayNotPassIt) {
  // One field, tag 0, of two bytes, of which one is read.
  ByteReader in(std::string_view("\1\0\2ab", 5));
  TaggedFields fields(in);
  ASSERT_TRUE(fields.next());
  fields.body().read_int8();
  EXPECT_FALSE(fields.next());
  EXPECT_FALSE(in.ok());

  ByteReader beyond(std::string_view("\1\0\3ab", 5));
  EXPECT_FALSE(TaggedFields(beyond).next());
  EXPECT_FALSE(beyond.ok());
}

TEST(MessageReader, ACountMustFitIntoWhatRemains) {
  std::string bytes("\x00\x00\x00\x03", 4);
  bytes += std::string(11, 'x');
  ByteReader enough(bytes);
  EXPECT_EQ(read_count(enough, false, 3), 3u);
  ByteReader short_by_one(bytes);
  EXPECT_EQ(read_count(short_by_one, false, 4), 0u);
  EXPECT_FALSE(short_by_one.ok());
}

TEST(MessageReader, AHugeCountIsRefusedBeforeAnythingIsAllocated) {
  for (const std::string& bytes :
       {std::string("\x7f\xff\xff\xff", 4), std::string("\xff\xff\xff\xff\x0f", 5)}) {
    ByteReader in(bytes);
    std::vector<int64_t> values;
    read_array(in, bytes.size() == 5, values);
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(values.capacity(), 0u);
  }
}

TEST(MessageReader, NullIsRefusedWhereAValueIsRequired) {
  for (const bool flexible : {false, true}) {
    const std::string null = flexible ? std::string(1, '\0') : std::string(4, '\xff');
    ByteReader string(null);
    read_string(string, flexible);
    EXPECT_FALSE(string.ok());
    ByteReader nullable(null);
    EXPECT_EQ(read_nullable_bytes(nullable, flexible), std::nullopt);
    EXPECT_TRUE(nullable.ok());
    ByteReader array(null);
    std::vector<int32_t> values;
    read_array(array, flexible, values);
    EXPECT_FALSE(array.ok());
  }
}

TEST(MessageReader, NegativeLengthsOtherThanNullAreRefused) {
  ByteReader in(std::string_view("\xff\xff\xff\xfe", 4));
  EXPECT_EQ(read_nullable_bytes(in, false), std::nullopt);
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace barnabas::kafka
