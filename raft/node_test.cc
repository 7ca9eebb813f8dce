// Whole nodes: core, log, vote file, snapshots, formation and links together, in one simulated
// thread.

#include "raft/node.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <set>

#include "raft/testing/node_cluster.h"

namespace barnabas::raft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(NodeFormation, S5_BlankVotersFormOneClusterSoonAfterTheLastHasStarted) {
  NodeCluster cluster(3);
  cluster.start(0);
  cluster.start(1);
  cluster.run_for(seconds(3));
  EXPECT_EQ(cluster.member(0).node->status().role, "unformed");
  EXPECT_NE(cluster.member(0).node->status().trouble.find("missing: 3"), std::string::npos);
  cluster.start(2);
  const auto formed = [&] {
    for (size_t i = 0; i < 3; ++i) {
      if (cluster.member(i).node->status().cluster_id.empty()) return false;
    }
    return true;
  };
  EXPECT_TRUE(cluster.run_until(formed, milliseconds(300)));
  std::set<std::string> ids;
  for (size_t i = 0; i < 3; ++i) ids.insert(cluster.member(i).node->status().cluster_id);
  EXPECT_EQ(ids.size(), 1U);
  EXPECT_TRUE(cluster.await_leader(milliseconds(300)).has_value());
}

TEST(NodeFormation, S5_ASingleConfiguredVoterFormsAloneAtOnce) {
  NodeCluster cluster(1);
  cluster.start(0);
  EXPECT_TRUE(cluster.await_leader(milliseconds(100)).has_value());
  EXPECT_TRUE(cluster.propose("alone", milliseconds(50)).ok());
}

TEST(NodeFormation, S5_TwoWipedVotersDoNotFoundASecondClusterOverTheThird) {
  NodeCluster cluster(3);
  cluster.start_all();
  ASSERT_TRUE(cluster.propose("kept", seconds(2)).ok());
  ASSERT_TRUE(cluster.await_applied(1, seconds(1)));
  const std::string id = cluster.member(2).node->status().cluster_id;
  for (const size_t i : {0, 1}) {
    cluster.kill(i);
    cluster.wipe(i);
    cluster.start(i);
  }
  cluster.run_for(seconds(20));
  for (const size_t i : {0, 1}) {
    const Status status = cluster.member(i).node->status();
    EXPECT_EQ(status.role, "observer") << "of the only cluster that there is";
    EXPECT_EQ(status.cluster_id, id);
    EXPECT_NE(status.trouble.find(id), std::string::npos) << status.trouble;
    EXPECT_TRUE(cluster.member(i).machine->entries.empty());
  }
  EXPECT_FALSE(cluster.leader().has_value());
}

TEST(NodeFormation, S5_AnAttemptInterruptedAnywhereIsCompletedWithItsOwnValues) {
  // The power of all goes off after a number of microseconds; whatever had been prepared is
  // adopted.
  for (int64_t stop = 200; stop < 20000; stop += 350) {
    NodeCluster cluster(3, static_cast<uint64_t>(stop));
    cluster.start_all();
    cluster.run_for(Duration{stop});
    std::set<std::string> seen;
    for (size_t i = 0; i < 3; ++i) {
      const std::string id = cluster.member(i).node->status().cluster_id;
      if (!id.empty()) seen.insert(id);
    }
    for (size_t i = 0; i < 3; ++i) cluster.cut_power(i);
    cluster.start_all();
    ASSERT_TRUE(cluster.propose("after", seconds(3)).ok())
        << "stopped after " << stop << " us" << cluster.standing();
    for (size_t i = 0; i < 3; ++i) seen.insert(cluster.member(i).node->status().cluster_id);
    EXPECT_EQ(seen.size(), 1U) << "stopped after " << stop << " us";
  }
}

TEST(Node, EntriesAreAppliedOnceInOneOrderEverywhereAcrossTheDeathOfTheLeader) {
  NodeCluster cluster(3);
  cluster.start_all();
  std::vector<std::string> sent;
  for (int i = 0; i < 200; ++i) {
    sent.push_back(absl::StrCat("before ", i));
    ASSERT_TRUE(cluster.propose(sent.back(), seconds(2)).ok());
  }
  const size_t old = *cluster.leader();
  cluster.kill(old);
  for (int i = 0; i < 200; ++i) {
    sent.push_back(absl::StrCat("after ", i));
    ASSERT_TRUE(cluster.propose(sent.back(), seconds(2)).ok());
  }
  cluster.start(old);
  ASSERT_TRUE(cluster.await_applied(sent.size(), seconds(3)));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(cluster.member(i).machine->entries, sent);
}

