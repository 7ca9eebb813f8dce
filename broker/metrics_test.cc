#include "broker/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "broker/testing/kafka_port.h"
#include "kafka/records/builder.h"

namespace barnabas::broker {
namespace {

using partition::TrafficView;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using testing_support::KafkaPort;

// ---- Traffic ----

metadata::TopicPartition at(int topic, int32_t index) {
  return {*Uuid::parse(topic == 1 ? "AAAAAAAAAAAAAAAAAAAAAw" : "AAAAAAAAAAAAAAAAAAAABA"),
          PartitionIndex(index)};
}

TrafficView records(int64_t count) {
  TrafficView out;
  out.records_in = count;
  return out;
}

TEST(TrafficSums, AddUpReplicasByTopicAndAllTogether) {
  TrafficSums sums;
  sums.see(at(1, 0), "board", records(3));
  sums.see(at(1, 1), "board", records(4));
  sums.see(at(2, 0), "castle", records(10));
  sums.end();
  EXPECT_EQ(sums.all().records_in, 17);
  EXPECT_EQ(sums.topics().at("board").records_in, 7);
  EXPECT_EQ(sums.topics().at("castle").records_in, 10);
}

TEST(TrafficSums, NeverFallWhenAReplicaGoesOrIsOpenedAnew) {
  TrafficSums sums;
  sums.see(at(1, 0), "board", records(3));
  sums.see(at(1, 1), "board", records(4));
  sums.end();
  sums.see(at(1, 1), "board", records(5));  // 0 has moved away
  sums.end();
  EXPECT_EQ(sums.topics().at("board").records_in, 8);
  sums.see(at(1, 1), "board", records(1));  // closed, opened, one more record
  sums.end();
  EXPECT_EQ(sums.topics().at("board").records_in, 9);
  sums.end();  // the topic is gone
  EXPECT_EQ(sums.all().records_in, 9);
  EXPECT_TRUE(sums.topics().empty());
}

TEST(Filter, ANameOrItsBeginning) {
  EXPECT_TRUE(matches("", "board"));
  EXPECT_TRUE(matches("board", "board"));
  EXPECT_FALSE(matches("board", "boards"));
  EXPECT_TRUE(matches("boa*", "board"));
  EXPECT_FALSE(matches("boa*", "bo"));
  EXPECT_TRUE(matches("*", "board"));
}

// ---- Requests ----

TEST(RequestCollector, ShowsTimesAsHistogramsAndAsQuantilesAndErrorsByName) {
  api::RequestMetrics requests;
  for (int i = 0; i < 10; ++i) {
    requests.received(0, 100);
    requests.answered(0, 50, i == 0 ? 6 : 0, std::chrono::milliseconds(30),
                      std::chrono::milliseconds(20));
  }
  RequestCollector collector;
  Exposition out;
  collector.collect(requests, Instant(seconds(1)), out);
  const std::string text = out.text();
  EXPECT_THAT(text, HasSubstr("kafka_network_requestmetrics_requests_total{request=\"Produce\"} "
                              "10\n"));
  EXPECT_THAT(text, HasSubstr("barnabas_request_seconds_bucket{request=\"Produce\",le=\"0.05\"} "
                              "10\n"));
  EXPECT_THAT(text, HasSubstr("barnabas_request_seconds_bucket{request=\"Produce\",le=\"0.02\"} "
                              "0\n"));
  EXPECT_THAT(text, HasSubstr("kafka_network_requestmetrics_totaltimems{request=\"Produce\","
                              "quantile=\"0.50\"} 35\n"));
  EXPECT_THAT(text, HasSubstr("kafka_network_requestmetrics_localtimems{request=\"Produce\","
                              "quantile=\"0.50\"} 7.5\n"));
  EXPECT_THAT(text, HasSubstr("barnabas_errors_total{error=\"NOT_LEADER_OR_FOLLOWER\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("request=\"Fetch\"")));  // nobody has asked for one
}

// ---- Partitions and groups ----

class CollectorTest : public testing::Test {
 protected:
  std::string partitions(const http::MetricsQuery& query) {
    Exposition out;
    partitions_.collect(look(), BrokerId{1}, query, out);
    return out.text();
  }
  std::string groups(const group::CoordinatorFacts& facts, const http::MetricsQuery& query,
                     Duration later = Duration::zero()) {
    Exposition out;
    const WallTime now =
        port_.broker.clock().wall() + std::chrono::duration_cast<std::chrono::milliseconds>(later);
    groups_.collect(facts, look(), port_.partitions, now, query, out);
    return out.text();
  }
  std::vector<PartitionFacts> look() {
    return look_at_partitions(port_.session, port_.partitions, BrokerId{1});
  }
  void produce(const Uuid& topic, int count, std::optional<int64_t> timestamp = std::nullopt) {
    kafka::BatchBuilder builder(kafka::BatchOptions{});
    for (int i = 0; i < count; ++i) {
      builder.append(timestamp.value_or(port_.broker.clock().wall().time_since_epoch().count()),
                     "k", "messenger");
    }
    const Buffer batch = Buffer::own(builder.finish());
    const auto answer = port_.partitions.replicas.at({topic, PartitionIndex(0)})
                            ->produce(batch, 1, Instant::max(), port_.broker, {});
    ASSERT_TRUE(answer.has_value());
    ASSERT_EQ(answer->error, kafka::ErrorCode::kNone) << answer->message;
    ASSERT_TRUE(port_.until([&] {
      return port_.partitions.replicas.at({topic, PartitionIndex(0)})
                 ->view()
                 .high_watermark.value() >= answer->base_offset.value() + count;
    }));
  }

