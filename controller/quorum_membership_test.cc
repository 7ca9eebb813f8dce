// The set of controllers changes, and who leads them, while topics are created by way of brokers.

#include <gtest/gtest.h>

#include <functional>
#include <iostream>

#include "controller/testing/sim_quorum.h"

namespace barnabas::controller {
namespace {

// Topics are created all the while, by way of a broker.
class ChangingQuorum : public testing::Test {
 protected:
  ChangingQuorum() {
    quorum_.start_all();
    EXPECT_TRUE(quorum_.run_until([&] { return quorum_.everybody_serves(); }));
  }
  void create_some() {
    for (int i = 0; i < 5; ++i) quorum_.create(1 + i % 3, absl::StrCat("topic-", asked_++));
  }
  void expect_all_created() {
    ASSERT_TRUE(quorum_.run_until([&] { return quorum_.created_.size() == asked_; }));
    ASSERT_TRUE(quorum_.run_until([&] { return quorum_.everybody_serves(); }));
    ASSERT_TRUE(quorum_.run_until([&] { return quorum_.everybody_agrees(); }));
    EXPECT_EQ(quorum_.lost(), "");
  }
  void join(int id) {
    quorum_.join_controller(id);
    ASSERT_TRUE(quorum_.run_until([&] { return quorum_.observed(id); }));
  }

  Quorum quorum_{41};
  size_t asked_ = 0;
};

TEST_F(ChangingQuorum, ThreeGrowToFiveWhichSurviveTwoDeathsAndShrinkAgain) {
  for (int id : {4, 5}) {
    create_some();
    join(id);
    EXPECT_EQ(quorum_.add_voter(id), 0);
  }
  EXPECT_EQ(quorum_.voters(), std::vector<int>({1, 2, 3, 4, 5}));
  expect_all_created();
  const int first = quorum_.active_id();
  const int second = first == 2 ? 3 : 2;
  quorum_.kill_controller(first);
  quorum_.kill_controller(second);
  create_some();
  ASSERT_TRUE(quorum_.run_until([&] { return quorum_.created_.size() == asked_; }));
  // Of three that live none may go.
  EXPECT_EQ(quorum_.remove_voter(quorum_.active_id()), 44);
  quorum_.start_controller(first);
  quorum_.start_controller(second);
  quorum_.run(seconds(1));
  for (int id : {4, 5}) {
    create_some();
    EXPECT_EQ(quorum_.remove_voter(id), 0);
    ASSERT_TRUE(quorum_.run_until([&] { return quorum_.active() != nullptr; }));
    quorum_.forget_controller(id);
  }
  ASSERT_TRUE(quorum_.run_until([&] { return quorum_.active() != nullptr; }));
  EXPECT_EQ(quorum_.voters(), std::vector<int>({1, 2, 3}));
  expect_all_created();
}

TEST_F(ChangingQuorum, I17_AWipedControllerIsAddedAnewAndItsFormerSelfRemoved) {
  create_some();
  const int wiped = quorum_.active_id() == 3 ? 2 : 3;
  const Uuid former = quorum_.members_[wiped].directory;
  quorum_.forget_controller(wiped);
  create_some();
  join(wiped);
  EXPECT_EQ(quorum_.remove_voter(9), 127);
  EXPECT_EQ(quorum_.add_voter(wiped), 0);
  EXPECT_EQ(quorum_.voters().size(), 4u);
  create_some();
  EXPECT_EQ(quorum_.remove_voter(wiped, former), 0);
  EXPECT_EQ(quorum_.voters(), std::vector<int>({1, 2, 3}));
  expect_all_created();
}

TEST_F(ChangingQuorum, ALeaderThatIsRemovedStepsDownAndDisturbsNobody) {
  const int leader = quorum_.active_id();
  create_some();
  EXPECT_EQ(quorum_.remove_voter(leader), 0);
  ASSERT_TRUE(quorum_.run_until(
      [&] { return quorum_.active() != nullptr && quorum_.active_id() != leader; }));
  EXPECT_EQ(quorum_.voters().size(), 2u);
  const Term term = quorum_.term();
  quorum_.run(seconds(10));
  EXPECT_EQ(quorum_.term(), term);
  ASSERT_TRUE(quorum_.run_until([&] { return quorum_.observed(leader); }));
  EXPECT_EQ(quorum_.add_voter(leader), 0);
  EXPECT_EQ(quorum_.voters().size(), 3u);
  expect_all_created();
}

// What a clean stop is worth: how long nobody is active, with an election and without one.
TEST_F(ChangingQuorum, LeadershipThatIsHandedOverCostsLessThanAnElection) {
  Duration transferred{0};
  Duration elected{0};
  const auto pause_after = [&](const std::function<void()>& change) {
    create_some();
    const Instant since = quorum_.simulation_.now();
    change();
    EXPECT_TRUE(quorum_.run_until([&] { return quorum_.active() != nullptr; }));
    return Duration(quorum_.simulation_.now() - since);
  };
  for (int round = 0; round < 5; ++round) {
    const int leader = quorum_.active_id();
    const int to = leader % 3 + 1;
    const Term before = quorum_.term();
    transferred = std::max(transferred, pause_after([&] { EXPECT_EQ(quorum_.transfer(to), 0); }));
    EXPECT_EQ(quorum_.active_id(), to);
    EXPECT_EQ(quorum_.term(), before.next());
    expect_all_created();
    elected = std::max(elected, pause_after([&] { quorum_.kill_controller(to); }));
    quorum_.start_controller(to);
    quorum_.run(seconds(1));  // it follows again
    expect_all_created();
  }
  std::cout << "nobody is active for " << transferred.count() / 1000.0
            << " ms where leadership is handed over, for " << elected.count() / 1000.0
            << " ms where the leader dies\n";
  EXPECT_LT(transferred, elected);
}

TEST_F(ChangingQuorum, AllThreeAreReplacedByOthersThatNoBrokerWasToldOfAtItsStart) {
  for (int id : {1, 2, 3}) {
    create_some();
    join(id + 3);
    EXPECT_EQ(quorum_.add_voter(id + 3), 0);
    EXPECT_EQ(quorum_.remove_voter(id), 0);
    ASSERT_TRUE(quorum_.run_until([&] { return quorum_.everybody_serves(); }));
    quorum_.run(seconds(2));  // heartbeats tell the brokers
    quorum_.forget_controller(id);
    ASSERT_TRUE(quorum_.run_until([&] { return quorum_.everybody_serves(); }));
  }
  EXPECT_EQ(quorum_.voters(), std::vector<int>({4, 5, 6}));
  quorum_.kill_controller(quorum_.active_id());
  create_some();
  ASSERT_TRUE(quorum_.run_until([&] { return quorum_.created_.size() == asked_; }));
}

}  // namespace
}  // namespace barnabas::controller
