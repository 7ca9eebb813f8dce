#include "kafka/messages/describe_log_dirs.h"

#include <gtest/gtest.h>

#include "broker/testing/batches.h"
#include "broker/testing/kafka_port.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using kafka::DescribeLogDirsRequest;
using kafka::DescribeLogDirsResponse;
using std::chrono::seconds;

class DescribeLogDirs : public testing::Test {
 protected:
  DescribeLogDirs() : client(port.connect()) {
    port.options().log_dir = "/data";
    port.disk_state.free_bytes = 700;
    port.disk_state.total_bytes = 1000;
  }
  Answer<DescribeLogDirsResponse> call(const DescribeLogDirsRequest& message, int16_t version) {
    return port.call<DescribeLogDirsResponse>(*client, message, version);
  }
  static DescribeLogDirsRequest all() {
    DescribeLogDirsRequest out;
    out.topics.reset();
    return out;
  }

  KafkaPort port;
  std::unique_ptr<RawClient> client;
};

TEST_F(DescribeLogDirs, AllVersionsTellEveryPartitionWithItsSize) {
  const Uuid id = port.add_topic("board", 2);
  port.add_topic("other");
  port.partitions.find({id, PartitionIndex{1}})
      ->produce(batch_of(3), 1, port.broker.now() + seconds(1), port.broker,
                [](partition::ProduceAnswer) {});
  for (int16_t version = 1; version <= 4; ++version) {
    const auto answer = call(all(), version);
    EXPECT_EQ(answer.body.error_code, 0);
    ASSERT_EQ(answer.body.results.size(), 1u);
    const auto& directory = answer.body.results[0];
    EXPECT_EQ(directory.error_code, 0);
    EXPECT_EQ(directory.log_dir, "/data");
    ASSERT_EQ(directory.topics.size(), 2u);
    EXPECT_EQ(directory.topics[0].name, "board");
    ASSERT_EQ(directory.topics[0].partitions.size(), 2u);
    EXPECT_EQ(directory.topics[0].partitions[0].partition_size, 0);
    EXPECT_EQ(directory.topics[0].partitions[1].partition_size,
              static_cast<int64_t>(batch_of(3).size()));
    EXPECT_EQ(directory.topics[0].partitions[1].offset_lag, 0);
    EXPECT_FALSE(directory.topics[0].partitions[1].is_future_key);
    EXPECT_EQ(directory.total_bytes, version >= 4 ? 1000 : -1);
    EXPECT_EQ(directory.usable_bytes, version >= 4 ? 700 : -1);
  }
}

TEST_F(DescribeLogDirs, OnlyWhatWasAskedForIsTold) {
  port.add_topic("board", 3);
  port.add_topic("other");
  DescribeLogDirsRequest message;
  message.topics.emplace();
  auto& topic = message.topics->emplace_back();
  topic.topic = "board";
  topic.partitions = {2, 9};
  message.topics->emplace_back().topic = "nothing";
  const auto answer = call(message, 4);
  ASSERT_EQ(answer.body.results.at(0).topics.size(), 1u);
  ASSERT_EQ(answer.body.results[0].topics[0].partitions.size(), 1u);
  EXPECT_EQ(answer.body.results[0].topics[0].partitions[0].partition_index, 2);
}

TEST_F(DescribeLogDirs, AskedForNothingItTellsTheDirectoryAlone) {
  port.add_topic("board");
  DescribeLogDirsRequest message;
  message.topics.emplace();
  const auto answer = call(message, 4);
  ASSERT_EQ(answer.body.results.size(), 1u);
  EXPECT_TRUE(answer.body.results[0].topics.empty());
}

}  // namespace
}  // namespace barnabas::api
