// Whole nodes whose quorum grows, shrinks, replaces a lost disk and hands leadership over.

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "raft/node.h"
#include "raft/testing/node_cluster.h"

namespace barnabas::raft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class NodeMembers : public ::testing::Test {
 protected:
  // Once the leader has heard of it.
  absl::Status add(NodeCluster& cluster, size_t i) {
    const ControllerId id = cluster.member(i).options.self;
    cluster.run_until(
        [&] {
          const auto leader = cluster.leader();
          if (!leader.has_value()) return false;
          const auto members = cluster.member(*leader).node->status().members;
          return std::any_of(members.begin(), members.end(), [id](const ProgressView& member) {
            return member.id == id && member.kind == MemberKind::kObserver;
          });
        },
        seconds(10));
    return cluster.add_voter(i, seconds(20));
  }
  void work(NodeCluster& cluster, int count) {
    for (int i = 0; i < count; ++i) {
      sent_.push_back(absl::StrCat("entry ", sent_.size()));
      const auto index = cluster.propose(sent_.back(), seconds(10));
      ASSERT_TRUE(index.ok()) << index.status() << cluster.standing();
    }
  }
  std::vector<std::string> voters(NodeCluster& cluster) {
    std::vector<std::string> out;
    const auto leader = cluster.await_leader(seconds(10));
    if (!leader.has_value()) return {"no leader"};
    for (const ProgressView& member : cluster.member(*leader).node->status().members) {
      if (member.kind == MemberKind::kVoter) out.push_back(absl::StrCat(member.id.value()));
    }
    return out;
  }
  std::vector<std::string> sent_;
};

using Names = std::vector<std::string>;

TEST_F(NodeMembers, ThreeGrowToFiveLoseTwoAndShrinkToThreeAcrossRestartsOfEverything) {
  NodeCluster cluster(3, 1, 2);
  cluster.start_all();
  work(cluster, 20);
  EXPECT_TRUE(cluster.run_until([&] { return cluster.member(3).node->status().role == "observer"; },
                                seconds(5)));
  EXPECT_EQ(cluster.member(3).node->status().cluster_id,
            cluster.member(0).node->status().cluster_id);
  EXPECT_TRUE(cluster.member(3).machine->entries.empty()) << "an observer is not fed";
  ASSERT_TRUE(add(cluster, 3).ok()) << cluster.standing();
  work(cluster, 5);
  ASSERT_TRUE(add(cluster, 4).ok()) << cluster.standing();
  EXPECT_EQ(voters(cluster), (Names{"1", "2", "3", "4", "5"}));
  for (size_t i = 0; i < 5; ++i) cluster.cut_power(i);
  cluster.start_all();
  work(cluster, 5);
  EXPECT_EQ(voters(cluster), (Names{"1", "2", "3", "4", "5"}));
  cluster.kill(0);
  cluster.kill(1);
  work(cluster, 5);  // three of five
  cluster.start(0);
  cluster.start(1);
  ASSERT_TRUE(cluster.await_applied(sent_.size(), seconds(10))) << cluster.standing();
  for (const size_t gone : {0, 1}) {
    const absl::Status removed = cluster.remove_voter(gone, std::nullopt, seconds(10));
    ASSERT_TRUE(removed.ok()) << removed << cluster.standing();
  }
  EXPECT_EQ(voters(cluster), (Names{"3", "4", "5"}));
  for (size_t i = 0; i < 5; ++i) cluster.kill(i);
  for (size_t i = 2; i < 5; ++i) cluster.start(i);
  work(cluster, 5);
  cluster.kill(*cluster.leader());
  work(cluster, 5);  // two of three
  for (size_t i = 2; i < 5; ++i) {
    if (cluster.member(i).node != nullptr) {
      EXPECT_TRUE(cluster.await_applied(sent_.size(), seconds(10)));
      EXPECT_EQ(cluster.member(i).machine->entries, sent_);
    }
  }
}

TEST_F(NodeMembers, I17_ALostDiskIsReplacedUnderTheSameNodeId) {
  NodeCluster cluster(3);
  cluster.start_all();
  work(cluster, 10);
  const size_t lost = (*cluster.leader() + 1) % 3;
  const Uuid before = cluster.member(lost).options.directory_id;
  cluster.kill(lost);
  cluster.wipe(lost);
  cluster.start(lost);
  ASSERT_TRUE(add(cluster, lost).ok()) << cluster.standing();
  EXPECT_EQ(voters(cluster).size(), 4U);
  const absl::Status which = cluster.remove_voter(lost, std::nullopt, seconds(5));
  EXPECT_TRUE(absl::IsFailedPrecondition(which)) << "two directories share the id: " << which;
  ASSERT_TRUE(cluster.remove_voter(lost, before, seconds(10)).ok()) << cluster.standing();
  EXPECT_EQ(voters(cluster), (Names{"1", "2", "3"}));
  cluster.kill((lost + 1) % 3);
  work(cluster, 5);
  EXPECT_TRUE(cluster.await_applied(sent_.size(), seconds(10)));
  EXPECT_EQ(cluster.member(lost).machine->entries, sent_);
}

