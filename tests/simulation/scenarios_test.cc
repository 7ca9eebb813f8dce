// The schedules of the safety rules that need a whole cluster, each as its rule tells it.

#include <absl/strings/str_cat.h>
#include <glog/logging.h>
#include <gtest/gtest.h>

#include "tests/simulation/scenario.h"

namespace barnabas::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SwarmOptions calm(uint64_t seed) {
  SwarmOptions options;
  options.seed = seed;
  options.workload.topics = 1;
  options.workload.partitions = 3;
  options.workload.churn = false;
  return options;
}

class Scenario : public ScenarioTest {
 protected:
  bool all_in_sync() {
    for (int i = 0; i < 3; ++i) {
      const metadata::PartitionImage* const state = partition(i);
      if (state == nullptr || state->in_sync.size() < state->replicas.size()) return false;
    }
    return true;
  }
};

TEST_F(Scenario, AClusterFormsWorksAndReplicates) {
  set_up(calm(1));
  pass(seconds(3));
  EXPECT_GT(acknowledged(), 100U);
  finish();
}

// The leader dies after it has replicated a creation and before it has answered.
TEST_F(Scenario, S2_CreationsSurviveTheDeathOfEachActiveController) {
  SwarmOptions options = calm(2);
  options.workload.churn = true;
  set_up(options);
  for (int i = 0; i < 12; ++i) {
    pass(milliseconds(50 + 37 * i));
    const std::string active = cluster().active_controller_name();
    if (active.empty()) continue;
    cluster().kill(active);
    pass(milliseconds(400));
    cluster().start(active);
  }
  EXPECT_GT(run_->workload().topics_created(), 3U);
  finish();
}

// An isolated leader answers nothing from what it has not committed.
TEST_F(Scenario, S3_AnIsolatedControllerAcknowledgesNothing) {
  SwarmOptions options = calm(3);
  options.workload.churn = true;
  set_up(options);
  for (int i = 0; i < 5; ++i) {
    const std::string active = cluster().active_controller_name();
    ASSERT_FALSE(active.empty());
    for (const std::string& other : cluster().controller_names()) {
      if (other != active) cluster().network().reachability().cut(active, other);
    }
    ASSERT_TRUE(reaches(
        [&] {
          for (const std::string& name : cluster().controller_names()) {
            if (name != active && cluster().controller(name)->controller().is_active()) return true;
          }
          return false;
        },
        seconds(5)))
        << run_->report();
    pass(milliseconds(500));
    cluster().network().reachability().heal();
    pass(milliseconds(300));
  }
  finish();
}

// A broker that starts while all controllers but one that is behind are out of its reach.
TEST_F(Scenario, S8_ABrokerThatSeesAnOldImageDeletesNothing) {
  set_up(calm(4));
  pass(seconds(1));
  cluster().kill("b1");
  const std::string active = cluster().active_controller_name();
  std::string behind;
  for (const std::string& name : cluster().controller_names()) {
    if (name != active) behind = name;
  }
  // It misses everything from here on, and is the only one that the broker can ask.
  cluster().network().reachability().isolate(behind);
  pass(seconds(3));
  for (const std::string& name : cluster().controller_names()) {
    if (name != behind) cluster().network().reachability().cut("b1", name);
  }
  cluster().network().reachability().rejoin(behind);
  for (const std::string& name : cluster().controller_names()) {
    if (name != behind) cluster().network().reachability().cut(behind, name);
  }
  cluster().start("b1");
  pass(seconds(3));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(
        cluster().disk("b1").exists(absl::StrCat("/broker/", Workload::topic_name(0), "-", i)));
  }
  cluster().network().reachability().heal();
  finish();
}

// Gone and back before anybody has fenced it: a new incarnation must not go on in the old epoch.
TEST_F(Scenario, S9_ALeaderThatBlinksLeadsInANewEpochOnly) {
  set_up(calm(5));
  for (int i = 0; i < 10; ++i) {
    const std::string leader = leader_of(0);
    if (leader.empty()) {
      pass(milliseconds(100));
      continue;
    }
    const LeaderEpoch before = partition(0)->leader_epoch;
    if (i % 2 == 0) {
      cluster().kill(leader);
    } else {
      cluster().cut_power(leader);
    }
    cluster().start(leader);
    ASSERT_TRUE(reaches(
        [&] {
          const metadata::PartitionImage* const now = partition(0);
          return now != nullptr && now->leader_epoch > before && now->leader != kNoBroker;
        },
        seconds(10)))
        << run_->report();
    pass(milliseconds(300));
  }
  finish();
}

