#include "tests/simulation/checks/committed_offsets.h"

#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

using Outcome = CommittedOffsets::Outcome;
const GroupPlace kPlace{"g", "t", 0};

class CommittedOffsetsTest : public ::testing::Test {
 protected:
  void commit(int64_t offset, Outcome outcome) {
    offsets_.ended(offsets_.sent(kPlace, Offset(offset)), outcome);
  }
  void told(int64_t offset) {
    offsets_.told(kPlace, offsets_.acknowledged(kPlace), Offset(offset));
  }
  Findings findings_;
  CommittedOffsets offsets_{findings_};
};

TEST_F(CommittedOffsetsTest, TheNewestAcknowledgedOneIsTold) {
  told(-1);
  commit(5, Outcome::kCommitted);
  told(5);
  commit(9, Outcome::kCommitted);
  told(9);
  EXPECT_FALSE(findings_.any()) << findings_.text();
}

TEST_F(CommittedOffsetsTest, ACommitWithoutAnAnswerMayTakeEffectLater) {
  commit(5, Outcome::kUnknown);
  commit(9, Outcome::kCommitted);
  told(9);
  told(5);
  EXPECT_FALSE(findings_.any()) << findings_.text();
}

TEST_F(CommittedOffsetsTest, AQuestionMayBeOlderThanTheAcknowledgement) {
  commit(5, Outcome::kCommitted);
  const Offset then = offsets_.acknowledged(kPlace);
  commit(9, Outcome::kCommitted);
  offsets_.told(kPlace, then, Offset(5));
  EXPECT_FALSE(findings_.any()) << findings_.text();
}

TEST_F(CommittedOffsetsTest, WhatWasToldOnceAndIsForgottenIsSeen) {
  commit(5, Outcome::kCommitted);
  commit(9, Outcome::kUnknown);
  told(9);
  told(5);
  EXPECT_EQ(findings_.invariant(), "I50 a committed offset never goes back by itself");
}

TEST_F(CommittedOffsetsTest, AnOlderOffsetIsSeen) {
  commit(5, Outcome::kCommitted);
  commit(9, Outcome::kCommitted);
  told(5);
  EXPECT_EQ(findings_.invariant(), "I50 a committed offset never goes back by itself");
}

TEST_F(CommittedOffsetsTest, ALostOffsetIsSeen) {
  commit(5, Outcome::kCommitted);
  told(-1);
  EXPECT_EQ(findings_.invariant(), "I50 a committed offset never goes back by itself");
}

TEST_F(CommittedOffsetsTest, ARefusedCommitThatTakesEffectIsSeen) {
  commit(5, Outcome::kCommitted);
  commit(9, Outcome::kRefused);
  told(9);
  EXPECT_EQ(findings_.invariant(), "I50 only what was committed is told");
}

}  // namespace
}  // namespace barnabas::simulation