TEST(Node, S7_TheDeathOfALeaderIsAnsweredByAnElectionWithinMilliseconds) {
  Duration worst{0};
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    NodeCluster cluster(3, seed);
    cluster.start_all();
    ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
    cluster.run_for(milliseconds(500));
    cluster.kill(*cluster.leader());
    const Instant died = cluster.simulation().now();
    ASSERT_TRUE(cluster.await_leader(seconds(5)).has_value()) << seed << cluster.standing();
    worst = std::max(worst, cluster.simulation().now() - died);
  }
  EXPECT_LT(worst, milliseconds(300));
}

TEST(Node, S2_NothingIsProposedBeforeAnEntryOfTheOwnTermIsApplied) {
  NodeCluster cluster(3);
  cluster.start_all();
  bool refused_while_not_ready = false;
  cluster.run_until(
      [&] {
        for (size_t i = 0; i < 3; ++i) {
          Node& node = *cluster.member(i).node;
          if (node.status().role != "leader" || node.is_leading()) continue;
          absl::Status answer;
          node.propose("early", [&](absl::StatusOr<LogIndex> index) { answer = index.status(); });
          refused_while_not_ready = absl::IsUnavailable(answer);
          return true;
        }
        return false;
      },
      seconds(2));
  EXPECT_TRUE(refused_while_not_ready);
  ASSERT_TRUE(cluster.await_leader(seconds(1)).has_value());
  EXPECT_TRUE(cluster.propose("ready", seconds(1)).ok());
}

TEST(Node, S3_AReadIndexOfAnIsolatedLeaderIsNotConfirmed) {
  NodeCluster cluster(3);
  cluster.start_all();
  ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
  const size_t old = *cluster.leader();
  Node& node = *cluster.member(old).node;
  std::optional<absl::Status> first;
  node.read_index([&](const absl::Status& status) { first = status; });
  ASSERT_TRUE(cluster.run_until([&] { return first.has_value(); }, milliseconds(50)));
  EXPECT_TRUE(first->ok());
  cluster.network().reachability().isolate(cluster.member(old).name);
  std::optional<absl::Status> second;
  node.read_index([&](const absl::Status& status) { second = status; });
  ASSERT_TRUE(cluster.run_until([&] { return second.has_value(); }, seconds(5)));
  EXPECT_FALSE(second->ok());
  EXPECT_FALSE(node.is_leading());
}

TEST(Node, P14_APowerCutOfAllLosesNothingThatWasAcknowledged) {
  for (uint64_t seed = 1; seed <= 15; ++seed) {
    NodeCluster cluster(3, seed);
    cluster.start_all();
    std::vector<std::string> acknowledged;
    const size_t rounds = 3;
    for (size_t round = 0; round < rounds; ++round) {
      ASSERT_TRUE(cluster.await_leader(seconds(10)).has_value())
          << "seed " << seed << cluster.standing();
      Node& node = *cluster.member(*cluster.leader()).node;
      for (int i = 0; i < 60; ++i) {
        const std::string payload = absl::StrCat(seed, " ", round, " ", i);
        node.propose(payload, [&acknowledged, payload](const absl::StatusOr<LogIndex>& index) {
          if (index.ok()) acknowledged.push_back(payload);
        });
        cluster.run_for(Duration{cluster.random().below(400)});
      }
      for (size_t i = 0; i < 3; ++i) cluster.cut_power(i);
      cluster.start_all();
      for (size_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(cluster.member(i).start_status.ok())
            << "seed " << seed << ": " << cluster.member(i).start_status;
      }
    }
    ASSERT_TRUE(cluster.propose("last", seconds(10)).ok()) << "seed " << seed;
    const std::vector<std::string>& kept = cluster.member(*cluster.leader()).machine->entries;
    const std::set<std::string> all(kept.begin(), kept.end());
    EXPECT_EQ(all.size(), kept.size()) << "something was applied twice, seed " << seed;
    EXPECT_GT(acknowledged.size(), 20U);
    for (const std::string& payload : acknowledged) {
      EXPECT_EQ(all.count(payload), 1U) << payload << " is lost";
    }
  }
}

TEST(Node, P13_P19_ALeaderWhoseDiskFailsStopsAndAnotherOneLeads) {
  NodeCluster cluster(3);
  cluster.start_all();
  ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
  const size_t old = *cluster.leader();
  cluster.member(old).disk.fail_syncs(-1);
  const absl::StatusOr<LogIndex> lost = cluster.propose("lost?", seconds(2));
  EXPECT_FALSE(lost.ok());
  cluster.run_for(milliseconds(10));
  EXPECT_FALSE(cluster.member(old).fatal.ok());
  EXPECT_FALSE(cluster.member(old).node->is_leading());
  ASSERT_TRUE(cluster.await_leader(milliseconds(500)).has_value());
  EXPECT_NE(*cluster.leader(), old);
  EXPECT_TRUE(cluster.propose("goes on", seconds(1)).ok());
}

