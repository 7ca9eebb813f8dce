#include "kafka/records/compression.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace barnabas::kafka {
namespace {

constexpr Codec kCodecs[] = {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

std::string text(std::mt19937& random, size_t size) {
  std::string out;
  while (out.size() < size) out += "line " + std::to_string(random() % 1000) + "\n";
  out.resize(size);
  return out;
}

class Compression : public testing::TestWithParam<Codec> {};

TEST_P(Compression, WhatIsCompressedComesBackAtAnySize) {
  std::mt19937 random(1);
  for (const size_t size : {0, 1, 2, 100, 32 << 10, (32 << 10) + 1, 70000, 3 << 20}) {
    const std::string original = text(random, size);
    const auto small = compress(GetParam(), original);
    ASSERT_TRUE(small.ok());
    const auto back = decompress(GetParam(), *small);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, original);
  }
}

TEST_P(Compression, BytesThatDoNotShrinkComeBackToo) {
  std::mt19937 random(2);
  std::string original(100000, '\0');
  for (char& byte : original) byte = static_cast<char>(random());
  EXPECT_EQ(*decompress(GetParam(), *compress(GetParam(), original)), original);
}

TEST_P(Compression, EveryCutIsDataLoss) {
  std::mt19937 random(3);
  const std::string whole = *compress(GetParam(), text(random, 2000));
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string cut(whole, 0, size);
    const auto result = decompress(GetParam(), cut);
    // The Java framing of snappy ends anywhere between blocks, and right behind its header.
    if (GetParam() == Codec::kSnappy && size == 16) continue;
    EXPECT_EQ(result.status().code(), absl::StatusCode::kDataLoss) << size;
  }
}

TEST_P(Compression, ABombIsResourceExhaustedAndNeverAllocated) {
  const std::string bomb = *compress(GetParam(), std::string(64 << 20, 'x'));
  DecompressionLimits limits;
  limits.max_output = 1 << 20;
  EXPECT_EQ(decompress(GetParam(), bomb, limits).status().code(),
            absl::StatusCode::kResourceExhausted);
  limits = {};
  limits.max_ratio = 4;
  limits.ratio_floor = 1 << 16;
  EXPECT_EQ(decompress(GetParam(), bomb, limits).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_P(Compression, DamageNeverCrashesAndStaysWithinTheBound) {
  std::mt19937 random(4);
  const std::string whole = *compress(GetParam(), text(random, 5000));
  DecompressionLimits limits;
  limits.max_output = 1 << 16;
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = whole;
    for (size_t i = 0; i <= random() % 4; ++i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    const auto result = decompress(GetParam(), damaged, limits);
    EXPECT_TRUE(!result.ok() || result->size() <= limits.max_output);
  }
}

INSTANTIATE_TEST_SUITE_P(AllCodecs, Compression, testing::ValuesIn(kCodecs),
                         [](const auto& info) { return std::string(codec_name(info.param)); });

TEST(Compression, GzipMembersBehindEachOtherAreOneStream) {
  EXPECT_EQ(*decompress(Codec::kGzip, *compress(Codec::kGzip, "one") + *compress(Codec::kGzip, "") +
                                          *compress(Codec::kGzip, "two")),
            "onetwo");
  EXPECT_FALSE(decompress(Codec::kGzip, *compress(Codec::kGzip, "one") + "garbage").ok());
}

TEST(Compression, FramesOfLz4AndZstdBehindEachOtherAreOneStream) {
  for (const Codec codec : {Codec::kLz4, Codec::kZstd}) {
    EXPECT_EQ(*decompress(codec, *compress(codec, "one") + *compress(codec, "two")), "onetwo");
  }
}

TEST(Compression, SnappyIsWrittenInTheFramingThatJavaReads) {
  const std::string small = *compress(Codec::kSnappy, "hello");
  EXPECT_EQ(small.substr(0, 8), std::string("\x82SNAPPY\0", 8));
}

TEST(Compression, ASnappyBlockThatClaimsMoreThanItCanHoldIsRefusedBeforeAllocating) {
  // A raw block: the claimed size (2^31 - 1) as a varint, then next to nothing.
  const std::string liar("\xff\xff\xff\xff\x07zz", 7);
  DecompressionLimits unlimited;
  unlimited.max_output = size_t{1} << 40;
  unlimited.ratio_floor = size_t{1} << 40;
  EXPECT_EQ(decompress(Codec::kSnappy, liar, unlimited).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(Compression, AnUnknownCodecIsUnimplemented) {
  for (const int number : {5, 6, 7}) {
    EXPECT_EQ(decompress(static_cast<Codec>(number), "x").status().code(),
              absl::StatusCode::kUnimplemented);
  }
}

TEST(DecompressionLimits, TheFloorHoldsForSmallInputTheRatioBeyondAndTheMaximumAlways) {
  const DecompressionLimits limits{.max_output = 1000, .max_ratio = 10, .ratio_floor = 50};
  EXPECT_EQ(limits.bound(0), 50u);
  EXPECT_EQ(limits.bound(4), 50u);
  EXPECT_EQ(limits.bound(6), 60u);
  EXPECT_EQ(limits.bound(99), 990u);
  EXPECT_EQ(limits.bound(SIZE_MAX), 1000u);
}

}  // namespace
}  // namespace barnabas::kafka
