// The judge must catch each kind of violation, and must not cry where there is none.

#include "tests/tools/history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace barnabas::tests {
namespace {

// Ten records, alternately to partitions 0 and 1, all acknowledged.
std::vector<SentRecord> ten_sent() {
  std::vector<SentRecord> sent;
  for (uint64_t i = 0; i < 10; ++i) {
    sent.push_back({i, static_cast<int32_t>(i % 2), true, static_cast<int64_t>(100 + i / 2),
                    "digest" + std::to_string(i)});
  }
  return sent;
}

std::vector<ReadRecord> as_read(const std::vector<SentRecord>& sent) {
  std::vector<ReadRecord> read;
  for (const SentRecord& record : sent) {
    read.push_back({record.sequence, record.partition, record.offset, record.digest});
  }
  return read;
}

Judgement judged(const std::vector<SentRecord>& sent, const std::vector<ReadRecord>& read) {
  return judge(sent, read, Delivery::kExactlyOnce);
}

TEST(History, AFaithfulOneHasNoViolation) {
  const auto sent = ten_sent();
  const Judgement judgement = judged(sent, as_read(sent));
  EXPECT_EQ(judgement.violations(), 0U);
  EXPECT_EQ(judgement.acknowledged, 10U);
}

TEST(History, PartitionsMayBeReadOneAfterTheOther) {
  const auto sent = ten_sent();
  auto read = as_read(sent);
  std::stable_sort(read.begin(), read.end(),
                   [](const auto& a, const auto& b) { return a.partition < b.partition; });
  EXPECT_EQ(judged(sent, read).violations(), 0U);
}

TEST(History, AnAcknowledgedRecordThatIsMissingIsLost) {
  const auto sent = ten_sent();
  auto read = as_read(sent);
  read.erase(read.begin() + 4);
  const Judgement judgement = judged(sent, read);
  EXPECT_EQ(judgement.lost, 1U);
  EXPECT_EQ(judgement.violations(), 1U);
  EXPECT_EQ(judgement.examples.at(0),
            "record 4, acknowledged at offset 102 of partition 0, is not there");
}

TEST(History, ALostTailIsLost) {
  const auto sent = ten_sent();
  auto read = as_read(sent);
  read.resize(7);
  EXPECT_EQ(judged(sent, read).lost, 3U);
}

TEST(History, AFailedRecordMayBeThereOrNot) {
  auto sent = ten_sent();
  auto read = as_read(sent);
  sent[3].acknowledged = sent[4].acknowledged = false;
  sent[3].offset = sent[4].offset = -1;
  read.erase(read.begin() + 3);
  const Judgement judgement = judged(sent, read);
  EXPECT_EQ(judgement.violations(), 0U);
  EXPECT_EQ(judgement.failed_but_there, 1U);
  EXPECT_EQ(judgement.acknowledged, 8U);
}

TEST(History, AFailedRecordMayNotBeThereTwice) {
  auto sent = ten_sent();
  sent[9].acknowledged = false;
  sent[9].offset = -1;
  auto read = as_read(sent);
  read[9].offset = 104;
  read.push_back({9, 1, 105, sent[9].digest});
  EXPECT_EQ(judged(sent, read).duplicated, 1U);
}

TEST(History, ARecordThatIsThereTwiceIsADuplicateUnlessThatIsTheBargain) {
  const auto sent = ten_sent();
  auto read = as_read(sent);
  read.push_back({9, 1, 105, sent[9].digest});
  EXPECT_EQ(judged(sent, read).duplicated, 1U);
  EXPECT_EQ(judge(sent, read, Delivery::kAtLeastOnce).violations(), 0U);
}

TEST(History, ChangedContentIsAltered) {
  const auto sent = ten_sent();
  auto read = as_read(sent);
  read[5].digest = "else";
  EXPECT_EQ(judged(sent, read).altered, 1U);
  EXPECT_EQ(judge(sent, read, Delivery::kAtLeastOnce).altered, 1U);
}

TEST(History, ARecordThatWasNeverSentIsInvented) {
  const auto sent = ten_sent();
  auto read = as_read(sent);
  read.push_back({10, 0, 105, "x"});
  EXPECT_EQ(judged(sent, read).invented, 1U);
}

TEST(History, ARecordAtAnotherOffsetThanAcknowledgedHasMoved) {
  const auto sent = ten_sent();
  auto read = as_read(sent);
  for (ReadRecord& record : read) record.offset += record.partition == 0 ? 1 : 0;
  EXPECT_EQ(judged(sent, read).moved, 5U);
}

TEST(History, ARecordInAnotherPartitionHasMoved) {
  const auto sent = ten_sent();
  auto read = as_read(sent);
  read[8].partition = 1;
  read[8].offset = 104;
  read[9].offset = 105;
  EXPECT_GE(judged(sent, read).moved, 1U);
}

TEST(History, RecordsOutOfTheOrderOfSendingAreReordered) {
  auto sent = ten_sent();
  std::swap(sent[2].offset, sent[4].offset);
  auto read = as_read(sent);
  std::swap(read[2], read[4]);
  const Judgement judgement = judged(sent, read);
  EXPECT_EQ(judgement.reordered, 1U);
  EXPECT_EQ(judgement.violations(), 1U);
}

TEST(History, OffsetsThatRunBackwardsAreReordered) {
  const auto sent = ten_sent();
  auto read = as_read(sent);
  read[6].offset = read[4].offset;
  EXPECT_GE(judged(sent, read).reordered, 1U);
}

TEST(History, NothingReadAtAllLosesEverything) { EXPECT_EQ(judged(ten_sent(), {}).lost, 10U); }

// Whatever single damage is done to a faithful history, it does not pass.
TEST(History, NoSingleDamagePasses) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    const auto sent = ten_sent();
    auto read = as_read(sent);
    const size_t at = random() % read.size();
    switch (random() % 5) {
      case 0:
        read.erase(read.begin() + static_cast<long>(at));
        break;
      case 1:
        read.insert(read.begin() + static_cast<long>(at), read[at]);
        break;
      case 2:
        read[at].digest += "!";
        break;
      case 3:
        read[at].sequence += 10;
        break;
      default:
        read[at].offset += 50;
        break;
    }
    EXPECT_GT(judged(sent, read).violations(), 0U) << "seed " << seed;
  }
}

}  // namespace
}  // namespace barnabas::tests
