#include "raft/acquaintances.h"

#include <absl/strings/match.h>
#include <gtest/gtest.h>

#include "common/random.h"

namespace barnabas::raft {
namespace {

class AcquaintancesTest : public ::testing::Test {
 protected:
  AcquaintancesTest() : random_(seeded_random(1)) {
    peer_ = {ControllerId{2}, Uuid::make(*random_)};
    wiped_ = {ControllerId{2}, Uuid::make(*random_)};
    found_ = {peer_, {6, 66}, Term{4}, LogIndex{100}, false};
  }
  absl::Status judge(const Recollection& remembered) {
    return contradiction(found_, {ControllerId{1}, Uuid()}, remembered);
  }

  std::unique_ptr<Random> random_;
  VoterId peer_;
  VoterId wiped_;
  FoundAtStart found_;
  Acquaintances known_;
};

TEST_F(AcquaintancesTest, TheNewestStartOfADirectoryIsTheOneThatIsHeard) {
  EXPECT_TRUE(known_.heard(peer_, {3, 31}));
  EXPECT_TRUE(known_.heard(peer_, {3, 31}));
  EXPECT_TRUE(known_.heard(peer_, {4, 41}));
  EXPECT_FALSE(known_.heard(peer_, {3, 31}));
  EXPECT_EQ(known_.of(peer_)->life, (Life{4, 41}));
}

TEST_F(AcquaintancesTest, F25_OfTwoProcessesWithOneStartNumberTheFirstIsHeard) {
  EXPECT_TRUE(known_.heard(peer_, {3, 31}));
  EXPECT_FALSE(known_.heard(peer_, {3, 32}));
  EXPECT_TRUE(known_.heard(peer_, {3, 31}));
}

TEST_F(AcquaintancesTest, I17_AnotherDirectoryUnderTheSameIdIsSomebodyElse) {
  EXPECT_TRUE(known_.heard(peer_, {9, 91}));
  EXPECT_TRUE(known_.heard(wiped_, {1, 11}));
}

TEST_F(AcquaintancesTest, AcknowledgementsCountByTermAndNeverGoBack) {
  known_.heard(peer_, {3, 31});
  known_.acknowledged(peer_, LogIndex{50}, Term{2});
  known_.acknowledged(peer_, LogIndex{40}, Term{2});
  EXPECT_EQ(known_.of(peer_)->since.acknowledged, LogIndex{50});
  known_.acknowledged(peer_, LogIndex{30}, Term{3});
  EXPECT_EQ(known_.of(peer_)->since.acknowledged, LogIndex{30});
  known_.acknowledged(peer_, LogIndex{90}, Term{2});
  EXPECT_EQ(known_.of(peer_)->since.acknowledged, LogIndex{30});
  known_.spoke(peer_, Term{3});
  known_.spoke(peer_, Term{2});
  EXPECT_EQ(known_.of(peer_)->since.term, Term{3});
}

TEST_F(AcquaintancesTest, AnOrdinaryRestartContradictsNothing) {
  EXPECT_TRUE(judge({{5, 55}, {Term{4}, LogIndex{100}, Term{4}}, {}}).ok());
  EXPECT_TRUE(judge({{6, 66}, {Term{9}, LogIndex{900}, Term{9}}, {}}).ok())
      << "its own life, grown";
  EXPECT_TRUE(judge({{6, 0}, {Term{4}, {}, {}}, {}}).ok()) << "a peer that knows of no sessions";
}

TEST_F(AcquaintancesTest, F24_ALaterStartATermOrAnAcknowledgementThatTheDiskDoesNotKnowIsRefused) {
  EXPECT_TRUE(absl::IsDataLoss(judge({{7, 77}, {Term{4}, {}, {}}, {}})));
  EXPECT_TRUE(absl::IsDataLoss(judge({{6, 67}, {Term{4}, {}, {}}, {}})));
  EXPECT_TRUE(absl::IsDataLoss(judge({{5, 55}, {Term{5}, {}, {}}, {}})));
  EXPECT_TRUE(absl::IsDataLoss(judge({{5, 55}, {Term{4}, LogIndex{101}, Term{4}}, {}})));
  EXPECT_TRUE(absl::StrContains(judge({{7, 77}, {Term{4}, {}, {}}, {}}).message(), "replace"));
}

// The new process may have said something before its disk is looked at: that proves nothing.
TEST_F(AcquaintancesTest, F24_WhatWasSaidBeforeTheNewestStartIsKeptApart) {
  known_.heard(peer_, {5, 55});
  known_.spoke(peer_, Term{4});
  known_.acknowledged(peer_, LogIndex{120}, Term{4});
  known_.heard(peer_, {6, 66});
  known_.spoke(peer_, Term{9});
  EXPECT_EQ(known_.of(peer_)->before, (Words{Term{4}, LogIndex{120}, Term{4}}));
  EXPECT_TRUE(absl::IsDataLoss(judge(*known_.of(peer_))));
  found_.last = LogIndex{120};
  EXPECT_TRUE(judge(*known_.of(peer_)).ok());
}

TEST_F(AcquaintancesTest, WhatANewerTermMayHaveDroppedIsNotHeldAgainstIt) {
  EXPECT_TRUE(judge({{5, 55}, {Term{3}, LogIndex{101}, Term{3}}, {}}).ok());
}

TEST_F(AcquaintancesTest, S6_WhoKnowsThatItMayHaveLostSomethingIsNotJudgedForIt) {
  found_.abstaining = true;
  EXPECT_TRUE(judge({{5, 55}, {Term{5}, LogIndex{101}, Term{4}}, {}}).ok());
  EXPECT_TRUE(absl::IsDataLoss(judge({{7, 77}, {Term{4}, {}, {}}, {}})));
}

}  // namespace
}  // namespace barnabas::raft
