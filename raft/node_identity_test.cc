// Disks that are not what the others know: an older copy that was restored (F24), a second process
// on a copy of the directory (F25). Whole nodes in one simulated thread.

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <set>

#include "raft/testing/node_cluster.h"

namespace barnabas::raft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Identity : public ::testing::Test {
 protected:
  Identity() : cluster_(3) {
    cluster_.start_all();
    EXPECT_TRUE(cluster_.propose("first", seconds(2)).ok());
    EXPECT_TRUE(cluster_.await_applied(1, seconds(1)));
    cluster_.run_for(seconds(1));
    leader_ = *cluster_.leader();
    stale_ = (leader_ + 1) % 3;
    other_ = (leader_ + 2) % 3;
  }
  void commit(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(cluster_.propose(absl::StrCat("entry ", ++proposed_), seconds(5)).ok())
          << cluster_.standing();
    }
  }
  void start_with(size_t i, const storage::MemoryDisk::Image& image) {
    Member& member = cluster_.member(i);
    if (member.node != nullptr) cluster_.kill(i);
    member.disk.restore(image);
    member.machine = std::make_unique<History>();
    member.fatal = absl::OkStatus();
    cluster_.start(i);
  }
  bool refused(size_t i) {
    return cluster_.run_until([&] { return !cluster_.member(i).fatal.ok(); }, seconds(5));
  }
  void expect_reason(const absl::Status& status) {
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "older copy of the disk")) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "quorum replace")) << status;
  }

  NodeCluster cluster_;
  size_t leader_ = 0;
  size_t stale_ = 0;
  size_t other_ = 0;
  int proposed_ = 0;
};

TEST_F(Identity, F24_ADiskFromBeforeWhatItHasAcknowledgedIsRefused) {
  const auto image = cluster_.member(stale_).disk.image();
  commit(20);
  cluster_.run_for(milliseconds(500));
  start_with(stale_, image);
  ASSERT_TRUE(refused(stale_)) << cluster_.standing();
  expect_reason(cluster_.member(stale_).fatal);
  EXPECT_FALSE(cluster_.member(stale_).node->status().trouble.empty());
  commit(5);
}

TEST_F(Identity, F24_ADiskThatHasForgottenAStartIsRefused) {
  const auto image = cluster_.member(stale_).disk.image();
  for (int i = 0; i < 2; ++i) {
    cluster_.kill(stale_);
    cluster_.start(stale_);
    cluster_.run_for(seconds(1));
    ASSERT_TRUE(cluster_.member(stale_).fatal.ok());
  }
  start_with(stale_, image);
  ASSERT_TRUE(refused(stale_)) << cluster_.standing();
  expect_reason(cluster_.member(stale_).fatal);
}

// The one start that it has forgotten has the number of the present one.
TEST_F(Identity, F24_ADiskThatHasForgottenItsLastStartIsRefused) {
  cluster_.kill(stale_);
  const auto image = cluster_.member(stale_).disk.image();
  cluster_.start(stale_);
  cluster_.run_for(seconds(1));
  start_with(stale_, image);
  ASSERT_TRUE(refused(stale_)) << cluster_.standing();
  expect_reason(cluster_.member(stale_).fatal);
}

// P16: what it has promised is gone with the disk, and so must its vote be. `other` lacks what the
// leader and the stale one had committed; only the dead leader could have told about the log.
TEST_F(Identity, P16_F24_ADiskThatHasForgottenATermIsRefusedByWhoeverHasHeardOfIt) {
  const auto image = cluster_.member(stale_).disk.image();
  // Another leader, and so another term, of which everybody has heard from the stale one.
  for (int i = 0; i < 50 && cluster_.leader() != stale_; ++i) {
    const auto leader = cluster_.await_leader(seconds(5));
    ASSERT_TRUE(leader.has_value());
    if (*leader == stale_) break;
    cluster_.kill(*leader);
    ASSERT_TRUE(cluster_.await_leader(seconds(5)).has_value());
    cluster_.start((*leader));
    cluster_.run_for(milliseconds(500));
  }
  ASSERT_EQ(cluster_.leader(), std::optional<size_t>(stale_));
  cluster_.run_for(milliseconds(500));
  start_with(stale_, image);
  ASSERT_TRUE(refused(stale_)) << cluster_.standing();
  EXPECT_TRUE(absl::StrContains(cluster_.member(stale_).fatal.message(), "term"))
      << cluster_.member(stale_).fatal;
  ASSERT_TRUE(cluster_.propose("goes on", seconds(5)).ok());
}

// The committed entry lives on the leader and on the disk that goes back; the leader dies. Without
// the refusal the other two would elect one of them and lose the entry.
TEST_F(Identity, F24_WhatWasCommittedIsNotLostToADiskThatWentBack) {
  const auto image = cluster_.member(stale_).disk.image();
  cluster_.kill(other_);
  commit(10);
  cluster_.start(other_);
  cluster_.network().reachability().cut(cluster_.member(leader_).name,
                                        cluster_.member(other_).name);
  start_with(stale_, image);
  ASSERT_TRUE(refused(stale_)) << cluster_.standing();
  cluster_.kill(leader_);
  cluster_.run_for(seconds(10));
  EXPECT_FALSE(cluster_.leader().has_value()) << cluster_.standing();
  cluster_.network().reachability().heal();
  cluster_.start(leader_);
  ASSERT_TRUE(cluster_.propose("goes on", seconds(10)).ok()) << cluster_.standing();
  EXPECT_EQ(cluster_.member(*cluster_.leader()).machine->entries.size(), 12U);
}

