// What a whole node does when its disk fails it, case by case of the error policy
// (storage/error_policy.h): it never says what its disk may not hold, and it says why.

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <set>

#include "raft/testing/node_cluster.h"

namespace barnabas::raft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kLog[] = "/data/raft/log/00000000000000000001.log";
constexpr char kVote[] = "/data/raft/vote";

class NodeStorageTest : public ::testing::Test {
 protected:
  NodeStorageTest() : cluster_(3) {}

  void set_up() {
    cluster_.start_all();
    ASSERT_TRUE(cluster_.propose("first", seconds(2)).ok());
    ASSERT_TRUE(cluster_.await_applied(1, seconds(1)));
    cluster_.run_for(seconds(1));
    leader_ = *cluster_.leader();
    one_ = (leader_ + 1) % 3;
    other_ = (leader_ + 2) % 3;
  }
  Member& member(size_t i) { return cluster_.member(i); }
  storage::MemoryDisk& disk(size_t i) { return member(i).disk; }
  void commit(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(cluster_.propose(absl::StrCat("entry ", ++proposed_), seconds(5)).ok())
          << cluster_.standing();
    }
  }
  bool await_same(size_t i, Duration limit) {
    return cluster_.run_until(
        [&, i] {
          const auto leader = cluster_.leader();
          return leader.has_value() &&
                 member(i).machine->entries == member(*leader).machine->entries;
        },
        limit);
  }
  void expect_refused(size_t i, const std::string& file, const std::string& advice) {
    const absl::Status& status = member(i).start_status;
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), file)) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), advice)) << status;
    EXPECT_EQ(member(i).node, nullptr);
  }

  NodeCluster cluster_;
  size_t leader_ = 0;
  size_t one_ = 0;
  size_t other_ = 0;
  int proposed_ = 0;
};

TEST_F(NodeStorageTest, P13_F30_AFollowerWhoseSyncFailsAcknowledgesNothingAndEnds) {
  set_up();
  cluster_.kill(other_);  // so that its word is needed
  disk(one_).fail_syncs(1);
  const auto lost = cluster_.propose("needs it", seconds(3));
  EXPECT_FALSE(lost.ok());
  EXPECT_TRUE(absl::IsInternal(member(one_).fatal)) << member(one_).fatal;
  // The next sync would succeed: the process must not try.
  cluster_.run_for(seconds(5));
  EXPECT_EQ(member(one_).machine->entries.size(), 1U);
  EXPECT_FALSE(member(one_).node->status().trouble.empty());
  // A new process asks the disk what it holds.
  cluster_.kill(one_);
  member(one_).fatal = absl::OkStatus();
  cluster_.start(one_);
  ASSERT_TRUE(member(one_).start_status.ok()) << member(one_).start_status;
  cluster_.start(other_);
  commit(3);
  EXPECT_TRUE(await_same(other_, seconds(5)));
  EXPECT_TRUE(await_same(one_, seconds(5)));
}

TEST_F(NodeStorageTest, P13_F30_AVoteThatCouldNotBeSyncedIsNotGiven) {
  set_up();
  cluster_.kill(leader_);
  disk(one_).fail_syncs(-1);
  disk(other_).fail_syncs(0);
  cluster_.run_for(seconds(10));
  EXPECT_FALSE(cluster_.leader().has_value()) << cluster_.standing();
  EXPECT_FALSE(member(one_).fatal.ok());
}

TEST_F(NodeStorageTest, F32_AFollowerWithAWriteErrorOnItsVoteFileEndsAndVotesForNobody) {
  set_up();
  cluster_.kill(leader_);
  disk(one_).fail_writes(kVote);
  cluster_.run_for(seconds(10));
  EXPECT_FALSE(cluster_.leader().has_value()) << cluster_.standing();
  EXPECT_TRUE(absl::IsInternal(member(one_).fatal)) << member(one_).fatal;
}

// F33: a vote that finds no room is not given, and nothing is forgotten over it.
TEST_F(NodeStorageTest, F33_AFullDiskWhileVotingIsWaitedForAndTermAndVoteAreKept) {
  set_up();
  const Status before = member(one_).node->status();
  disk(one_).set_capacity(1);
  commit(2);  // with the other one; this one finds no room
  ASSERT_TRUE(cluster_.run_until(
      [&] { return absl::StrContains(member(one_).node->status().trouble, "space"); }, seconds(5)))
      << cluster_.standing();
  cluster_.kill(leader_);
  cluster_.run_for(seconds(5));
  EXPECT_FALSE(cluster_.leader().has_value()) << "one of three cannot lead";
  EXPECT_TRUE(member(one_).fatal.ok());
  const Status now = member(one_).node->status();
  EXPECT_TRUE(now.term > before.term || (now.term == before.term && now.vote == before.vote));
  disk(one_).set_capacity(uint64_t{1} << 40);
  ASSERT_TRUE(cluster_.await_leader(seconds(10)).has_value()) << cluster_.standing();
  cluster_.start(leader_);
  commit(2);
  EXPECT_TRUE(await_same(one_, seconds(5)));
  EXPECT_TRUE(member(one_).fatal.ok());
}

