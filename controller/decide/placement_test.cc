#include "controller/decide/placement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace barnabas::controller {
namespace {

std::vector<PlacementBroker> some(int count, int racks) {
  std::vector<PlacementBroker> out;
  for (int i = 0; i < count; ++i) {
    out.push_back({BrokerId{i + 1}, racks == 0 ? "" : "rack" + std::to_string(i % racks), true});
  }
  return out;
}

TEST(Placement, HasOneReplicaPerBrokerAndTheNumberThatWasAskedFor) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const auto random = seeded_random(seed);
    const int count = 1 + static_cast<int>(random->below(7));
    const int factor = 1 + static_cast<int>(random->below(static_cast<uint64_t>(count)));
    const int racks = static_cast<int>(random->below(4));
    const auto placed = place(some(count, racks), 20, factor, *random);
    ASSERT_EQ(placed.size(), 20u);
    for (const auto& replicas : placed) {
      EXPECT_EQ(replicas.size(), static_cast<size_t>(factor));
      EXPECT_EQ(std::set<BrokerId>(replicas.begin(), replicas.end()).size(), replicas.size());
    }
  }
}

TEST(Placement, SpreadsLeadersAndReplicasEvenly) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const auto random = seeded_random(seed);
    std::map<BrokerId, int> leaders, replicas;
    for (const auto& partition : place(some(6, 3), 60, 3, *random)) {
      ++leaders[partition.front()];
      for (BrokerId broker : partition) ++replicas[broker];
    }
    for (int broker = 1; broker <= 6; ++broker) {
      EXPECT_EQ(leaders[BrokerId{broker}], 10);
      EXPECT_NEAR(replicas[BrokerId{broker}], 30, 6) << seed;
    }
  }
}

TEST(Placement, UsesEveryRackBeforeOneTwice) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const auto random = seeded_random(seed);
    const int factor = 2 + static_cast<int>(random->below(4));
    for (const auto& partition : place(some(6, 3), 12, factor, *random)) {
      std::set<int> racks;
      for (BrokerId broker : partition) racks.insert((broker.value() - 1) % 3);
      EXPECT_EQ(racks.size(), static_cast<size_t>(std::min(factor, 3)));
    }
  }
}

TEST(Placement, UsesEveryRackBeforeOneTwiceAlsoWhenRacksDiffer) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const auto random = seeded_random(seed);
    std::vector<PlacementBroker> brokers = some(5, 0);
    for (int i = 0; i < 5; ++i) brokers[static_cast<size_t>(i)].rack = i < 3 ? "big" : "small";
    for (const auto& partition : place(brokers, 12, 2, *random)) {
      EXPECT_NE(partition[0].value() <= 3, partition[1].value() <= 3);
    }
  }
}

TEST(Placement, WhenALeaderDiesItsPartitionsFallOnAllOthers) {
  const auto random = seeded_random(3);
  std::set<BrokerId> heirs;
  for (const auto& partition : place(some(5, 0), 100, 3, *random)) {
    if (partition[0] == BrokerId{1}) heirs.insert(partition[1]);
  }
  EXPECT_EQ(heirs.size(), 4u);
}

TEST(Placement, FencedBrokersAreUsedOnlyWhereTheLiveAreTooFewAndNeverLead) {
  const auto random = seeded_random(4);
  std::vector<PlacementBroker> brokers = some(4, 0);
  brokers[0].live = false;
  for (const auto& partition : place(brokers, 12, 3, *random)) {
    EXPECT_EQ(std::count(partition.begin(), partition.end(), BrokerId{1}), 0);
  }
  for (const auto& partition : place(brokers, 12, 4, *random)) {
    EXPECT_EQ(partition.back(), BrokerId{1});
  }
}

TEST(Placement, EveryPartitionHasALiveReplicaAsLongAsOneBrokerIsLive) {
  const auto random = seeded_random(5);
  for (int size = 1; size <= 6; ++size) {
    for (uint32_t live = 1; live < (1U << size); ++live) {
      for (int factor = 1; factor <= size; ++factor) {
        std::vector<PlacementBroker> brokers;
        for (int i = 0; i < size; ++i) brokers.push_back({BrokerId{i}, "", (live >> i & 1) != 0});
        for (const std::vector<BrokerId>& replicas : place(brokers, 2 * size, factor, *random)) {
          ASSERT_EQ(replicas.size(), static_cast<size_t>(factor));
          EXPECT_EQ(std::set<BrokerId>(replicas.begin(), replicas.end()).size(), replicas.size());
          EXPECT_TRUE(live >> replicas.front().value() & 1)
              << size << " brokers, live " << live << ", factor " << factor;
        }
      }
    }
  }
}

TEST(Placement, OfLaterPartitionsGoesOnWhereItStopped) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const auto random = seeded_random(seed);
    const int count = 2 + static_cast<int>(random->below(6));
    const int factor = 1 + static_cast<int>(random->below(static_cast<uint64_t>(count)));
    const auto whole = place(some(count, 0), 30, factor, *random);
    if (factor == 1) continue;  // who would have followed is not known
    const auto present = static_cast<ptrdiff_t>(1 + random->below(29));
    const std::vector<std::vector<BrokerId>> before(whole.begin(), whole.begin() + present);
    const auto more = place_more(some(count, 0), before, 30 - static_cast<int>(present), *random);
    EXPECT_TRUE(std::equal(more.begin(), more.end(), whole.begin() + present)) << seed;
  }
}

TEST(Placement, OfLaterPartitionsKeepsToRacksAndLeadersInTurnWithOtherBrokersToo) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const auto random = seeded_random(seed);
    const auto before = place(some(3, 3), 5, 3, *random);
    std::map<BrokerId, int> leaders;
    for (const auto& partition : place_more(some(6, 3), before, 12, *random)) {
      std::set<int> racks;
      for (BrokerId broker : partition) racks.insert((broker.value() - 1) % 3);
      EXPECT_EQ(racks.size(), 3u);
      ++leaders[partition.front()];
    }
    for (int broker = 1; broker <= 6; ++broker) EXPECT_EQ(leaders[BrokerId{broker}], 2);
  }
}

}  // namespace
}  // namespace barnabas::controller
