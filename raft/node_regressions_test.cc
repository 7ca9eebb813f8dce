// Schedules that have hurt other systems, played with whole nodes (docs/faults-and-invariants.md).

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <set>

#include "raft/testing/node_cluster.h"

namespace barnabas::raft::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void cut(NodeCluster& cluster, size_t a, size_t b) {
  cluster.network().reachability().cut(cluster.member(a).name, cluster.member(b).name);
}

// Commits `count` entries, and says how many terms that took.
int terms_spent(NodeCluster& cluster, int count) {
  Term highest;
  const auto highest_term = [&] {
    for (size_t i = 0; i < cluster.size(); ++i) {
      if (cluster.member(i).node != nullptr) {
        highest = std::max(highest, cluster.member(i).node->term());
      }
    }
    return highest;
  };
  const Term before = highest_term();
  for (int i = 0; i < count; ++i) {
    if (!cluster.propose(absl::StrCat("entry ", i), seconds(20)).ok()) return 1000000;
    cluster.run_for(milliseconds(50));
  }
  return highest_term().value() - before.value();
}

// A-B and B-C, not A-C: everybody reaches a majority, and nobody may unseat whoever leads.
TEST(NodeRegressions, P4_AChainOfThreeKeepsALeader) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    NodeCluster cluster(3, seed);
    cluster.start_all();
    ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
    const size_t leader = *cluster.leader();
    cut(cluster, leader, (leader + 1) % 3);  // the leader is an end of the chain
    const int spent = terms_spent(cluster, 100);
    EXPECT_LE(spent, 2) << "seed " << seed << cluster.standing();
  }
}

// One reaches everybody, the others only that one: it alone can lead, and must come to.
TEST(NodeRegressions, P4_OfAStarOfFiveTheMiddleLeads) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    NodeCluster cluster(5, seed);
    cluster.start_all();
    ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
    const size_t middle = (*cluster.leader() + 1) % 5;
    for (size_t a = 0; a < 5; ++a) {
      for (size_t b = a + 1; b < 5; ++b) {
        if (a != middle && b != middle) cut(cluster, a, b);
      }
    }
    ASSERT_TRUE(cluster.run_until([&] { return cluster.leader() == middle; }, seconds(20)))
        << "seed " << seed << cluster.standing();
    EXPECT_LE(terms_spent(cluster, 50), 1) << "seed " << seed << cluster.standing();
  }
}

// Leaders that die one after the other, with entries on their way: what was acknowledged stays, in
// order, and nobody is asked to drop what is committed (that is a failed CHECK).
TEST(NodeRegressions, P21_FastSuccessiveFailOversTakeNothingBack) {
  for (uint64_t seed = 1; seed <= 15; ++seed) {
    NodeCluster cluster(3, seed);
    cluster.start_all();
    std::vector<std::string> acknowledged;
    std::optional<size_t> down;
    for (int round = 0; round < 12; ++round) {
      ASSERT_TRUE(cluster.await_leader(seconds(10)).has_value()) << cluster.standing();
      const size_t leader = *cluster.leader();
      for (int i = 0; i < 20; ++i) {
        const std::string payload = absl::StrCat(round, " ", i);
        cluster.member(leader).node->propose(
            payload, [&acknowledged, payload](const absl::StatusOr<LogIndex>& index) {
              if (index.ok()) acknowledged.push_back(payload);
            });
      }
      cluster.run_for(Duration{cluster.random().below(3000)});
      if (down.has_value()) cluster.start(*down);
      cluster.kill(leader);
      down = leader;
    }
    cluster.start(*down);
    ASSERT_TRUE(cluster.propose("last", seconds(10)).ok());
    const std::vector<std::string>& kept = cluster.member(*cluster.leader()).machine->entries;
    auto at = kept.begin();
    for (const std::string& payload : acknowledged) {
      at = std::find(at, kept.end(), payload);
      ASSERT_NE(at, kept.end()) << payload << " is lost or out of order, seed " << seed;
    }
    EXPECT_EQ(std::set<std::string>(kept.begin(), kept.end()).size(), kept.size());
    EXPECT_GT(acknowledged.size(), 20U);
    const std::vector<std::string> expected = kept;
    ASSERT_TRUE(cluster.await_applied(expected.size(), seconds(5)));
    for (size_t i = 0; i < 3; ++i) EXPECT_EQ(cluster.member(i).machine->entries, expected);
  }
}

// A deposed leader comes back with a long tail of its own, while the others have gone far ahead.
TEST(NodeRegressions, P23_ALongConflictingTailIsReplacedInBoundedTime) {
  NodeCluster cluster(3);
  cluster.start_all();
  ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
  ASSERT_TRUE(cluster.await_applied(1, seconds(1)));
  const size_t old = *cluster.leader();
  cluster.network().reachability().isolate(cluster.member(old).name);
  for (int i = 0; i < 800; ++i) {
    cluster.member(old).node->propose(absl::StrCat("never committed ", i),
                                      [](const absl::StatusOr<LogIndex>&) {});
  }
  ASSERT_TRUE(cluster.run_until(
      [&] { return cluster.leader().has_value() && *cluster.leader() != old; }, seconds(10)));
  for (int i = 0; i < 900; ++i) {
    ASSERT_TRUE(cluster.propose(absl::StrCat("committed ", i), seconds(2)).ok());
  }
  EXPECT_GT(cluster.member(old).node->last_index(), LogIndex{700});
  cluster.network().reachability().rejoin(cluster.member(old).name);
  EXPECT_TRUE(cluster.await_applied(901, seconds(3))) << cluster.standing();
  EXPECT_EQ(cluster.member(old).machine->entries,
            cluster.member(*cluster.leader()).machine->entries);
}

// Two who want to lead, of whom one lacks entries: it must neither win nor keep the other from it.
TEST(NodeRegressions, P23_ACandidateThatLagsDoesNotKeepTheOtherWaiting) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    NodeCluster cluster(3, seed);
    cluster.start_all();
    ASSERT_TRUE(cluster.propose("x", seconds(2)).ok());
    const size_t leader = *cluster.leader();
    const size_t lags = (leader + 1) % 3;
    cluster.network().reachability().isolate(cluster.member(lags).name);
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(cluster.propose(absl::StrCat("entry ", i), seconds(2)).ok());
    }
    cluster.kill(leader);
    cluster.network().reachability().rejoin(cluster.member(lags).name);
    ASSERT_TRUE(cluster.await_leader(seconds(6)).has_value()) << seed << cluster.standing();
    EXPECT_NE(*cluster.leader(), lags);
    ASSERT_TRUE(cluster.propose("goes on", seconds(2)).ok());
  }
}

}  // namespace
}  // namespace barnabas::raft::testing
