// Buffers, random streams and ids.

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "common/buffer.h"
#include "common/ids.h"
#include "common/random.h"
#include "common/uuid.h"

namespace barnabas {
namespace {

TEST(Buffer, ASliceSharesTheOwnerAndOutlivesTheWhole) {
  Buffer slice;
  {
    const Buffer whole = Buffer::own("hello world");
    slice = whole.slice(6);
    EXPECT_EQ(slice.owner(), whole.owner());
  }
  EXPECT_EQ(slice.view(), "world");
  EXPECT_EQ(slice.slice(1, 2).view(), "or");
  EXPECT_EQ(slice.slice(1, 100).view(), "orld");
  EXPECT_TRUE(slice.slice(5).empty());
}

TEST(Buffer, ABorrowedOneSaysSo) {
  const std::string text = "here";
  EXPECT_TRUE(Buffer::borrow(text).borrowed());
  EXPECT_EQ(Buffer::borrow(text).data(), text.data());
  EXPECT_FALSE(Buffer::copy(text).borrowed());
  EXPECT_NE(Buffer::copy(text).data(), text.data());
}

TEST(BufferChain, IsTheConcatenationOfItsPieces) {
  const BufferChain chain = {Buffer::copy("a"), Buffer(), Buffer::copy("bc")};
  EXPECT_EQ(total_size(chain), 3u);
  EXPECT_EQ(flatten(chain), "abc");
}

TEST(Random, ASeedAlwaysGivesTheSameStream) {
  const auto a = seeded_random(7), b = seeded_random(7), c = seeded_random(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const uint64_t drawn = a->next();
    EXPECT_EQ(drawn, b->next());
    differs = differs || drawn != c->next();
  }
  EXPECT_TRUE(differs);
}

TEST(Random, AForkDependsOnSeedAndNameButNotOnWhatWasDrawn) {
  const auto fresh = seeded_random(7), drawn_from = seeded_random(7);
  for (int i = 0; i < 10; ++i) drawn_from->next();
  const auto a = fresh->fork("network"), b = drawn_from->fork("network");
  const auto other = fresh->fork("disk");
  const uint64_t first = a->next();
  EXPECT_EQ(first, b->next());
  EXPECT_NE(first, other->next());
}

TEST(Random, BelowStaysBelowAndReachesAll) {
  const auto random = seeded_random(1);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random->below(7));
  EXPECT_EQ(seen, (std::set<uint64_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(Random, ChanceIsInHundredths) {
  const auto random = seeded_random(1);
  int hits = 0;
  for (int i = 0; i < 10000; ++i) hits += random->chance(25) ? 1 : 0;
  EXPECT_NEAR(hits, 2500, 200);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(random->chance(0));
    EXPECT_TRUE(random->chance(100));
  }
}

TEST(Uuid, TextIsReadBackAndHas22Characters) {
  const auto random = seeded_random(3);
  for (int i = 0; i < 1000; ++i) {
    const Uuid id = Uuid::make(*random);
    EXPECT_EQ(id.text().size(), 22u);
    EXPECT_EQ(Uuid::parse(id.text()).value(), id);
    EXPECT_EQ(Uuid::from_bytes(id.bytes()).value(), id);
    EXPECT_NE(id.text().front(), '-');
    EXPECT_FALSE(id.is_none());
  }
}

TEST(Uuid, IsAVersion4Id) {
  const auto random = seeded_random(3);
  const std::string bytes = Uuid::make(*random).bytes();
  EXPECT_EQ(static_cast<uint8_t>(bytes[6]) >> 4, 4);
  EXPECT_EQ(static_cast<uint8_t>(bytes[8]) >> 6, 2);
}

TEST(Uuid, NoneIsWrittenAsKafkaWritesIt) {
  EXPECT_EQ(Uuid().text(), "AAAAAAAAAAAAAAAAAAAAAA");
  EXPECT_TRUE(Uuid::parse("AAAAAAAAAAAAAAAAAAAAAA").value().is_none());
  EXPECT_TRUE(Uuid::from_bytes("").value().is_none());
}

TEST(Uuid, WhatIsNotAnIdIsRefused) {
  for (const char* text : {"", "AAAA", "AAAAAAAAAAAAAAAAAAAAA!", "AAAAAAAAAAAAAAAAAAAAAAA"}) {
    EXPECT_FALSE(Uuid::parse(text).ok()) << text;
  }
  EXPECT_FALSE(Uuid::from_bytes("15 bytes, short").ok());
}

TEST(Id, CountsAndMeasuresWithinItsKind) {
  EXPECT_EQ(Offset{41}.next(), Offset{42});
  EXPECT_EQ(advance(Offset{40}, int64_t{2}), Offset{42});
  EXPECT_EQ(distance(Offset{40}, Offset{42}), 2);
  EXPECT_EQ(distance(Offset{42}, Offset{40}), -2);
  EXPECT_LT(kNoOffset, Offset{0});
}

}  // namespace
}  // namespace barnabas