TEST_F(Scenario, S10_AllSixLoseTheirPowerAndEverythingAcknowledgedIsThere) {
  set_up(calm(6));
  for (int i = 0; i < 5; ++i) {
    pass(milliseconds(700 + 131 * i));
    for (const std::string& name : cluster().names()) cluster().cut_power(name);
    pass(milliseconds(50));
    cluster().start_all();
    ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  }
  finish();
}

TEST_F(Scenario, S10_AllSixAreKilledAndEverythingAcknowledgedIsThere) {
  set_up(calm(7));
  for (int i = 0; i < 5; ++i) {
    pass(milliseconds(700 + 131 * i));
    for (const std::string& name : cluster().names()) cluster().kill(name);
    cluster().start_all();
    ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  }
  finish();
}

// It comes back first, empty, under its old id, while all others are down.
TEST_F(Scenario, S10_AWipedDiskUnderAnOldIdIsNotElected) {
  set_up(calm(8));
  pass(seconds(1));
  for (const std::string& name : cluster().broker_names()) cluster().cut_power(name);
  cluster().wipe("b1");
  cluster().start("b1");
  pass(seconds(5));
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(leader_of(i), "b1") << "an empty disk leads partition " << i;
  }
  cluster().start("b2");
  cluster().start("b3");
  ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  finish();
}

// Nobody but the leader need have what is acknowledged, and yet everybody in the set has it: the
// intact disks are enough, whichever comes back first and whichever is gone.
TEST_F(Scenario, S10_WithMinInSyncOneAWipedDiskAndAllSixKilledLeaveNoPartitionWithoutALeader) {
  SwarmOptions options = calm(21);
  options.workload.min_in_sync = 1;
  set_up(options);
  for (const std::string& wiped : cluster().broker_names()) {
    pass(seconds(1));
    ASSERT_TRUE(reaches([this] { return all_in_sync(); }, seconds(15))) << run_->report();
    for (const std::string& name : cluster().names()) cluster().cut_power(name);
    cluster().wipe(wiped);
    cluster().start_all();
    ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  }
  finish();
}

// The controllers see one broker after the other fall silent. The empty one comes back first.
TEST_F(Scenario, S10_WithMinInSyncOneBrokersThatFallSilentTogetherAreNotElectedInTheirGraves) {
  SwarmOptions options = calm(22);
  options.workload.min_in_sync = 1;
  set_up(options);
  for (const std::string& wiped : cluster().broker_names()) {
    pass(seconds(1));
    ASSERT_TRUE(reaches([this] { return all_in_sync(); }, seconds(15))) << run_->report();
    for (const std::string& name : cluster().broker_names()) {
      cluster().cut_power(name);
      pass(milliseconds(130));
    }
    cluster().wipe(wiped);
    cluster().start(wiped);
    pass(seconds(5));
    for (int i = 0; i < 3; ++i) {
      EXPECT_NE(leader_of(i), wiped) << "an empty disk leads partition " << i;
    }
    for (const std::string& name : cluster().broker_names()) {
      if (name != wiped) cluster().start(name);
    }
    ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  }
  finish();
}

// Two of three brokers die at once: too many refusals to be believed one by one, so timeouts
// count, and when they are back everything goes on.
TEST_F(Scenario, S12_TwoBrokersThatDieAtOnceAreFencedByTheirTimeouts) {
  set_up(calm(9));
  pass(seconds(1));
  cluster().kill("b2");
  cluster().kill("b3");
  ASSERT_TRUE(reaches(
      [&] {
        const metadata::Image* const now = image();
        return now != nullptr && now->broker(BrokerId(2))->fenced &&
               now->broker(BrokerId(3))->fenced;
      },
      seconds(6)))
      << run_->report();
  EXPECT_FALSE(image()->broker(BrokerId(1))->fenced);
  cluster().start("b2");
  cluster().start("b3");
  ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  finish();
}