TEST_F(NodeStorageTest, F34_P18_ADamagedEntryInTheMiddleIsRefusedWithItsFileAndWhatToDo) {
  set_up();
  commit(20);
  cluster_.run_for(seconds(1));
  cluster_.kill(one_);
  disk(one_).flip_bit(kLog, 700, 2);
  cluster_.start(one_);
  expect_refused(one_, "/data/raft/log", "add it to the quorum as a new voter");
  EXPECT_TRUE(absl::StrContains(member(one_).start_status.message(), "does not vote"));
  commit(3);  // the others are a quorum
}

TEST_F(NodeStorageTest, F38_P18_AZeroedTailThatWasPromisedIsRefused) {
  set_up();
  commit(20);
  cluster_.run_for(seconds(1));
  cluster_.kill(one_);
  disk(one_).zero_tail(kLog, 150);
  cluster_.start(one_);
  expect_refused(one_, "/data/raft/log", "new voter");
}

// The newest slot holds the last vote: with the older one the node may vote twice.
TEST_F(NodeStorageTest, S6_OneDamagedVoteSlotMakesVotesConditionalUntilTheNodeIsWhole) {
  set_up();
  cluster_.kill(one_);
  disk(one_).flip_bit(kVote, 60, 1);
  cluster_.kill(leader_);
  cluster_.start(one_);
  ASSERT_TRUE(member(one_).start_status.ok()) << member(one_).start_status;
  EXPECT_TRUE(absl::StrContains(member(one_).node->status().trouble, "votes only"))
      << member(one_).node->status().trouble;
  cluster_.run_for(seconds(10));
  EXPECT_FALSE(cluster_.leader().has_value()) << "two of three are not all";
  cluster_.start(leader_);
  commit(2);
  EXPECT_TRUE(await_same(one_, seconds(5)));
  cluster_.run_for(seconds(1));
  EXPECT_EQ(member(one_).node->status().trouble, "");
}

TEST_F(NodeStorageTest, P16_TwoDamagedVoteSlotsAreRefusedWithTheReason) {
  set_up();
  cluster_.kill(one_);
  disk(one_).flip_bit(kVote, 60, 1);
  disk(one_).flip_bit(kVote, 4096 + 60, 1);
  cluster_.start(one_);
  expect_refused(one_, kVote, "add it as a new voter");
  commit(2);
}

TEST_F(NodeStorageTest, P16_AMissingVoteFileBesideALogIsRefused) {
  set_up();
  cluster_.kill(one_);
  ASSERT_TRUE(disk(one_).unlink(kVote).ok());
  cluster_.start(one_);
  expect_refused(one_, kVote, "new voter");
}

// Nothing was promised on the applied state: it is made anew, from the log alone or from snapshot
// and log, and the machine is given every entry once.
TEST_F(NodeStorageTest, S4_P17_ALostAppliedStateIsRebuiltFromTheLog) {
  set_up();
  commit(30);
  cluster_.kill(one_);
  member(one_).machine = std::make_unique<History>();
  cluster_.start(one_);
  ASSERT_TRUE(member(one_).start_status.ok()) << member(one_).start_status;
  EXPECT_TRUE(await_same(one_, seconds(5)));
}

class NodeSnapshotTest : public NodeStorageTest {
 protected:
  NodeSnapshotTest() {
    for (size_t i = 0; i < 3; ++i) {
      member(i).options.snapshot_after_bytes = 100000;
      member(i).options.snapshot_chunk_bytes = 10000;
    }
  }
  // Many entries that `away` does not hear of, so that it needs a snapshot. With large ones the log
  // drops its beginning from the disk, too.
  void leave_behind(size_t away, size_t entry_bytes = 90) {
    cluster_.kill(away);
    for (int i = 0; i < 2400; ++i) {
      ASSERT_TRUE(cluster_
                      .propose(absl::StrCat("entry ", ++proposed_, std::string(entry_bytes, '.')),
                               seconds(2))
                      .ok());
    }
    cluster_.run_for(milliseconds(500));
    ASSERT_GT(member(leader_).node->status().first, LogIndex{500}) << cluster_.standing();
  }
  static constexpr size_t kLarge = 9000;
  void set_up_large() {
    for (size_t i = 0; i < 3; ++i) {
      member(i).options.snapshot_after_bytes = 3000000;
      member(i).options.snapshot_chunk_bytes = 500000;
    }
    set_up();
    leave_behind(other_, kLarge);
    ASSERT_GT(disk(one_).list("/data/raft/log")->size(), 0U);
    ASSERT_FALSE(disk(one_).exists(kLog)) << "the beginning of the log is still there";
  }
  std::string newest_snapshot(size_t i) {
    std::string newest;
    const auto names = disk(i).list("/data/raft/snapshots");
    for (const std::string& name : *names) {
      if (name.ends_with(".snapshot")) newest = "/data/raft/snapshots/" + name;
    }
    return newest;
  }
};

