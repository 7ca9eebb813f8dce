#include "metadata/partition_list.h"

#include <gtest/gtest.h>

#include "common/random.h"

namespace barnabas::metadata {
namespace {

PartitionImage led_by(int32_t broker) {
  PartitionImage partition;
  partition.replicas = {BrokerId{broker}};
  partition.leader = BrokerId{broker};
  return partition;
}

PartitionList numbered(int32_t count) {
  PartitionList list;
  for (int32_t i = 0; i < count; ++i) list.push_back(led_by(i));
  return list;
}

TEST(PartitionList, HoldsPartitionsInOrderAcrossBlocks) {
  const PartitionList list = numbered(100);
  ASSERT_EQ(list.size(), 100u);
  EXPECT_FALSE(list.empty());
  EXPECT_TRUE(PartitionList().empty());
  EXPECT_EQ(PartitionList().size(), 0u);
  int32_t next = 0;
  for (const PartitionImage& partition : list) EXPECT_EQ(partition.leader, BrokerId{next++});
  EXPECT_EQ(next, 100);
  EXPECT_EQ(list.front().leader, BrokerId{0});
  EXPECT_EQ(list.back().leader, BrokerId{99});
}

TEST(PartitionList, AChangeOfACopyLeavesTheOtherAsItWas) {
  PartitionList first = numbered(70);
  PartitionList second = first;
  EXPECT_EQ(first, second);
  second.change(40).leader = BrokerId{1000};
  first.push_back(led_by(70));
  EXPECT_EQ(first[40].leader, BrokerId{40});
  EXPECT_EQ(second[40].leader, BrokerId{1000});
  EXPECT_EQ(first.size(), 71u);
  EXPECT_EQ(second.size(), 70u);
  EXPECT_NE(first, second);
}

// Against a plain vector, with copies that come and go.
TEST(PartitionList, IsWhatAVectorWouldBe) {
  const auto random = seeded_random(3);
  std::vector<PartitionList> lists(4);
  std::vector<std::vector<PartitionImage>> twins(4);
  for (int step = 0; step < 5000; ++step) {
    const size_t at = random->below(4);
    PartitionList& list = lists[at];
    std::vector<PartitionImage>& twin = twins[at];
    const uint64_t what = random->below(20);
    if (what == 0) {
      const size_t from = random->below(4);
      list = PartitionList(lists[from]);
      twin = std::vector<PartitionImage>(twins[from]);
    } else if (what < 8) {
      list.push_back(led_by(step));
      twin.push_back(led_by(step));
    } else if (!twin.empty()) {
      const size_t which = random->below(twin.size());
      list.change(which).leader = BrokerId{step};
      twin[which].leader = BrokerId{step};
    }
    ASSERT_EQ(list.size(), twin.size());
  }
  for (size_t at = 0; at < 4; ++at) {
    EXPECT_GT(twins[at].size(), 100u);
    EXPECT_TRUE(std::equal(twins[at].begin(), twins[at].end(), lists[at].begin()));
  }
}

}  // namespace
}  // namespace barnabas::metadata
