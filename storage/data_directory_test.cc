#include "storage/data_directory.h"

#include <gtest/gtest.h>

#include "common/random.h"
#include "storage/checkpoint_text.h"
#include "storage/memory_disk.h"

namespace barnabas::storage {
namespace {

class DataDirectories : public testing::Test {
 protected:
  std::unique_ptr<DataDirectory> open(int32_t node = 1) {
    auto opened = DataDirectory::open(disk_, "/data", node, *random_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  MemoryDisk disk_;
  std::unique_ptr<Random> random_ = seeded_random(7);
};

TEST_F(DataDirectories, AFreshOneGetsAnIdentityThatStays) {
  Uuid id;
  {
    const auto directory = open();
    id = directory->identity().directory_id;
    EXPECT_FALSE(id.is_none());
    EXPECT_EQ(directory->identity().cluster_id, "");
    EXPECT_EQ(directory->last_broker_epoch(), kNoBrokerEpoch);
    EXPECT_FALSE(directory->was_clean());
  }
  disk_.crash(*random_);
  EXPECT_EQ(open()->identity().directory_id, id);
}

TEST_F(DataDirectories, AForeignClusterIsRefusedWithBothIds) {
  const auto directory = open();
  ASSERT_TRUE(directory->join_cluster("ours").ok());
  ASSERT_TRUE(directory->join_cluster("ours").ok());
  const absl::Status refused = directory->join_cluster("theirs");
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_NE(refused.message().find("cluster ours"), absl::string_view::npos);
  EXPECT_NE(refused.message().find("cluster theirs"), absl::string_view::npos);
  EXPECT_EQ(directory->identity().cluster_id, "ours");
}

TEST_F(DataDirectories, AnotherNodesDirectoryIsRefusedWithBothIds) {
  open(1).reset();
  const absl::Status refused = DataDirectory::open(disk_, "/data", 2, *random_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_NE(refused.message().find("node 1"), absl::string_view::npos);
  EXPECT_NE(refused.message().find("node 2"), absl::string_view::npos);
}

TEST_F(DataDirectories, ASecondProcessIsRefused) {
  const auto directory = open();
  EXPECT_TRUE(absl::IsUnavailable(DataDirectory::open(disk_, "/data", 1, *random_).status()));
}

TEST_F(DataDirectories, S18_TheCleanStopMarkerIsGoneForGoodOnceTheDirectoryIsOpen) {
  {
    const auto directory = open();
    ASSERT_TRUE(directory->set_broker_epoch(BrokerEpoch{42}).ok());
    ASSERT_TRUE(directory->mark_clean().ok());
  }
  disk_.crash(*random_);
  {
    const auto directory = open();
    EXPECT_TRUE(directory->was_clean());
    EXPECT_EQ(directory->last_broker_epoch(), BrokerEpoch{42});
  }
  for (uint64_t seed = 0; seed < 20; ++seed) {
    disk_.crash(*seeded_random(seed));
    EXPECT_FALSE(disk_.exists("/data/.kafka_cleanshutdown"));
  }
  EXPECT_FALSE(open()->was_clean());
}

TEST_F(DataDirectories, S10_AMarkerOfAnotherIncarnationIsNoCleanStop) {
  {
    const auto directory = open();
    ASSERT_TRUE(directory->set_broker_epoch(BrokerEpoch{42}).ok());
  }
  ASSERT_TRUE(
      replace_file(disk_, "/data/.kafka_cleanshutdown", clean_stop_text(BrokerEpoch{41})).ok());
  EXPECT_FALSE(open()->was_clean());
}

TEST_F(DataDirectories, CheckpointsSurviveACrashWholeAndDamageIsNotAbsence) {
  const OffsetCheckpoint first = {{{"a", 0}, Offset{5}},
                                  {{"b-c.d", 12}, Offset{1'000'000'000'000}}};
  const OffsetCheckpoint second = {{{"a", 0}, Offset{6}}};
  open()->write_recovery_points(first).IgnoreError();
  const uint64_t before = disk_.changes();
  open()->write_recovery_points(second).IgnoreError();
  const uint64_t changes = disk_.changes() - before;
  for (uint64_t power = 0; power <= changes; ++power) {
    MemoryDisk disk;
    disk_.kill();
    {
      auto directory = *DataDirectory::open(disk, "/data", 1, *random_);
      ASSERT_TRUE(directory->write_recovery_points(first).ok());
      ASSERT_TRUE(directory->write_log_starts(first).ok());
      disk.power_off_after(power);
      directory->write_recovery_points(second).IgnoreError();
    }
    disk.crash(*random_);
    const auto again = DataDirectory::open(disk, "/data", 1, *random_);
    ASSERT_TRUE(again.ok()) << again.status();
    const OffsetCheckpoint points = (*again)->recovery_points();
    EXPECT_TRUE(points == first || points == second);
    EXPECT_EQ((*again)->log_starts(), first);
    EXPECT_TRUE((*again)->high_watermarks().empty());
  }
  disk_.kill();
  disk_.cut_tail("/data/recovery-point-offset-checkpoint", 1);
  EXPECT_TRUE(absl::IsDataLoss(DataDirectory::open(disk_, "/data", 1, *random_).status()));
}

TEST_F(DataDirectories, PartitionsAreFoundByNameAndRetiredOnesAreNot) {
  const auto directory = open();
  const Uuid one = Uuid::make(*random_);
  const std::string path = *directory->make_partition("my-topic", 3, one);
  EXPECT_EQ(path, "/data/my-topic-3");
  EXPECT_TRUE(absl::IsAlreadyExists(directory->make_partition("my-topic", 3, one).status()));
  ASSERT_TRUE(directory->make_partition("other", 0, one).ok());
  ASSERT_TRUE(directory->make_partition(std::string(249, 'x'), 0, one).ok());
  auto found = *directory->partitions();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].topic, "my-topic");
  EXPECT_EQ(found[0].partition, 3);
  EXPECT_EQ(found[0].topic_id, one);
  ASSERT_TRUE(directory->retire(found[0], false, *random_).ok());
  ASSERT_TRUE(directory->retire(found[1], true, *random_).ok());
  ASSERT_TRUE(directory->retire(found[2], false, *random_).ok());
  EXPECT_TRUE(directory->partitions()->empty());
  ASSERT_TRUE(directory->remove_leftovers(WallTime{}, std::chrono::hours(1), 100).ok());
  int strays = 0;
  const std::vector<std::string> names = *disk_.list("/data");
  for (const std::string& name : names) {
    EXPECT_LE(name.size(), 255u);
    EXPECT_FALSE(name.ends_with("-delete"));
    strays += name.ends_with("-stray") ? 1 : 0;
  }
  EXPECT_EQ(strays, 1);
}

TEST_F(DataDirectories, DataWithoutAnIdentityIsRefused) {
  {
    const auto directory = open();
    ASSERT_TRUE(directory->make_partition("t", 0, Uuid::make(*random_)).ok());
  }
  ASSERT_TRUE(disk_.unlink("/data/meta.properties").ok());
  EXPECT_TRUE(
      absl::IsFailedPrecondition(DataDirectory::open(disk_, "/data", 1, *random_).status()));
}

TEST(CheckpointText, EveryCutOffTextIsRefused) {
  const std::string text = offset_checkpoint_text({{{"t", 0}, Offset{5}}, {{"t", 1}, Offset{77}}});
  EXPECT_EQ(text, "0\n2\nt 0 5\nt 1 77\n");
  ASSERT_TRUE(parse_offset_checkpoint(text).ok());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_offset_checkpoint(text.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(parse_offset_checkpoint("1\n0\n").ok());
  EXPECT_FALSE(parse_offset_checkpoint("0\n2\nt 0 5\nt 0 6\n").ok());
  EXPECT_FALSE(parse_offset_checkpoint("0\n1\nt 0 -5\n").ok());
}

}  // namespace
}  // namespace barnabas::storage
