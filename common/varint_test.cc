#include "common/varint.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

namespace barnabas {
namespace {

std::string written(uint64_t value) {
  char bytes[kMaxVarlongSize];
  return std::string(bytes, put_uvarint(bytes, value));
}

template <class Unsigned>
const char* get(const std::string& bytes, Unsigned& value) {
  if constexpr (sizeof(Unsigned) == 4) {
    return get_uvarint32(bytes.data(), bytes.data() + bytes.size(), value);
  } else {
    return get_uvarint64(bytes.data(), bytes.data() + bytes.size(), value);
  }
}

TEST(Varint, ZigzagKeepsSmallNumbersOfBothSignsSmallAndIsItsOwnInverse) {
  EXPECT_EQ(zigzag(int32_t{0}), 0u);
  EXPECT_EQ(zigzag(int32_t{-1}), 1u);
  EXPECT_EQ(zigzag(int32_t{1}), 2u);
  for (const int64_t value :
       {int64_t{0}, int64_t{-1}, int64_t{1} << 40, std::numeric_limits<int64_t>::min(),
        std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(unzigzag(zigzag(value)), value);
  }
  for (const int32_t value :
       {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max(), -2, 2}) {
    EXPECT_EQ(unzigzag(zigzag(value)), value);
  }
}

TEST(Varint, WhatIsWrittenReadsBackAndHasTheComputedSize) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20000; ++round) {
    const uint64_t value = random() >> (random() % 64);
    const std::string bytes = written(value);
    EXPECT_EQ(bytes.size(), uvarint_size(value));
    uint64_t back = ~value;
    EXPECT_EQ(get(bytes, back), bytes.data() + bytes.size());
    EXPECT_EQ(back, value);
    if (value <= std::numeric_limits<uint32_t>::max()) {
      uint32_t narrow = 0;
      EXPECT_EQ(get(bytes, narrow), bytes.data() + bytes.size());
      EXPECT_EQ(narrow, value);
    }
  }
}

TEST(Varint, EveryCutIsRefused) {
  const std::string bytes = written(std::numeric_limits<uint64_t>::max());
  for (size_t size = 0; size < bytes.size(); ++size) {
    uint64_t value = 0;
    EXPECT_EQ(get(bytes.substr(0, size), value), nullptr) << size;
  }
}

TEST(Varint, OneByteMoreThanTheTypeNeedsIsRefusedAndPaddingWithinItIsNot) {
  uint32_t narrow = 7;
  EXPECT_EQ(get(std::string("\x80\x80\x80\x80\x80\x00", 6), narrow), nullptr);
  EXPECT_NE(get(std::string("\x80\x80\x80\x80\x00", 5), narrow), nullptr);
  EXPECT_EQ(narrow, 0u);
  uint64_t wide = 7;
  EXPECT_EQ(get(std::string(10, '\x80') + '\0', wide), nullptr);
  EXPECT_NE(get(std::string(9, '\x80') + '\0', wide), nullptr);
  EXPECT_EQ(wide, 0u);
}

}  // namespace
}  // namespace barnabas
