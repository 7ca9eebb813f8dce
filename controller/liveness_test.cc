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

TEST_F(LivenessTest, S12_TwoDeathsFarApartAreTwoDeaths) {
  liveness_.closed(kOne, at(100));
  EXPECT_TRUE(liveness_.probed(kOne, Probe::kRefused, at(101)));
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
