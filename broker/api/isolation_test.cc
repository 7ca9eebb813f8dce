// Isolation levels are accepted everywhere; as long as there are no transactions, both read the
// same.

#include <gtest/gtest.h>

#include "broker/testing/admin_port.h"
#include "broker/testing/batches.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/list_offsets.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary

class Isolation : public AdminPort {
 protected:
  Isolation() {
    id = port.add_topic("board");
    const auto answer = port.partitions.find({id, PartitionIndex{0}})
                            ->produce(batch_of(10), 1, port.broker.now(), port.broker,
                                      [](partition::ProduceAnswer) {});
    EXPECT_EQ(answer->error, kafka::ErrorCode::kNone);
    port.simulation.run_for(std::chrono::milliseconds(5));
  }

  Uuid id;
};

TEST_F(Isolation, ReadCommittedReadsEverythingWithAnEmptyListOfAbortedTransactions) {
  for (int8_t level : {0, 1}) {
    for (int16_t version = 4; version <= 18; ++version) {
      kafka::FetchRequest message;
      message.isolation_level = level;
      auto& topic = message.topics.emplace_back();
      if (version < 13) topic.topic = "board";
      if (version >= 13) topic.topic_id = id;
      topic.partitions.emplace_back().partition_max_bytes = 1 << 20;
      message.max_bytes = 1 << 20;
      const auto got = call<kafka::FetchResponse>(message, version);
      const auto& out = got.body.responses.at(0).partitions.at(0);
      EXPECT_EQ(out.error_code, 0);
      EXPECT_EQ(out.last_stable_offset, 10);
      ASSERT_TRUE(out.records.has_value());
      EXPECT_GT(out.records->size(), 0u);
      ASSERT_EQ(out.aborted_transactions.has_value(), level == 1) << version;
      if (level == 1) {
        EXPECT_TRUE(out.aborted_transactions->empty());
      }
    }
  }
}

TEST_F(Isolation, ReadCommittedOffsetsEndWhereTheOthersEnd) {
  for (int16_t version = 2; version <= 11; ++version) {
    kafka::ListOffsetsRequest message;
    message.replica_id = -1;
    message.isolation_level = 1;
    auto& topic = message.topics.emplace_back();
    topic.name = "board";
    topic.partitions.emplace_back().timestamp = -1;
    const auto got = call<kafka::ListOffsetsResponse>(message, version);
    EXPECT_EQ(got.body.topics.at(0).partitions.at(0).error_code, 0);
    EXPECT_EQ(got.body.topics[0].partitions[0].offset, 10) << version;
  }
}

}  // namespace
}  // namespace barnabas::api