TEST(Node, P19_AWriteErrorOnTheLeaderAloneDeposesIt) {
  NodeCluster cluster(3);
  cluster.start_all();
  ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
  const size_t old = *cluster.leader();
  cluster.member(old).disk.fail_writes("/data/raft/log");
  EXPECT_FALSE(cluster.propose("lost?", seconds(2)).ok());
  ASSERT_TRUE(cluster.run_until(
      [&] { return cluster.leader().has_value() && *cluster.leader() != old; }, seconds(1)));
  EXPECT_TRUE(cluster.propose("goes on", seconds(1)).ok());
}

TEST(Node, AFullDiskEndsALeadershipButNotTheNodeWhichGoesOnWhenThereIsSpace) {
  NodeCluster cluster(3);
  cluster.start_all();
  ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
  const size_t old = *cluster.leader();
  cluster.member(old).disk.set_capacity(1);
  EXPECT_FALSE(cluster.propose(std::string(20000, 'y'), seconds(2)).ok());
  EXPECT_TRUE(cluster.member(old).fatal.ok());
  EXPECT_NE(cluster.member(old).node->status().trouble.find("space"), std::string::npos);
  ASSERT_TRUE(cluster.propose("goes on", seconds(2)).ok());
  cluster.member(old).disk.set_capacity(uint64_t{1} << 40);
  ASSERT_TRUE(cluster.run_until(
      [&] {
        return cluster.member(old).machine->entries ==
               cluster.member(*cluster.leader()).machine->entries;
      },
      seconds(5)))
      << cluster.member(old).node->status().trouble;
}

TEST(Node, S20_ALeaderWhoseDiskHangsStepsDown) {
  NodeCluster cluster(3);
  cluster.start_all();
  ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
  const size_t old = *cluster.leader();
  cluster.member(old).disk.hold_syncs(true);
  cluster.member(old).node->propose("in flight", [](const absl::StatusOr<LogIndex>&) {});
  ASSERT_TRUE(cluster.run_until(
      [&] { return cluster.leader().has_value() && *cluster.leader() != old; }, seconds(10)));
  EXPECT_TRUE(cluster.propose("goes on", seconds(1)).ok());
  cluster.member(old).disk.hold_syncs(false);
  EXPECT_TRUE(cluster.await_applied(3, seconds(5)));
}

TEST(Node, P18_ADamagedEntryThatWasSyncedMakesTheNodeRefuseToStart) {
  NodeCluster cluster(3);
  cluster.start_all();
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(cluster.propose(absl::StrCat("entry ", i), seconds(2)).ok());
  ASSERT_TRUE(cluster.await_applied(20, seconds(1)));
  cluster.run_for(seconds(1));
  cluster.kill(0);
  cluster.member(0).disk.flip_bit("/data/raft/log/00000000000000000001.log", 500, 3);
  cluster.start(0);
  EXPECT_TRUE(absl::IsDataLoss(cluster.member(0).start_status)) << cluster.member(0).start_status;
}

TEST(Node, S6_ASyncedTailThatRottedIsNotTakenForATornOne) {
  NodeCluster cluster(3);
  cluster.start_all();
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(cluster.propose(absl::StrCat("entry ", i), seconds(2)).ok());
  ASSERT_TRUE(cluster.await_applied(20, seconds(1)));
  cluster.run_for(seconds(1));  // quiet: the last round stands in the vote file
  cluster.kill(0);
  cluster.member(0).disk.cut_tail("/data/raft/log/00000000000000000001.log", 10);
  cluster.start(0);
  EXPECT_TRUE(absl::IsDataLoss(cluster.member(0).start_status)) << cluster.member(0).start_status;
}

TEST(Node, S6_ANodeThatCutATailItMayHavePromisedVotesOnlyWithAllOthersUntilMadeWhole) {
  NodeCluster cluster(3);
  cluster.start_all();
  ASSERT_TRUE(cluster.propose("first", seconds(2)).ok());
  ASSERT_TRUE(cluster.await_applied(1, seconds(1)));
  cluster.run_for(seconds(1));
  const size_t leader = *cluster.leader();
  const size_t torn = (leader + 1) % 3;
  const size_t other = (leader + 2) % 3;
  // Acknowledged by the leader and `torn`, and then torn: the last round cannot be proved.
  cluster.kill(other);
  ASSERT_TRUE(cluster.propose("second", seconds(2)).ok());
  cluster.kill(torn);
  cluster.kill(leader);
  cluster.member(torn).disk.cut_tail("/data/raft/log/00000000000000000001.log", 7);
  cluster.start(torn);
  ASSERT_TRUE(cluster.member(torn).start_status.ok()) << cluster.member(torn).start_status;
  EXPECT_NE(cluster.member(torn).node->status().trouble.find("votes only"), std::string::npos);
  // `other` never had the entry: with the torn node's vote it would lead without it.
  cluster.start(other);
  cluster.run_for(seconds(10));
  EXPECT_FALSE(cluster.leader().has_value());
  cluster.start(leader);
  ASSERT_TRUE(cluster.propose("third", seconds(5)).ok());
  ASSERT_TRUE(cluster.await_applied(3, seconds(5)));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(cluster.member(i).machine->entries,
              (std::vector<std::string>{"first", "second", "third"}));
  }
  cluster.run_for(seconds(1));
  EXPECT_EQ(cluster.member(torn).node->status().trouble, "");
}