// A firewall between the active controller and all brokers closes their links: nobody is fenced on
// the spot for that.
TEST_F(Scenario, S12_LinksThatBreakAtTheControllerFenceNobody) {
  set_up(calm(10));
  pass(seconds(1));
  for (int i = 0; i < 5; ++i) {
    const std::string active = cluster().active_controller_name();
    ASSERT_FALSE(active.empty());
    for (const std::string& broker : cluster().broker_names()) {
      cluster().network().break_links(active, broker);
    }
    pass(milliseconds(700));
    ASSERT_NE(image(), nullptr);
    for (const auto& [id, broker] : image()->brokers()) EXPECT_FALSE(broker.fenced) << id;
  }
  finish();
}

// With clean elections only, a partition whose in-sync replicas are all down has no leader, and
// the one that was left behind is not taken.
TEST_F(Scenario, S13_AReplicaThatIsNotInSyncIsNotElected) {
  SwarmOptions options = calm(11);
  options.workload.partitions = 1;
  options.workload.min_in_sync = 1;
  set_up(options);
  pass(seconds(1));
  const std::string leader = leader_of(0);
  ASSERT_FALSE(leader.empty());
  std::vector<std::string> others;
  for (const std::string& name : cluster().broker_names()) {
    if (name != leader) others.push_back(name);
  }
  for (const std::string& name : others) cluster().cut_power(name);
  ASSERT_TRUE(more_is_acknowledged(seconds(10))) << run_->report();  // by the leader alone
  cluster().cut_power(leader);
  for (const std::string& name : others) cluster().start(name);
  pass(seconds(8));
  EXPECT_EQ(leader_of(0), "");
  cluster().start(leader);
  ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  finish();
}

// One follower's fetch connection is parked for long whenever nothing is new; its durable report is
// not: a lone record is acknowledged in a few round trips.
TEST_F(Scenario, S16_AReportDoesNotWaitBehindAParkedFetch) {
  SwarmOptions options = calm(12);
  options.workload.partitions = 1;
  options.workload.producers = 1;
  options.workload.pause_between_batches = seconds(1);
  options.workload.records_per_batch_max = 1;
  options.cluster.broker.replica_fetch_wait = seconds(5);
  set_up(options);
  pass(seconds(20));
  const uint64_t sent = run_->workload().sent();
  EXPECT_GE(sent, 10U);
  // All but the last one or two, which may be under way.
  EXPECT_GE(acknowledged() + 2, sent);
  EXPECT_LT(run_->workload().slowest_acknowledgement(), milliseconds(100));
  finish();
}

// A leader stands still, another is elected, and it wakes with produces parked: none of them may be
// answered as done by it, and nothing is there twice.
TEST_F(Scenario, S21_ALeaderThatWakesUpAcknowledgesNothingOfItsOldEpoch) {
  set_up(calm(13));
  for (int i = 0; i < 6; ++i) {
    pass(milliseconds(500));
    const std::string leader = leader_of(i % 3);
    if (leader.empty()) continue;
    cluster().pause(leader);
    ASSERT_TRUE(reaches([&] { return leader_of(i % 3) != leader && !leader_of(i % 3).empty(); },
                        seconds(8)))
        << run_->report();
    pass(milliseconds(500));
    cluster().resume(leader);
  }
  finish();
}

// S20: a hung disk takes its broker out, not the partition.
TEST_F(Scenario, S20_AHungDiskDoesNotStopThePartitionForEver) {
  SwarmOptions options = calm(14);
  options.cluster.broker.flush_lag_max = seconds(2);
  options.cluster.broker.replica_lag_max = seconds(4);
  set_up(options);
  pass(seconds(1));
  cluster().disk("b1").hold_syncs(true);
  pass(seconds(6));
  ASSERT_TRUE(more_is_acknowledged(seconds(10))) << run_->report();
  cluster().disk("b1").hold_syncs(false);
  if (!cluster().running("b1")) cluster().start("b1");
  finish();
}

TEST_F(Scenario, ATopicThatIsDeletedAndCreatedAgainIsAnotherOne) {
  SwarmOptions options = calm(15);
  options.workload.churn = true;
  set_up(options);
  for (int i = 0; i < 6; ++i) {
    pass(milliseconds(600));
    const std::string broker = Cluster::broker_name(1 + i % 3);
    cluster().kill(broker);
    pass(milliseconds(700));
    cluster().start(broker);
  }
  EXPECT_GT(run_->workload().topics_deleted(), 2U);
  finish();
}

}  // namespace
}  // namespace barnabas::simulation