TEST_F(Identity, F25_ASecondProcessOnACopyOfTheDirectoryIsNoticedAndTheQuorumGoesOn) {
  commit(3);
  Member twin;
  twin.name = "controller-elsewhere";
  twin.options = cluster_.member(stale_).options;
  twin.disk.restore(cluster_.member(stale_).disk.image());
  twin.loop = &cluster_.simulation().start_node(twin.name);
  twin.transport = std::make_unique<SimTransport>(cluster_.network(), twin.name);
  commit(3);  // the copy is not the newest any more
  const auto random = seeded_random(99);
  auto started =
      Node::start(twin.options, twin.disk, *twin.transport, *twin.loop, *random, *twin.machine);
  ASSERT_TRUE(started.ok()) << started.status();
  twin.node = *std::move(started);
  twin.node->on_fatal([&twin](const absl::Status& status) { twin.fatal = status; });
  Member& original = cluster_.member(stale_);
  ASSERT_TRUE(
      cluster_.run_until([&] { return !twin.fatal.ok() || !original.fatal.ok(); }, seconds(5)))
      << cluster_.standing();
  // The copy counts one start more, so it is the original that is told; and the copy, as soon as
  // anybody can reach it. At no time do both take part.
  expect_reason(original.fatal.ok() ? twin.fatal : original.fatal);
  cluster_.run_for(seconds(3));
  EXPECT_FALSE(original.fatal.ok() && twin.fatal.ok());
  EXPECT_FALSE(twin.node->is_leading());
  commit(5);
  twin.node.reset();
}

// Whatever a sound disk may go through, it is never taken for another one.
TEST(IdentityProperty, ASoundDiskIsNeverRefused) {
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    NodeCluster cluster(3, seed);
    for (size_t i = 0; i < 3; ++i) cluster.member(i).options.snapshot_after_bytes = 20000;
    cluster.start_all();
    std::set<size_t> down;
    for (int step = 0; step < 40; ++step) {
      const auto leader = cluster.leader();
      if (leader.has_value()) {
        for (int i = 0; i < 10; ++i) {
          cluster.member(*leader).node->propose(std::string(cluster.random().below(2000) + 1, 'x'),
                                                [](const absl::StatusOr<LogIndex>&) {});
        }
      }
      cluster.run_for(Duration{cluster.random().below(120000)});
      const size_t one = cluster.random().below(3);
      const uint64_t what = cluster.random().below(5);
      if (down.contains(one)) {
        cluster.start(one);
        down.erase(one);
      } else if (what < 2) {
        what == 0 ? cluster.kill(one) : cluster.cut_power(one);
        down.insert(one);
      } else if (what == 2) {
        cluster.network().reachability().isolate(cluster.member(one).name);
      } else if (what == 3) {
        cluster.network().reachability().heal();
      }
      for (size_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(cluster.member(i).start_status.ok())
            << "seed " << seed << ": " << cluster.member(i).start_status;
        ASSERT_TRUE(cluster.member(i).fatal.ok())
            << "seed " << seed << " step " << step << ": " << cluster.member(i).fatal;
      }
    }
    cluster.network().reachability().heal();
    for (const size_t i : down) cluster.start(i);
    bool done = false;
    for (int attempt = 0; attempt < 10 && !done; ++attempt) {
      done = cluster.propose("last", seconds(20)).ok();  // the first may meet a deposed leader
    }
    ASSERT_TRUE(done) << "seed " << seed << cluster.standing();
    cluster.run_for(seconds(2));
    for (size_t i = 0; i < 3; ++i) {
      ASSERT_TRUE(cluster.member(i).fatal.ok())
          << "seed " << seed << ": " << cluster.member(i).fatal;
    }
  }
}

// The third one, which would tell them, comes back later.
TEST(Formation, S5_TwoWipedVotersFoundNothingWhileTheThirdIsAway) {
  NodeCluster cluster(3);
  cluster.start_all();
  ASSERT_TRUE(cluster.propose("kept", seconds(2)).ok());
  ASSERT_TRUE(cluster.await_applied(1, seconds(1)));
  for (size_t i = 0; i < 3; ++i) cluster.kill(i);
  for (const size_t i : {0, 1}) {
    cluster.wipe(i);
    cluster.start(i);
  }
  cluster.run_for(seconds(20));
  EXPECT_FALSE(cluster.leader().has_value()) << cluster.standing();
  for (const size_t i : {0, 1}) EXPECT_EQ(cluster.member(i).node->status().cluster_id, "");
}

}  // namespace
}  // namespace barnabas::raft::testing