TEST_F(NodeSnapshotTest, S4_ALostAppliedStateIsRebuiltFromSnapshotAndLog) {
  set_up_large();
  cluster_.kill(one_);
  member(one_).machine = std::make_unique<History>();
  cluster_.start(one_);
  ASSERT_TRUE(member(one_).start_status.ok()) << member(one_).start_status;
  EXPECT_EQ(member(one_).machine->restores, 1) << cluster_.standing();
  EXPECT_TRUE(await_same(one_, seconds(5)));
}

TEST_F(NodeSnapshotTest, F41_ADamagedSnapshotBesideASoundStateIsPutAsideAndMadeAnew) {
  set_up();
  leave_behind(other_);
  cluster_.kill(one_);
  disk(one_).flip_bit(newest_snapshot(one_), 20, 1);  // its header
  cluster_.start(one_);
  ASSERT_TRUE(member(one_).start_status.ok()) << member(one_).start_status;
  commit(5);
  EXPECT_TRUE(await_same(one_, seconds(5)));
}

// The one that would be sent is rotten: it would be fetched, refused and fetched again for ever.
TEST_F(NodeSnapshotTest, F41_ALeaderWhoseSnapshotHasRottenMakesAnotherOne) {
  set_up();
  leave_behind(other_);
  const std::string rotten = newest_snapshot(leader_);
  disk(leader_).flip_bit(rotten, 5000, 3);
  cluster_.start(other_);
  ASSERT_TRUE(await_same(other_, seconds(20))) << cluster_.standing();
  EXPECT_TRUE(disk(leader_).exists(rotten + ".damaged"));
  EXPECT_EQ(cluster_.leader(), std::optional<size_t>(leader_));
}

TEST_F(NodeSnapshotTest, F41_WithoutAppliedStateAndSnapshotTheNodeSaysWhatIsMissing) {
  set_up_large();
  cluster_.kill(one_);
  member(one_).machine = std::make_unique<History>();
  const auto names = disk(one_).list("/data/raft/snapshots");
  for (const std::string& name : *names) {
    ASSERT_TRUE(disk(one_).unlink("/data/raft/snapshots/" + name).ok());
  }
  cluster_.start(one_);
  expect_refused(one_, "no sound snapshot", "new voter");
}

// The power goes off at every change that the follower makes while a snapshot arrives and is
// switched to. It always starts again, and is always brought up to date.
TEST(NodeSnapshotSwitch, P22_APowerCutAtEachStepIsRecoveredFrom) {
  int cuts = 0;
  for (uint64_t steps = 1; steps < 64; steps += 2) {
    SCOPED_TRACE(absl::StrCat("after ", steps, " changes"));
    NodeCluster cluster(3, steps);
    for (size_t i = 0; i < 3; ++i) {
      cluster.member(i).options.snapshot_after_bytes = 40000;
      cluster.member(i).options.snapshot_chunk_bytes = 8000;
    }
    cluster.start_all();
    ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
    const size_t away = (*cluster.leader() + 1) % 3;
    Member& member = cluster.member(away);
    cluster.kill(away);
    for (int i = 0; i < 1300; ++i) {
      ASSERT_TRUE(cluster.propose(absl::StrCat("entry ", i), seconds(2)).ok());
    }
    cluster.run_for(milliseconds(300));
    ASSERT_GT(cluster.member(*cluster.leader()).node->status().first, LogIndex{10});
    member.disk.power_off_after(steps);
    cluster.start(away);
    cluster.run_for(milliseconds(400));
    const bool hit = member.node == nullptr || !member.fatal.ok();
    cuts += hit ? 1 : 0;
    cluster.cut_power(away);
    member.fatal = absl::OkStatus();
    cluster.start(away);
    ASSERT_TRUE(member.start_status.ok()) << member.start_status;
    ASSERT_TRUE(cluster.await_applied(1301, seconds(20))) << cluster.standing();
    ASSERT_TRUE(member.fatal.ok()) << member.fatal;
    EXPECT_EQ(member.machine->entries, cluster.member(*cluster.leader()).machine->entries);
    EXPECT_GE(member.machine->restores, 1);
  }
  EXPECT_GT(cuts, 5);
}

}  // namespace
}  // namespace barnabas::raft::testing