TEST(Node, P16_AWipedVoterIsAnotherVoterAndIsGivenNothing) {
  NodeCluster cluster(3);
  cluster.start_all();
  ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
  const size_t wiped = (*cluster.leader() + 1) % 3;
  cluster.kill(wiped);
  cluster.wipe(wiped);
  cluster.start(wiped);
  cluster.run_for(seconds(5));
  EXPECT_EQ(cluster.member(wiped).node->status().role, "observer");
  EXPECT_TRUE(cluster.member(wiped).machine->entries.empty());
  EXPECT_TRUE(cluster.propose("goes on", seconds(1)).ok());
}

TEST(Node, AFollowerThatFellBehindTheLogIsBroughtUpByASnapshotInPieces) {
  NodeCluster cluster(3);
  for (size_t i = 0; i < 3; ++i) {
    cluster.member(i).options.snapshot_after_bytes = 200000;
    cluster.member(i).options.snapshot_chunk_bytes = 10000;
  }
  cluster.start_all();
  ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
  const size_t away = (*cluster.leader() + 1) % 3;
  cluster.kill(away);
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(cluster.propose(absl::StrCat("entry ", i, std::string(100, '.')), seconds(2)).ok());
  }
  cluster.run_for(seconds(1));
  EXPECT_GT(cluster.member(*cluster.leader()).node->status().first, LogIndex{1000});
  cluster.start(away);
  ASSERT_TRUE(cluster.await_applied(3001, seconds(10)));
  EXPECT_GE(cluster.member(away).machine->restores, 1);
  EXPECT_EQ(cluster.member(away).machine->entries,
            cluster.member(*cluster.leader()).machine->entries);
  // And it starts from what it was given.
  cluster.kill(away);
  cluster.start(away);
  ASSERT_TRUE(cluster.member(away).start_status.ok()) << cluster.member(away).start_status;
  ASSERT_TRUE(cluster.propose("last", seconds(2)).ok());
  ASSERT_TRUE(cluster.await_applied(3002, seconds(10)));
}

TEST(Node, TheLimitOfUncommittedBytesAnswersBusy) {
  NodeCluster cluster(3);
  for (size_t i = 0; i < 3; ++i) cluster.member(i).options.max_uncommitted_bytes = 1000;
  cluster.start_all();
  ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
  Node& node = *cluster.member(*cluster.leader()).node;
  int busy = 0;
  for (int i = 0; i < 20; ++i) {
    node.propose(std::string(100, 'b'), [&](const absl::StatusOr<LogIndex>& index) {
      if (absl::IsResourceExhausted(index.status())) ++busy;
    });
  }
  EXPECT_EQ(busy, 10);
  cluster.run_for(milliseconds(100));
  EXPECT_TRUE(cluster.propose("room again", seconds(1)).ok());
}

// A decision made on hearing of the one before must find that one in the log, and be found there.
TEST(NodeProposals, WhatIsProposedFromACallbackIsAppendedWhenProposeReturns) {
  NodeCluster cluster(3);
  cluster.start_all();
  const auto leader = cluster.await_leader(seconds(2));
  ASSERT_TRUE(leader.has_value());
  Node& node = *cluster.member(*leader).node;
  std::vector<int64_t> appended;
  cluster.member(*leader).machine->after_batch = [&] {
    if (appended.size() >= 4) return;
    for (int i = 0; i < 2; ++i) {
      const LogIndex before = node.last_index();
      node.propose("nested", [](const absl::StatusOr<LogIndex>&) {});
      appended.push_back(distance(before, node.last_index()));
    }
  };
  ASSERT_TRUE(cluster.propose("first", seconds(2)).ok());
  cluster.run_for(seconds(1));
  EXPECT_EQ(appended, (std::vector<int64_t>{1, 1, 1, 1}));
  cluster.member(*leader).machine->after_batch = nullptr;
}

}  // namespace
}  // namespace barnabas::raft::testing
