// Who leads when the in-sync set has shrunk to one and that one dies (F45): an eligible replica,
// with everything that was acknowledged (P29); or, where that is allowed, whoever is left, and then
// the lineage says so (S13).

#include <absl/strings/str_cat.h>
#include <glog/logging.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proto/admin.pb.h"
#include "tests/simulation/scenario.h"

namespace barnabas::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SwarmOptions calm(uint64_t seed) {
  SwarmOptions options;
  options.seed = seed;
  options.workload.partitions = 1;
  options.workload.churn = false;
  return options;
}

class LineageScenario : public ScenarioTest {
 protected:
  bool in_sync(const std::string& topic, size_t members) {
    const metadata::PartitionImage* const state = partition(topic);
    return state != nullptr && state->in_sync.size() == members && state->leader != kNoBroker;
  }
  std::vector<std::string> others(const std::string& than) {
    std::vector<std::string> out = cluster().broker_names();
    std::erase(out, than);
    return out;
  }
  // The followers lose their power one after the other, until the leader is in sync alone.
  void thin_out(const std::string& topic, const std::string& leader) {
    ASSERT_TRUE(reaches([&] { return in_sync(topic, 3); }, seconds(10))) << run_->report();
    for (const std::string& name : others(leader)) {
      cluster().cut_power(name);
      pass(milliseconds(700));
    }
    ASSERT_TRUE(reaches([&] { return in_sync(topic, 1); }, seconds(15))) << run_->report();
  }
};

TEST_F(LineageScenario, P29_AnEligibleReplicaFollowsTheLastOneAndNothingAcknowledgedIsLost) {
  set_up(calm(31));
  const std::string topic = Workload::topic_name(0);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
    const std::string last = leader_of(topic);
    ASSERT_NE(last, "");
    thin_out(topic, last);
    EXPECT_EQ(partition(topic)->eligible.size(), 2U);
    cluster().cut_power(last);
    pass(milliseconds(500));
    for (const std::string& name : others(last)) cluster().start(name);
    ASSERT_TRUE(more_is_acknowledged(seconds(20))) << run_->report();
    EXPECT_NE(leader_of(topic), last);
    cluster().start(last);
    ASSERT_TRUE(reaches([&] { return in_sync(topic, 3); }, seconds(15))) << run_->report();
  }
  EXPECT_EQ(partition(topic)->lineage, Lineage(0));
  EXPECT_GT(run_->history().eligible_elections(), 0U);
  finish();
}

// The disk of one of the two that are eligible is empty when it comes back; it comes back first.
TEST_F(LineageScenario, P29_AnEligibleReplicaWithAnEmptyDiskIsNotElected) {
  set_up(calm(32));
  const std::string topic = Workload::topic_name(0);
  ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  const std::string last = leader_of(topic);
  const std::vector<std::string> followers = others(last);
  thin_out(topic, last);
  cluster().cut_power(last);
  cluster().wipe(followers[0]);
  cluster().start(followers[0]);
  pass(seconds(6));
  EXPECT_EQ(leader_of(topic), "");
  cluster().start(followers[1]);
  ASSERT_TRUE(more_is_acknowledged(seconds(20))) << run_->report();
  EXPECT_EQ(leader_of(topic), followers[1]);
  cluster().start(last);
  finish();
}

// What the last one has acknowledged alone is gone with it where that is allowed, and the lineage
// tells; it cuts its own log below its high watermark when it is back.
TEST_F(LineageScenario, S13_AnUncleanElectionMovesTheLineageAndOnlyThenRecordsAreLost) {
  SwarmOptions options = calm(33);
  options.workload.risky.partitions = 1;
  set_up(options);
  const std::string topic = RiskyRecords::kTopic;
  ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  const std::string last = leader_of(topic);
  ASSERT_NE(last, "");
  thin_out(topic, last);
  const uint64_t before = run_->workload().risky().loss().acknowledged();
  ASSERT_TRUE(reaches([&] { return run_->workload().risky().loss().acknowledged() > before + 20; },
                      seconds(10)))
      << run_->report();
  cluster().cut_power(last);
  for (const std::string& name : others(last)) cluster().start(name);
  ASSERT_TRUE(reaches(
      [&] {
        return partition(topic) != nullptr && partition(topic)->lineage == Lineage(1) &&
               leader_of(topic) != "";
      },
      seconds(20)))
      << run_->report();
  ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  cluster().start(last);
  finish();
  EXPECT_GT(run_->workload().risky().loss().lost(), 10U);
  EXPECT_EQ(partition(Workload::topic_name(0))->lineage, Lineage(0));
  for (const Cluster::Exit& exit : cluster().exits()) ADD_FAILURE() << exit.name << exit.why;
}

