// Log starts of a broker's partitions: written down before anything is removed, kept over
// restarts; and what was set aside goes in the background.

#include <memory>
#include <optional>

#include "broker/partition/testing/one_broker.h"

namespace barnabas::partition {
namespace {

using kafka::ErrorCode;
using metadata::TopicPartition;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class PartitionsStart : public OneBroker {
 protected:
  TopicPartition with_records(const std::string& name, int count) {
    const TopicPartition id = create(name);
    for (int i = 0; i < count; ++i) EXPECT_EQ(produce(id), ErrorCode::kNone);
    return id;
  }
  // nullopt: not answered yet; the answer may come after the return.
  std::optional<ErrorCode> delete_records(const TopicPartition& id, int64_t to) {
    const auto error = std::make_shared<std::optional<ErrorCode>>();
    auto now = partitions->find(id)->delete_records(
        Offset{to}, loop->now() + seconds(5), *loop,
        [error](const DeleteRecordsAnswer& answer) { *error = answer.error; });
    if (now.has_value()) return now->error;
    run(milliseconds(50));
    return *error;
  }
  Offset start_of(const TopicPartition& id) { return partitions->find(id)->view().log_start; }
};

TEST_F(PartitionsStart, WhatWasDeletedStaysDeletedAfterAPowerCut) {
  const TopicPartition id = with_records("board", 5);
  ASSERT_EQ(delete_records(id, 3), ErrorCode::kNone);
  restart(true);
  EXPECT_EQ(start_of(id), Offset{3});
  EXPECT_EQ(partitions->find(id)->view().log_end, Offset{5});
  EXPECT_EQ(directory->log_starts().at({"board", 0}), Offset{3});
}

TEST_F(PartitionsStart, DeletionsThatComeTogetherAreWrittenDownTogether) {
  const TopicPartition one = with_records("one", 2);
  const TopicPartition two = with_records("two", 2);
  int answers = 0;
  for (const TopicPartition& id : {one, two}) {
    partitions->find(id)->delete_records(Offset{1}, loop->now() + seconds(5), *loop,
                                         [&](const DeleteRecordsAnswer&) { ++answers; });
  }
  run();
  EXPECT_EQ(answers, 2);
  EXPECT_EQ(storage::read_file(disk, "/data/log-start-offset-checkpoint").value(),
            "0\n2\none 0 1\ntwo 0 1\n");
}

TEST_F(PartitionsStart, WithoutRoomForTheNewStartNothingIsDeletedUntilThereIs) {
  const TopicPartition id = with_records("board", 3);
  disk.set_capacity(1);
  EXPECT_FALSE(delete_records(id, 2).has_value());
  EXPECT_EQ(start_of(id), Offset{0});
  disk.set_capacity(UINT64_MAX);
  tick_for(seconds(2));
  EXPECT_EQ(start_of(id), Offset{2});
}

TEST_F(PartitionsStart, ACheckpointDoesNotTakeBackAStartThatIsWrittenDown) {
  const TopicPartition id = with_records("board", 3);
  ASSERT_EQ(delete_records(id, 2), ErrorCode::kNone);
  tick_for(seconds(130));
  restart(true);
  EXPECT_EQ(start_of(id), Offset{2});
}

TEST_F(PartitionsStart, RetentionIsLookedAtInItsIntervalWithTheSettingsOfThatMoment) {
  const TopicPartition id = with_records("board", 3);
  tick_for(seconds(30));
  EXPECT_EQ(start_of(id), Offset{0});
  configure("board", "retention.ms", "1000");
  tick_for(seconds(12));
  EXPECT_EQ(start_of(id), Offset{3});
  EXPECT_EQ(produce(id), ErrorCode::kNone);
  restart(true);
  EXPECT_EQ(start_of(id), Offset{3});
  EXPECT_EQ(partitions->find(id)->view().log_end, Offset{4});
}

TEST_F(PartitionsStart, ALogWithoutAnyRecordsLeftSurvivesAPowerCutAtAnyMoment) {
  const TopicPartition id = with_records("board", 3);
  configure("board", "retention.ms", "1000");
  for (int round = 0; round < 5; ++round) {
    SCOPED_TRACE(round);
    tick_for(seconds(12 + round));
    restart(true);
    EXPECT_EQ(start_of(id), partitions->find(id)->view().log_end);
    EXPECT_EQ(start_of(id), Offset{3 + round});
    apply_whole(/*registered=*/true);
    bump(id);
    EXPECT_EQ(produce(id), ErrorCode::kNone);
  }
}

TEST_F(PartitionsStart, S8_AStrayIsRemovedAfterItsTime) {
  const TopicPartition id = with_records("board", 1);
  restart(true);
  image = metadata::Image{};
  apply_whole(/*registered=*/true);
  ASSERT_EQ(partitions->find(id), nullptr);
  tick_for(std::chrono::minutes(58));
  EXPECT_TRUE(has_name("-stray"));
  tick_for(std::chrono::minutes(5));
  EXPECT_FALSE(has_name("-stray"));
  EXPECT_FALSE(has_name("-delete"));
}

}  // namespace
}  // namespace barnabas::partition