// Neither its log nor its file names the one that leads by now, and the leader needs its answers.
TEST_F(NodeMembers, AVoterThatWasAwayAnswersALeaderThatItDoesNotKnowAsAVoter) {
  NodeCluster cluster(3, 1, 1);
  cluster.start_all();
  work(cluster, 5);
  if (cluster.leader() == 0) {
    ASSERT_TRUE(cluster.transfer(1, seconds(5)).ok());
  }
  cluster.kill(0);
  ASSERT_TRUE(add(cluster, 3).ok()) << cluster.standing();
  ASSERT_TRUE(cluster.transfer(3, seconds(5)).ok()) << cluster.standing();
  work(cluster, 5);
  cluster.start(0);
  work(cluster, 5);
  EXPECT_TRUE(cluster.await_applied(sent_.size(), seconds(10))) << cluster.standing();
  EXPECT_EQ(cluster.member(0).machine->entries, sent_);
}

TEST_F(NodeMembers, P12_ALeaderThatIsRemovedSaysSoAndLeavesAtOnce) {
  NodeCluster cluster(3);
  cluster.start_all();
  work(cluster, 10);
  const size_t leader = *cluster.leader();
  ASSERT_TRUE(cluster.remove_voter(leader, std::nullopt, seconds(10)).ok());
  const Instant left = cluster.simulation().now();
  ASSERT_TRUE(cluster.await_leader(seconds(10)).has_value());
  EXPECT_NE(*cluster.leader(), leader);
  EXPECT_LT(cluster.simulation().now() - left, milliseconds(200)) << "it offered its place";
  EXPECT_EQ(cluster.member(leader).node->status().role, "observer");
  EXPECT_EQ(voters(cluster).size(), 2U);
}

TEST_F(NodeMembers, I16_P5_ARemovedVoterThatRunsOnMovesNoTerm) {
  NodeCluster cluster(3);
  cluster.start_all();
  work(cluster, 5);
  const size_t gone = (*cluster.leader() + 1) % 3;
  cluster.network().reachability().isolate(cluster.member(gone).name);  // it never learns of it
  ASSERT_TRUE(cluster.remove_voter(gone, std::nullopt, seconds(10)).ok());
  cluster.run_for(seconds(5));
  cluster.network().reachability().heal();
  const Term term = cluster.member(*cluster.leader()).node->term();
  cluster.run_for(seconds(30));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(cluster.member(i).node->term(), term) << i;
  work(cluster, 5);
}

TEST_F(NodeMembers, LeadershipIsHandedOverWithinMilliseconds) {
  NodeCluster cluster(3);
  cluster.start_all();
  work(cluster, 10);
  for (int i = 0; i < 10; ++i) {
    const size_t from = *cluster.await_leader(seconds(5));
    const size_t to = (from + 1) % 3;
    const Instant asked = cluster.simulation().now();
    const absl::Status done = cluster.transfer(to, seconds(10));
    ASSERT_TRUE(done.ok()) << done << cluster.standing();
    ASSERT_EQ(cluster.await_leader(seconds(5)), std::optional<size_t>(to));
    EXPECT_LT(cluster.simulation().now() - asked, milliseconds(100));
    work(cluster, 2);
  }
  const absl::Status itself = cluster.transfer(*cluster.leader(), seconds(5));
  EXPECT_TRUE(absl::IsAlreadyExists(itself)) << itself;
}

TEST_F(NodeMembers, ATransferToOneThatIsDownIsGivenUpAndTheLeaderGoesOn) {
  NodeCluster cluster(3);
  cluster.start_all();
  work(cluster, 5);
  const size_t leader = *cluster.leader();
  const size_t down = (leader + 1) % 3;
  cluster.kill(down);
  const absl::Status done = cluster.transfer(down, seconds(20));
  EXPECT_TRUE(absl::IsDeadlineExceeded(done)) << done;
  EXPECT_EQ(cluster.leader(), std::optional<size_t>(leader));
  work(cluster, 5);
  EXPECT_TRUE(cluster.transfer(std::nullopt, seconds(10)).ok()) << "the other one can";
}

