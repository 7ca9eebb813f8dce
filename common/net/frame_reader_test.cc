#include "common/net/frame_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "common/random.h"

namespace barnabas {
namespace {

std::string framed(std::string_view body) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(body.size() >> shift));
  return out.append(body);
}

// Feeds `stream` in pieces of the given sizes (the last one again and again), half of them through
// room(), as a socket does.
std::vector<std::string> cut(FrameReader& reader, std::string_view stream,
                             const std::function<size_t()>& piece_size) {
  std::vector<std::string> frames;
  while (!stream.empty()) {
    std::string_view piece = stream.substr(0, piece_size());
    stream.remove_prefix(piece.size());
    const std::span<char> room = reader.room();
    const size_t direct = std::min(room.size(), piece.size());
    if (direct > 0) std::memcpy(room.data(), piece.data(), direct);
    reader.filled(direct);
    piece.remove_prefix(direct);
    Buffer frame;
    while (reader.next(piece, frame) == FrameReader::Result::kFrame) {
      frames.emplace_back(frame.view());
    }
  }
  return frames;
}

TEST(FrameReader, CutsManySmallFramesOutOfOnePiece) {
  FrameReader reader(100);
  EXPECT_EQ(cut(reader, framed("a") + framed("") + framed("bcd"), [] { return 1000; }),
            (std::vector<std::string>{"a", "", "bcd"}));
}

TEST(FrameReader, PutsAFrameTogetherFromSingleBytes) {
  FrameReader reader(100);
  EXPECT_EQ(cut(reader, framed("hello") + framed("") + framed("you"), [] { return 1; }),
            (std::vector<std::string>{"hello", "", "you"}));
}

TEST(FrameReader, RefusesALengthAboveTheLimitAndANegativeOne) {
  for (const std::string& header : {std::string("\x00\x00\x00\x65", 4), std::string(4, '\xff')}) {
    FrameReader reader(100);
    std::string_view bytes = header;
    Buffer frame;
    EXPECT_EQ(reader.next(bytes, frame), FrameReader::Result::kBad);
    EXPECT_EQ(reader.next(bytes, frame), FrameReader::Result::kBad);
  }
}

TEST(FrameReader, TakesAFrameOfJustTheLimit) {
  FrameReader reader(100);
  EXPECT_EQ(cut(reader, framed(std::string(100, 'x')), [] { return 7; }).size(), 1u);
}

TEST(FrameReader, DoesNotTakeMemoryOnAStrangersWord) {
  FrameReader reader(100 << 20);
  std::string_view header("\x06\x00\x00\x00x", 5);
  Buffer frame;
  EXPECT_EQ(reader.next(header, frame), FrameReader::Result::kNeedMore);
  EXPECT_LE(reader.room().size(), FrameReader::kFirstStep);
}

TEST(FrameReader, TakesMemoryForALargeFrameAtOnceWhereOneHasCome) {
  FrameReader reader(100 << 20);
  const std::string large = framed(std::string(1 << 20, 'x'));
  ASSERT_EQ(cut(reader, large, [] { return 64 * 1024; }).size(), 1u);
  std::string_view start(large.data(), 5);
  Buffer frame;
  EXPECT_EQ(reader.next(start, frame), FrameReader::Result::kNeedMore);
  EXPECT_EQ(reader.room().size(), (1u << 20) - 1);
}

TEST(FrameReader, EachFrameOwnsJustItsBytes) {
  FrameReader reader(100);
  std::string stream = framed("first") + framed("second");
  std::string_view bytes = stream;
  Buffer first, second;
  ASSERT_EQ(reader.next(bytes, first), FrameReader::Result::kFrame);
  ASSERT_EQ(reader.next(bytes, second), FrameReader::Result::kFrame);
  stream.assign(stream.size(), '\0');
  EXPECT_EQ(first.view(), "first");
  EXPECT_FALSE(first.borrowed());
  EXPECT_NE(first.owner(), second.owner());
}

TEST(FrameReader, AgreesWithThePlainCutOfTheStreamHoweverItArrives) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const auto random = seeded_random(seed);
    std::vector<std::string> sent;
    std::string stream;
    for (int i = 0; i < 20; ++i) {
      const size_t size = random->below(random->chance(20) ? 300000 : 200);
      sent.emplace_back(size, static_cast<char>('a' + i));
      stream += framed(sent.back());
    }
    FrameReader reader(300000);
    const size_t step = 1 + random->below(100000);
    EXPECT_EQ(cut(reader, stream, [&] { return 1 + random->below(step); }), sent)
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace barnabas
