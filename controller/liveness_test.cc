#include "controller/liveness.h"

#include <gtest/gtest.h>

namespace barnabas::controller {
namespace {

using std::chrono::milliseconds;

constexpr Incarnation kOne{BrokerId{1}, BrokerEpoch{10}};
constexpr Incarnation kTwo{BrokerId{2}, BrokerEpoch{20}};
constexpr Incarnation kThree{BrokerId{3}, BrokerEpoch{30}};

Instant at(int ms) { return Instant(milliseconds(ms)); }

class LivenessTest : public ::testing::Test {
 protected:
  LivenessTest() {
    for (Incarnation who : {kOne, kTwo, kThree}) liveness_.attached(who, at(0));
  }
  std::vector<Incarnation> fenced(int ms) { return liveness_.due(at(ms)).fence; }

  Liveness liveness_{Liveness::Options{}};
};

TEST_F(LivenessTest, ASilentBrokerIsFencedAfterTheSessionTimeoutAndOnce) {
  for (int ms = 0; ms <= 4000; ms += 400) {
    liveness_.heard(kOne, at(ms));
    liveness_.heard(kTwo, at(ms));
    const auto due = liveness_.due(at(ms));
    EXPECT_EQ(due.fence, ms == 2000 ? std::vector<Incarnation>{kThree} : std::vector<Incarnation>{})
        << ms;
  }
}

TEST_F(LivenessTest, AClosedLinkIsProbedAtOnceAndARefusalFences) {
  liveness_.closed(kOne, at(100));
  const auto due = liveness_.due(at(100));
  EXPECT_EQ(due.probe, std::vector<Incarnation>{kOne});
  EXPECT_TRUE(due.fence.empty());
  EXPECT_TRUE(liveness_.probed(kOne, Probe::kRefused, at(101)));
}

TEST_F(LivenessTest, AProcessThatAcceptsOrIsSilentIsGivenUntilItsDeadline) {
  liveness_.closed(kOne, at(100));
  liveness_.due(at(100));
  EXPECT_FALSE(liveness_.probed(kOne, Probe::kAccepted, at(101)));
  EXPECT_FALSE(liveness_.probed(kOne, Probe::kUnknown, at(101)));
  liveness_.heard(kTwo, at(1500));
  liveness_.heard(kThree, at(1500));
  EXPECT_EQ(fenced(2000), std::vector<Incarnation>{kOne});
}

// A killed process with much memory is a while about its end: its links may go before its port.
TEST_F(LivenessTest, WhatStillListensIsProbedAgainUntilItIsRefusedOrHeard) {
  liveness_.closed(kOne, at(100));
  liveness_.due(at(100));
  EXPECT_FALSE(liveness_.probed(kOne, Probe::kAccepted, at(101)));
  EXPECT_TRUE(liveness_.due(at(110)).probe.empty());
  EXPECT_EQ(liveness_.due(at(151)).probe, std::vector<Incarnation>{kOne});
  EXPECT_TRUE(liveness_.probed(kOne, Probe::kRefused, at(152)));
  liveness_.closed(kTwo, at(900));
  liveness_.due(at(900));
  EXPECT_FALSE(liveness_.probed(kTwo, Probe::kAccepted, at(901)));
  liveness_.attached(kTwo, at(910));
  EXPECT_TRUE(liveness_.due(at(951)).probe.empty());
}

TEST_F(LivenessTest, S12_SeveralBrokersRefusedTogetherWaitForTheirDeadlines) {
  for (Incarnation who : {kOne, kTwo, kThree}) liveness_.closed(who, at(100));
  EXPECT_EQ(liveness_.due(at(100)).probe.size(), 3u);
  EXPECT_TRUE(liveness_.probed(kOne, Probe::kRefused, at(101)));
  EXPECT_FALSE(liveness_.probed(kTwo, Probe::kRefused, at(102)));
  EXPECT_FALSE(liveness_.probed(kThree, Probe::kRefused, at(103)));
  // They converge all the same.
  liveness_.fenced(kOne);
  EXPECT_EQ(fenced(2000), (std::vector<Incarnation>{kTwo, kThree}));
}

// Its disk may be gone, or it may hold all that is left: who can tell, while nobody has missed it?
TEST_F(LivenessTest, S10_NobodyIsFencedWhileAnotherIsOverdueUntilThatOneIsHeard) {
  liveness_.heard(kTwo, at(1200));
  liveness_.heard(kThree, at(1900));
  EXPECT_TRUE(fenced(2000).empty());
  EXPECT_EQ(liveness_.next(), at(3200));
  liveness_.heard(kTwo, at(2050));
  EXPECT_EQ(liveness_.next(), at(2000));
  EXPECT_EQ(fenced(2050), std::vector<Incarnation>{kOne});
}

TEST_F(LivenessTest, S10_ThoseWhoseSilenceOverlapsAreFencedTogether) {
  liveness_.heard(kTwo, at(1200));
  for (int ms : {1900, 2300, 2700}) {
    liveness_.heard(kThree, at(ms));
    EXPECT_TRUE(fenced(ms + 100).empty());
  }
  liveness_.heard(kThree, at(3100));
  EXPECT_EQ(fenced(3200), (std::vector<Incarnation>{kOne, kTwo}));
}

TEST_F(LivenessTest, S10_ARefusedBrokerWaitsForOneThatIsOverdueAndNotForItsOwnTimeout) {
  liveness_.heard(kOne, at(900));
  liveness_.heard(kThree, at(900));
  liveness_.closed(kOne, at(1000));
  liveness_.due(at(1000));
  EXPECT_FALSE(liveness_.probed(kOne, Probe::kRefused, at(1001)));
  EXPECT_TRUE(fenced(1001).empty());
  liveness_.heard(kTwo, at(1100));
  EXPECT_EQ(fenced(1100), std::vector<Incarnation>{kOne});
}

TEST_F(LivenessTest, ADeadBrokerWaitsForOthersNotLongerThanAnotherSessionTimeout) {
  // There is always one that is overdue, and never one whose time is over.
  for (int ms = 1400; ms <= 3900; ms += 100) {
    if (ms % 700 == 0) liveness_.heard(kTwo, at(ms));
    if (ms % 800 == 0) liveness_.heard(kThree, at(ms));
  }
  liveness_.heard(kTwo, at(3300));
  liveness_.heard(kThree, at(3300));
  EXPECT_TRUE(fenced(3900).empty());
  EXPECT_EQ(fenced(4000), std::vector<Incarnation>{kOne});
}

TEST_F(LivenessTest, S10_WhoHasRegisteredAndNeverAttachesIsFenced) {
  const Incarnation next{kOne.broker, BrokerEpoch{11}};
  liveness_.registered(next, at(100));
  liveness_.heard(kTwo, at(2000));
  liveness_.heard(kThree, at(2000));
  EXPECT_EQ(fenced(2100), std::vector<Incarnation>{next});
}

TEST_F(LivenessTest, S10_TheDetachedAreFencedWithTheFirstWhoseTimeIsOver) {
  liveness_.heard(kTwo, at(400));
  liveness_.closed(kTwo, at(500));
  liveness_.due(at(500));
  liveness_.heard(kThree, at(1900));
  // Two would have until 2400.
  EXPECT_EQ(fenced(2000), (std::vector<Incarnation>{kOne, kTwo}));
}

TEST_F(LivenessTest, S12_TwoDeathsFarApartAreTwoDeaths) {
  liveness_.closed(kOne, at(100));
  EXPECT_TRUE(liveness_.probed(kOne, Probe::kRefused, at(101)));
  liveness_.fenced(kOne);
  liveness_.heard(kThree, at(600));
  liveness_.closed(kTwo, at(699));
  EXPECT_TRUE(liveness_.probed(kTwo, Probe::kRefused, at(700)));
}

TEST_F(LivenessTest, S12_AnAnnouncedStopIsNoSignOfABrokenPath) {
  liveness_.stopping(kOne);
  liveness_.stopping(kTwo);
  liveness_.closed(kOne, at(100));
  liveness_.closed(kTwo, at(100));
  EXPECT_TRUE(liveness_.probed(kOne, Probe::kRefused, at(101)));
  EXPECT_TRUE(liveness_.probed(kTwo, Probe::kRefused, at(101)));
}

TEST_F(LivenessTest, S12_ALateProbeDoesNotTouchTheNextIncarnation) {
  liveness_.closed(kOne, at(100));
  liveness_.due(at(100));
  const Incarnation next{kOne.broker, BrokerEpoch{11}};
  liveness_.attached(next, at(110));
  EXPECT_FALSE(liveness_.probed(kOne, Probe::kRefused, at(120)));
  EXPECT_TRUE(liveness_.is_attached(next));
  EXPECT_FALSE(liveness_.is_attached(kOne));
}

TEST_F(LivenessTest, ABrokerThatHasAttachedAgainIsNotFencedByALateRefusal) {
  liveness_.closed(kOne, at(100));
  liveness_.due(at(100));
  liveness_.attached(kOne, at(110));
  EXPECT_FALSE(liveness_.probed(kOne, Probe::kRefused, at(120)));
}

TEST_F(LivenessTest, S12_ANewActiveControllerProbesWhoDoesNotAttachPromptly) {
  Liveness fresh{Liveness::Options{}};
  fresh.reset({kOne, kTwo}, at(0));
  EXPECT_EQ(fresh.next(), at(200));
  fresh.attached(kTwo, at(50));
  const auto due = fresh.due(at(200));
  EXPECT_EQ(due.probe, std::vector<Incarnation>{kOne});
  EXPECT_TRUE(due.fence.empty());
  fresh.heard(kTwo, at(1800));
  EXPECT_EQ(fresh.due(at(2000)).fence, std::vector<Incarnation>{kOne});
}

TEST_F(LivenessTest, AFencedBrokerThatIsHeardAgainCountsAsAliveAgain) {
  EXPECT_EQ(fenced(2000).size(), 3u);
  for (Incarnation who : {kOne, kTwo, kThree}) liveness_.fenced(who);
  EXPECT_EQ(liveness_.next(), std::nullopt);
  liveness_.heard(kOne, at(2100));
  EXPECT_EQ(liveness_.next(), at(4100));
}

TEST_F(LivenessTest, TimeInWhichThisProcessStoodStillDoesNotCount) {
  liveness_.stalled(milliseconds(5000));
  EXPECT_TRUE(fenced(5000).empty());
  EXPECT_EQ(fenced(7000).size(), 3u);
}

}  // namespace
}  // namespace barnabas::controller
