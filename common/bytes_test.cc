#include "common/bytes.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace barnabas {
namespace {

std::string sample() {
  ByteWriter out;
  out.write_int8(-2);
  out.write_uint8(0xfe);
  out.write_int16(-3);
  out.write_uint16(0xfffd);
  out.write_int32(std::numeric_limits<int32_t>::min());
  out.write_uint32(0x01020304);
  out.write_int64(std::numeric_limits<int64_t>::min() + 1);
  out.write_uint64(0x0102030405060708);
  out.write_float64(-0.5);
  out.write_bool(true);
  out.write_varint(-1000000);
  out.write_varlong(int64_t{-1} << 60);
  out.write_uvarint(300);
  out.write_uvarlong(uint64_t{1} << 63);
  out.write_bytes("tail");
  return out.take();
}

// Reads everything of sample(); what comes out matters only if nothing failed.
void read_all(ByteReader& in) {
  EXPECT_TRUE(in.read_int8() == -2 || !in.ok());
  EXPECT_TRUE(in.read_uint8() == 0xfe || !in.ok());
  EXPECT_TRUE(in.read_int16() == -3 || !in.ok());
  EXPECT_TRUE(in.read_uint16() == 0xfffd || !in.ok());
  EXPECT_TRUE(in.read_int32() == std::numeric_limits<int32_t>::min() || !in.ok());
  EXPECT_TRUE(in.read_uint32() == 0x01020304 || !in.ok());
  EXPECT_TRUE(in.read_int64() == std::numeric_limits<int64_t>::min() + 1 || !in.ok());
  EXPECT_TRUE(in.read_uint64() == 0x0102030405060708 || !in.ok());
  EXPECT_TRUE(in.read_float64() == -0.5 || !in.ok());
  EXPECT_TRUE(in.read_bool() || !in.ok());
  EXPECT_TRUE(in.read_varint() == -1000000 || !in.ok());
  EXPECT_TRUE(in.read_varlong() == int64_t{-1} << 60 || !in.ok());
  EXPECT_TRUE(in.read_uvarint() == 300 || !in.ok());
  EXPECT_TRUE(in.read_uvarlong() == uint64_t{1} << 63 || !in.ok());
  EXPECT_TRUE(in.read_bytes(4) == "tail" || !in.ok());
}

TEST(Bytes, EveryKindOfNumberReadsBack) {
  const std::string bytes = sample();
  ByteReader in(bytes);
  read_all(in);
  EXPECT_TRUE(in.status().ok()) << in.status();
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(in.position(), bytes.size());
}

TEST(Bytes, NumbersAreBigEndian) {
  ByteWriter out;
  out.write_int32(0x01020304);
  EXPECT_EQ(out.view(), std::string_view("\x01\x02\x03\x04", 4));
  out.patch<int16_t>(1, 0x0a0b);
  EXPECT_EQ(out.view(), std::string_view("\x01\x0a\x0b\x04", 4));
  out.insert(2, "xy");
  EXPECT_EQ(out.view(), std::string_view("\x01\x0axy\x0b\x04", 6));
}

TEST(ByteReader, EveryCutFailsAndNoReadPassesTheEnd) {
  const std::string bytes = sample();
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut(bytes, 0, size);
    ByteReader in(cut);
    read_all(in);
    EXPECT_EQ(in.status().code(), absl::StatusCode::kInvalidArgument) << size;
    EXPECT_EQ(in.remaining(), 0u);
  }
}

TEST(ByteReader, TheFirstFailureSticksAndSaysWhere) {
  ByteReader in("abcd");
  in.read_int16();
  in.read_bytes(3);
  EXPECT_FALSE(in.ok());
  in.fail("something else");
  EXPECT_EQ(in.read_int8(), 0);
  EXPECT_EQ(in.read_bytes(1), "");
  EXPECT_EQ(in.status().message(), "a length reaches beyond the end, at byte 2");
}

TEST(ByteReader, AHugeLengthIsRefusedWithoutOverflow) {
  ByteReader in("abcd");
  in.read_int8();
  EXPECT_EQ(in.read_bytes(std::numeric_limits<size_t>::max()), "");
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace barnabas