  KafkaPort port_;
  PartitionCollector partitions_;
  GroupCollector groups_;
};

TEST_F(CollectorTest, PartitionsAreCountedByTheirState) {
  port_.register_broker(2, 6, "127.0.0.1", 9093);
  port_.add_topic("board", 2, {1, 2});
  port_.add_topic("elsewhere", 1, {2}, 2);
  const std::string text = partitions({});
  EXPECT_THAT(text, HasSubstr("kafka_server_replicamanager_partitioncount 2\n"));
  EXPECT_THAT(text, HasSubstr("kafka_server_replicamanager_leadercount 2\n"));
  EXPECT_THAT(text, HasSubstr("kafka_server_replicamanager_underreplicatedpartitions 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("topic=")));
}

TEST_F(CollectorTest, WhatTheLeaderAloneShowsMayBeAddedUpOverBrokers) {
  port_.register_broker(2, 6, "127.0.0.1", 9093);
  port_.add_topic("mine", 2, {1, 2}, 1);
  port_.add_topic("theirs", 1, {2, 1}, 2);
  const std::string text = partitions({true, "", ""});
  EXPECT_THAT(text, HasSubstr("kafka_topic_partitions{topic=\"mine\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("kafka_topic_partition_leader{topic=\"mine\",partition=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kafka_topic_partition_leader_is_preferred{topic=\"mine\","
                              "partition=\"0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kafka_log_log_logendoffset{topic=\"theirs\",partition=\"0\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("kafka_topic_partitions{topic=\"theirs\"}")));
  EXPECT_THAT(text, Not(HasSubstr("kafka_topic_partition_leader{topic=\"theirs\"")));
}

TEST_F(CollectorTest, LagIsTheDistanceToTheHighWatermarkInRecordsAndInTime) {
  const Uuid board = port_.add_topic("board");
  produce(board, 10);
  const int64_t now = port_.broker.clock().wall().time_since_epoch().count();
  produce(board, 5, now - 7'000);
  produce(board, 5, now - 3'000);
  group::CoordinatorFacts facts;
  facts.groups = {{"landlady", group::GroupState::kStable, 2}};
  facts.offsets = {{"landlady", "board", 0, 10}, {"landlady", "not here", 3, 4}};
  const std::string text = groups(facts, {true, "", ""});
  EXPECT_THAT(text, HasSubstr("barnabas_group_lag_records{group=\"landlady\"} 10\n"));
  EXPECT_THAT(text, HasSubstr("barnabas_group_lag_seconds{group=\"landlady\"} 7"));
  EXPECT_THAT(text, HasSubstr("barnabas_group_state{group=\"landlady\",state=\"Stable\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kafka_consumergroup_members{consumergroup=\"landlady\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("kafka_consumergroup_lag{consumergroup=\"landlady\",topic=\"board\","
                              "partition=\"0\"} 10\n"));
  EXPECT_THAT(text, HasSubstr("kafka_consumergroup_current_offset{consumergroup=\"landlady\","
                              "topic=\"not here\",partition=\"3\"} 4\n"));
  EXPECT_THAT(text, Not(HasSubstr("kafka_consumergroup_lag{consumergroup=\"landlady\","
                                  "topic=\"not here\"")));
  // It grows while nothing is consumed, without another look at the log.
  EXPECT_THAT(groups(facts, {}, seconds(10)),
              HasSubstr("barnabas_group_lag_seconds{group=\"landlady\"} 17"));
  facts.offsets[0].offset = 15;
  EXPECT_THAT(groups(facts, {}, seconds(10)),
              HasSubstr("barnabas_group_lag_seconds{group=\"landlady\"} 13"));
  facts.offsets[0].offset = 20;
  EXPECT_THAT(groups(facts, {}, seconds(10)),
              HasSubstr("barnabas_group_lag_seconds{group=\"landlady\"} 0\n"));
}

TEST_F(CollectorTest, GroupsBeyondTheBoundHaveNoSeriesOfTheirOwnButAreCounted) {
  group::CoordinatorFacts facts;
  for (size_t i = 0; i < GroupCollector::kMaxGroups + 50; ++i) {
    facts.groups.push_back({"g" + std::to_string(i), group::GroupState::kEmpty, 0});
    ++facts.sums.groups_by_state[static_cast<size_t>(group::GroupState::kEmpty)];
  }
  const std::string text = groups(facts, {});
  size_t series = 0;
  for (size_t i = text.find("barnabas_group_state{"); i != std::string::npos;
       i = text.find("barnabas_group_state{", i + 1)) {
    ++series;
  }
  EXPECT_EQ(series, GroupCollector::kMaxGroups);
  EXPECT_THAT(text, HasSubstr("barnabas_groups{state=\"Empty\"} 1050\n"));
  EXPECT_THAT(groups(facts, {false, "", "g1049"}), HasSubstr("{group=\"g1049\",state="));
}

}  // namespace
}  // namespace barnabas::broker