TEST_F(LineageScenario, S13_WithoutPermissionThePartitionWaitsForWhoHasTheRecords) {
  SwarmOptions options = calm(34);
  options.workload.risky.partitions = 1;
  options.workload.risky.unclean = false;
  set_up(options);
  const std::string topic = RiskyRecords::kTopic;
  ASSERT_TRUE(more_is_acknowledged(seconds(15))) << run_->report();
  const std::string last = leader_of(topic);
  thin_out(topic, last);
  pass(seconds(1));
  cluster().cut_power(last);
  for (const std::string& name : others(last)) cluster().start(name);
  pass(seconds(8));
  EXPECT_EQ(leader_of(topic), "");
  cluster().start(last);
  ASSERT_TRUE(reaches([&] { return leader_of(topic) == last; }, seconds(15))) << run_->report();
  finish();
  EXPECT_EQ(run_->workload().risky().loss().lost(), 0U);
  EXPECT_EQ(partition(topic)->lineage, Lineage(0));
}

// The same from seeds, with whatever comes between.
// The leader finds no room for a new partition's replica, and nor does a follower; then there is
// room again, without a restart of anybody (F33).
TEST_F(LineageScenario, F33_AReplicaForWhichThereWasNoRoomIsMadeWhenThereIs) {
  SwarmOptions options = calm(35);
  options.cluster.broker.free_bytes_min = 0;
  set_up(options);
  for (const char* const name : {"b1", "b2"}) {
    const auto space = cluster().disk(name).space("/");
    ASSERT_TRUE(space.ok());
    cluster().disk(name).set_capacity(space->total_bytes - space->free_bytes);
  }
  proto::AdminRequest request;
  auto* const topic = request.mutable_create_topics()->add_topics();
  topic->set_name("late");
  topic->set_partitions(3);
  topic->set_replication_factor(3);
  ControllerProcess* const active = cluster().active_controller();
  cluster().simulation().node(cluster().active_controller_name())->post([&] {
    active->controller().call(request, [](const proto::AdminAnswer&) {});
  });
  pass(seconds(3));
  ASSERT_NE(partition("late"), nullptr);
  EXPECT_LT(partition("late")->in_sync.size(), 3U);
  for (const char* const name : {"b1", "b2"}) cluster().disk(name).set_capacity(UINT64_MAX);
  ASSERT_TRUE(reaches([&] { return in_sync("late", 3); }, seconds(15))) << run_->report();
  finish();
}

TEST_F(LineageScenario, S13_P29_UnderFaultsElectionsAreCleanOrRecorded) {
  uint64_t eligible = 0;
  uint64_t unclean = 0;
  uint64_t lost = 0;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SwarmOptions options = draw(seed);
    options.faults = {Fault::kThinOut, Fault::kPowerBroker, Fault::kKillBroker};
    options.between_faults = milliseconds(1500);
    options.safety_phase = seconds(15);
    options.calm_phase = Duration(0);
    options.workload.churn = false;
    options.workload.min_in_sync = 2;
    options.workload.groups.groups = 0;
    std::erase(options.workload.operators.operations, Operation::kMinInSync);
    options.workload.risky = {2, 1, true, milliseconds(20)};
    simulation::Run run(std::move(options));
    run.execute();
    ASSERT_FALSE(run.findings().any()) << run.report();
    eligible += run.history().eligible_elections();
    unclean += run.history().unclean_elections();
    lost += run.workload().risky().loss().lost();
  }
  std::printf(
      "%d elections of eligible replicas, %d unclean ones, %d acknowledged records lost "
      "by these\n",
      static_cast<int>(eligible), static_cast<int>(unclean), static_cast<int>(lost));
  EXPECT_GT(eligible, 0U);
  EXPECT_GT(unclean, 0U);
}

}  // namespace
}  // namespace barnabas::simulation