TEST_F(NodeMembers, RefusalsSayWhy) {
  NodeCluster cluster(3, 1, 1);
  for (size_t i = 0; i < 3; ++i) cluster.start(i);
  work(cluster, 1);
  const size_t leader = *cluster.leader();
  const absl::Status stranger = cluster.add_voter(3, seconds(5));
  EXPECT_TRUE(absl::IsNotFound(stranger)) << stranger;
  const absl::Status again = cluster.add_voter(0, seconds(5));
  EXPECT_TRUE(absl::IsAlreadyExists(again)) << again;
  EXPECT_TRUE(absl::IsNotFound(cluster.remove_voter(3, std::nullopt, seconds(5))));
  absl::Status asked_follower;
  cluster.member((leader + 1) % 3)
      .node->remove_voter(ControllerId{1}, std::nullopt,
                          [&](const absl::Status& status) { asked_follower = status; });
  EXPECT_TRUE(absl::IsUnavailable(asked_follower)) << asked_follower;
  cluster.kill((leader + 1) % 3);
  cluster.run_for(seconds(3));
  const absl::Status rest = cluster.remove_voter((leader + 2) % 3, std::nullopt, seconds(5));
  EXPECT_TRUE(absl::IsFailedPrecondition(rest)) << "no majority would be left alive: " << rest;
  EXPECT_TRUE(cluster.remove_voter((leader + 1) % 3, std::nullopt, seconds(5)).ok());
}

TEST_F(NodeMembers, ANewVoterThatDoesNotGetOnIsGivenUp) {
  NodeCluster cluster(3, 1, 1);
  cluster.start_all();
  work(cluster, 5);
  ASSERT_TRUE(cluster.run_until(
      [&] {
        const auto members = cluster.member(*cluster.leader()).node->status().members;
        return members.back().kind == MemberKind::kObserver;
      },
      seconds(5)));
  cluster.kill(3);
  const absl::Status status = cluster.add_voter(3, seconds(30));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_EQ(voters(cluster), (Names{"1", "2", "3"}));
  cluster.start(3);
  EXPECT_TRUE(add(cluster, 3).ok());
}

TEST_F(NodeMembers, WhoVotesSurvivesSnapshotsAndTheirLoss) {
  NodeCluster cluster(3, 1, 1);
  for (size_t i = 0; i < 4; ++i) {
    cluster.member(i).options.snapshot_after_bytes = 6000000;
    cluster.member(i).options.snapshot_chunk_bytes = 500000;
  }
  for (size_t i = 0; i < 3; ++i) cluster.start(i);
  ASSERT_TRUE(
      cluster.remove_voter((*cluster.await_leader(seconds(5)) + 1) % 3, std::nullopt, seconds(5))
          .ok());
  const Names two = voters(cluster);
  const std::string filling(5000, '.');
  for (int i = 0; i < 4000; ++i) {
    sent_.push_back(absl::StrCat(i, filling));
    ASSERT_TRUE(cluster.propose(sent_.back(), seconds(5)).ok());
  }
  const size_t leader = *cluster.leader();
  ASSERT_GT(cluster.member(leader).node->status().first, LogIndex{100}) << "the log was cut";
  cluster.start(3);
  ASSERT_TRUE(add(cluster, 3).ok()) << cluster.standing();
  EXPECT_GE(cluster.member(3).machine->restores, 1) << "by a snapshot";
  Names three = two;
  three.push_back("4");
  EXPECT_EQ(voters(cluster), three);
  for (size_t i = 0; i < 4; ++i) cluster.cut_power(i);
  // The snapshots are gone; applied state and log are there.
  for (size_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(cluster.member(i).disk.remove_directory("/data/raft/snapshots").ok());
  }
  cluster.start_all();
  work(cluster, 3);
  EXPECT_EQ(voters(cluster), three);
}

// P16: it may have voted, and does not remember.
TEST_F(NodeMembers, P16_AVoterOfLaterWithoutItsVoteFileDoesNotComeBackAsAnObserver) {
  NodeCluster cluster(3, 1, 1);
  cluster.start_all();
  work(cluster, 5);
  ASSERT_TRUE(add(cluster, 3).ok());
  ASSERT_TRUE(cluster.await_applied(sent_.size(), seconds(5)));
  cluster.run_for(seconds(1));
  const Uuid directory = cluster.member(3).options.directory_id;
  cluster.kill(3);
  cluster.wipe(3);
  cluster.member(3).options.directory_id = directory;
  for (size_t i = 0; i < 3; ++i) cluster.kill(i);  // nobody remembers its earlier start
  cluster.start_all();
  cluster.run_for(seconds(5));
  const Status status = cluster.member(3).node->status();
  EXPECT_EQ(status.role, "unformed");
  EXPECT_NE(status.trouble.find("lost its vote file"), std::string::npos) << status.trouble;
  EXPECT_TRUE(cluster.member(3).machine->entries.empty());
}

}  // namespace
}  // namespace barnabas::raft::testing
