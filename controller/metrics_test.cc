#include "controller/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/decide/testing/cluster.h"

namespace barnabas::controller {
namespace {

using testing::HasSubstr;
using testing::Not;

class ControllerMetricsTest : public testing::Test {
 protected:
  ControllerMetricsTest() {
    for (int broker : {1, 2}) cluster_.start(broker);
  }

  std::string text(const ControllerFacts& facts, Instant now = Instant(std::chrono::seconds(1))) {
    Exposition out;
    metrics_.collect(facts, now, out);
    return out.text();
  }

  Cluster cluster_;
  ControllerMetrics metrics_{ControllerId{1}, "/"};
};

TEST_F(ControllerMetricsTest, TheClusterIsCountedFromItsImage) {
  cluster_.create("board", {{1, 2}, {2, 1}});
  cluster_.create("alone", {{2}});
  cluster_.fence(2);
  const ClusterFacts facts = look_at_cluster(cluster_.image());
  EXPECT_EQ(facts.topics, 2);
  EXPECT_EQ(facts.partitions, 3);
  EXPECT_EQ(facts.leaderless, 1);     // alone-0
  EXPECT_EQ(facts.not_preferred, 1);  // board-1 is led by 1
  EXPECT_EQ(facts.under_replicated, 3);
  EXPECT_EQ(facts.brokers_alive, 1);
  EXPECT_EQ(facts.brokers_fenced, 1);
  EXPECT_EQ(facts.metadata_index, cluster_.image().index().value());
}

TEST_F(ControllerMetricsTest, UncleanElectionsAreCountedFromTheFirstLookOn) {
  cluster_.create("fast", {{1, 2}},
                  {{"unclean.leader.election.enable", "true"}, {"acks.durability", "replicated"}});
  const auto unclean = [&] {
    cluster_.fence(2);
    cluster_.fence(1);
    cluster_.start(2, {.wiped = true});
    cluster_.start(1);
  };
  unclean();
  const auto before = static_cast<int64_t>(cluster_.partition("fast").lineage.value());
  ASSERT_GT(before, 0);
  UncleanElections elections;
  elections.look(cluster_.image());
  EXPECT_EQ(elections.count(), 0);  // history
  elections.look(cluster_.image());
  EXPECT_EQ(elections.count(), 0);
  unclean();
  elections.look(cluster_.image());
  EXPECT_EQ(elections.count(),
            static_cast<int64_t>(cluster_.partition("fast").lineage.value()) - before);
  EXPECT_GT(elections.count(), 0);
}

TEST_F(ControllerMetricsTest, WhereNobodyLeadsItSaysSo) {
  ControllerFacts facts;
  facts.quorum.role = "candidate";
  const std::string shown = text(facts);
  EXPECT_THAT(shown, HasSubstr("kafka_controller_kafkacontroller_activecontrollercount 0\n"));
  EXPECT_THAT(shown, HasSubstr("kafka_server_raftmetrics_current_state{current_state="
                               "\"candidate\"} 1\n"));
  EXPECT_THAT(shown, HasSubstr("kafka_server_raftmetrics_current_leader -1\n"));
  EXPECT_THAT(shown, HasSubstr("barnabas_disk_free_bytes "));
}

TEST_F(ControllerMetricsTest, TheLeaderTellsWhichVotersItHasLostAndOthersDoNot) {
  ControllerFacts facts;
  facts.active = true;
  facts.quorum.role = "leader";
  facts.quorum.last = LogIndex{100};
  using std::chrono::seconds;
  facts.quorum.members = {{ControllerId{1}, {}, LogIndex{100}, Duration(0)},
                          {ControllerId{2}, {}, LogIndex{98}, std::chrono::milliseconds(100)},
                          {ControllerId{3}, {}, LogIndex{40}, seconds(30)}};
  const std::string shown = text(facts);
  EXPECT_THAT(shown, HasSubstr("barnabas_quorum_voters 3\n"));
  EXPECT_THAT(shown, HasSubstr("barnabas_quorum_voters_lost 1\n"));
  EXPECT_THAT(shown, HasSubstr("barnabas_quorum_voter_lag_entries{voter=\"3\"} 60\n"));
  EXPECT_THAT(shown, HasSubstr("barnabas_quorum_voter_contact_age_seconds{voter=\"3\"} 30\n"));
  facts.active = false;
  EXPECT_THAT(text(facts), HasSubstr("barnabas_quorum_voters_lost 0\n"));
  EXPECT_THAT(text(facts), Not(HasSubstr("barnabas_quorum_voter_lag_entries")));
}

TEST_F(ControllerMetricsTest, OfTwoVotersWithOneIdTheOneThatLivesIsShown) {
  ControllerFacts facts;
  facts.active = true;
  facts.quorum.last = LogIndex{100};
  using std::chrono::seconds;
  facts.quorum.members = {{ControllerId{1}, {}, LogIndex{100}, Duration(0)},
                          {ControllerId{3}, {}, LogIndex{40}, seconds(30)},
                          {ControllerId{3}, {}, LogIndex{99}, std::chrono::milliseconds(100)}};
  const std::string shown = text(facts);
  EXPECT_THAT(shown, HasSubstr("barnabas_quorum_voter_lag_entries{voter=\"3\"} 1\n"));
  EXPECT_THAT(shown, Not(HasSubstr("barnabas_quorum_voter_lag_entries{voter=\"3\"} 60\n")));
  EXPECT_THAT(shown, HasSubstr("barnabas_quorum_voters_lost 1\n"));
}

TEST_F(ControllerMetricsTest, RatesAreTakenBetweenLooksThatAreASecondApart) {
  const auto at = [](int seconds) { return Instant(std::chrono::seconds(seconds)); };
  ControllerFacts facts;
  facts.quorum.last = LogIndex{1'000};
  constexpr char kRate[] = "kafka_server_raftmetrics_append_records_rate ";
  EXPECT_THAT(text(facts, at(1)), HasSubstr(std::string(kRate) + "0\n"));
  facts.quorum.last = LogIndex{1'050};
  EXPECT_THAT(text(facts, at(11)), HasSubstr(std::string(kRate) + "5\n"));
}

TEST_F(ControllerMetricsTest, CommitLatencyIsAnAverageInMilliseconds) {
  Histogram commit;
  commit.add(1'000);
  commit.add(3'000);
  ControllerFacts facts;
  facts.quorum.counters.commit = commit.snapshot();
  EXPECT_THAT(text(facts), HasSubstr("kafka_server_raftmetrics_commit_latency_avg 2\n"));
  EXPECT_THAT(text(facts), HasSubstr("barnabas_quorum_commit_seconds_count 2\n"));
}

}  // namespace
}  // namespace barnabas::controller
