// The same node as in the simulator, over the real transport and the real disk, on loopback.

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include "raft/testing/grpc_cluster.h"

namespace barnabas::raft::testing {
namespace {

using std::chrono::seconds;

TEST(NodeOverGrpc, FormsACommitsAThousandEntriesAndGoesOnWithoutItsLeader) {
  const auto began = std::chrono::steady_clock::now();
  GrpcCluster cluster;
  ASSERT_TRUE(cluster.await([&] { return cluster.leader().has_value(); }, seconds(10)));
  const auto formed = std::chrono::steady_clock::now();
  EXPECT_EQ(cluster.propose(1000), 1000);
  const auto committed = std::chrono::steady_clock::now();
  cluster.kill(*cluster.leader());
  const auto killed = std::chrono::steady_clock::now();
  ASSERT_TRUE(cluster.await([&] { return cluster.leader().has_value(); }, seconds(10)));
  const auto elected = std::chrono::steady_clock::now();
  EXPECT_EQ(cluster.propose(1000), 1000);
  for (size_t i = 0; i < 3; ++i) {
    if (!cluster.running(i)) continue;
    EXPECT_TRUE(cluster.await(
        [&] {
          return cluster.process(i).on_loop(
              [&] { return cluster.process(i).machine.entries.size() == 2000U; });
        },
        seconds(10)));
  }
  const auto ms = [](auto from, auto to) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
  };
  std::cout << "formed and led after " << ms(began, formed) << " ms, 1000 entries in "
            << ms(formed, committed) << " ms, next leader after " << ms(killed, elected) << " ms\n";
}

// On a busy machine a thread may not run, or a disk not answer, for seconds: that is no election.
void be_patient(Options& options) {
  options.election_timeout_min = seconds(8);
  options.election_timeout_max = seconds(10);
}

// A snapshot of a hundred pieces streams to a follower while everybody is at work: heartbeats do
// not wait behind it, so that nobody calls an election, and decisions go on being committed.
TEST(NodeOverGrpc, P33_HeartbeatsDoNotWaitBehindASnapshot) {
  GrpcCluster cluster([](Options& options) {
    options.snapshot_after_bytes = uint64_t{4} << 20;
    options.snapshot_chunk_bytes = size_t{256} << 10;
    be_patient(options);
  });
  ASSERT_TRUE(cluster.await([&] { return cluster.leader().has_value(); }, seconds(60)));
  const size_t leader = *cluster.leader();
  const size_t away = (leader + 1) % 3;
  cluster.pause(away);
  // Behind more entries than the log keeps for followers that are only a little late.
  size_t proposed = 0;
  while (proposed < 12000 && cluster.status(leader).first < LogIndex{500}) {
    proposed += static_cast<size_t>(cluster.propose(300, std::string(10 << 10, 'x')));
  }
  ASSERT_TRUE(
      cluster.await([&] { return cluster.status(leader).first > LogIndex{500}; }, seconds(60)))
      << cluster.status(leader).first;
  const Term term = cluster.status(leader).term;
  cluster.resume(away);
  size_t during = 0;
  ASSERT_TRUE(cluster.await(
      [&] {
        during += static_cast<size_t>(cluster.propose(5));
        return cluster.applied(away) >= proposed;
      },
      seconds(60)));
  EXPECT_GT(during, 0U);
  EXPECT_GE(cluster.process(away).machine.restores, 1);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(cluster.status(i).term, term) << "an election";
  EXPECT_EQ(cluster.leader(), std::optional<size_t>(leader));
}

// Whatever may be proposed can be sent; what cannot be sent is refused, not tried for ever.
TEST(NodeOverGrpc, P34_EntriesUpToTheLimitArriveAndLargerOnesAreRefused) {
  GrpcCluster cluster(be_patient);
  ASSERT_TRUE(cluster.await([&] { return cluster.leader().has_value(); }, seconds(60)));
  const size_t leader = *cluster.leader();
  const size_t limit = cluster.process(leader).options.max_entry_bytes;
  const size_t name = std::string("entry 1").size();
  EXPECT_EQ(cluster.propose(1, std::string(limit - name, 'l')), 1);
  EXPECT_EQ(cluster.propose(6, std::string(limit / 3, 't')), 6);
  EXPECT_EQ(cluster.propose(1, std::string(limit, 'x')), 0);
  EXPECT_EQ(cluster.propose(1), 1);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(cluster.await([&] { return cluster.applied(i) == 8; }, seconds(60)))
        << cluster.applied(i);
  }
}

}  // namespace
}  // namespace barnabas::raft::testing
