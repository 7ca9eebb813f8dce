#include "common/crc32c.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace barnabas {
namespace {

// The definition, bit by bit over a table: too plain to be wrong.
uint32_t plain_crc32c(std::string_view bytes) {
  static const std::array<uint32_t, 256> kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < table.size(); ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0x82F63B78u : 0);
      table[i] = value;
    }
    return table;
  }();
  uint32_t crc = ~0u;
  for (const char byte : bytes)
    crc = kTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

std::string random_bytes(std::mt19937& random, size_t size) {
  std::string out(size, '\0');
  for (char& byte : out) byte = static_cast<char>(random());
  return out;
}

TEST(Crc32c, HasThePublishedCheckValue) { EXPECT_EQ(crc32c("123456789"), 0xE3069283u); }

TEST(Crc32c, OfNothingIsZero) { EXPECT_EQ(crc32c(""), 0u); }

TEST(Crc32c, AgreesWithThePlainTwinAtEverySizeAndAlignment) {
  std::mt19937 random(1);
  const std::string bytes = random_bytes(random, 4200);
  const std::string_view all = bytes;
  for (size_t size = 0; size < 300; ++size) {
    for (size_t at = 0; at < 9; ++at) {
      const std::string_view part = all.substr(at, size);
      ASSERT_EQ(crc32c(part), plain_crc32c(part)) << size << " bytes at " << at;
    }
  }
  EXPECT_EQ(crc32c(all), plain_crc32c(all));
}

TEST(Crc32c, ExtendingOverAnyCutGivesTheWhole) {
  std::mt19937 random(2);
  for (int round = 0; round < 500; ++round) {
    const std::string bytes = random_bytes(random, random() % 600);
    const size_t cut = random() % (bytes.size() + 1);
    const std::string_view all = bytes;
    EXPECT_EQ(crc32c_extend(crc32c(all.substr(0, cut)), all.substr(cut)), crc32c(all));
  }
}

}  // namespace
}  // namespace barnabas
