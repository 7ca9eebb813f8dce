// What each verb prints and exits with, against golden files under testdata/.

#include "cli/verbs.h"

#include <google/protobuf/util/json_util.h>

#include "cli/testing/verb_test.h"

namespace barnabas::cli {
namespace {

constexpr const char* kCluster = R"(
  describe_cluster {
    cluster_id: "VsFjLmEBRkCJx9ZcP0JXnQ" controller: 2 topics: 1 partitions: 3 index: 40
    features { key: "metadata.version" value: 1 }
    brokers { id: 2 epoch: 7 state: "running" software: "0.1.0" listeners: "PLAINTEXT://127.0.0.1:9093"
              leaders: 1 replicas: 3 since_heartbeat_ms: 120 metadata_index: 40 }
    brokers { id: 1 epoch: 6 state: "running" rack: "r1" software: "0.1.0"
              listeners: "PLAINTEXT://127.0.0.1:9092" leaders: 2 replicas: 3 since_heartbeat_ms: 30
              metadata_index: 38 }
  })";

constexpr const char* kQuorum = R"(
  describe_quorum {
    cluster_id: "VsFjLmEBRkCJx9ZcP0JXnQ" leader: 2 term: 4 commit: 40 applied: 40 first: 1 last: 41
    snapshot: 0 answered_by: 2 role: "leader"
    voters { id: 1 directory: "0123456789abcdef" endpoint: "127.0.0.1:9640" match: 40 lag: 0
             since_contact_ms: 80 }
    voters { id: 2 directory: "0123456789abcdeg" endpoint: "127.0.0.1:9641" match: 40 }
    voters { id: 3 directory: "0123456789abcdeh" endpoint: "127.0.0.1:9642" match: 31 lag: 9
             since_contact_ms: 90 snapshotting: true }
  })";

constexpr const char* kTopics = R"(
  describe_topics {
    topics {
      name: "board" id: "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
      partition_count: 2 replication_factor: 3 under_replicated: 1
      configs { key: "min.insync.replicas" value: "2" }
      partitions { index: 0 leader: 1 leader_epoch: 3 partition_epoch: 9 replicas: 1 replicas: 2
                   replicas: 3 in_sync: 1 in_sync: 2 in_sync: 3 durability: "durable" }
      partitions { index: 1 leader: 2 leader_epoch: 0 partition_epoch: 1 replicas: 2 replicas: 3
                   replicas: 1 in_sync: 2 in_sync: 1 durability: "durable" }
    }
    topics { name: "__groups" internal: true partition_count: 50 replication_factor: 3 }
  })";

TopicCreateOptions create_of(std::vector<std::string> names, int32_t partitions = -1,
                             int32_t replicas = -1) {
  TopicCreateOptions options;
  options.names = std::move(names);
  options.partitions = partitions;
  options.replicas = replicas;
  return options;
}

class VerbsTest : public VerbTest {};

TEST_F(VerbsTest, StatusIsOneScreen) {
  given(proto::AdminRequest::kDescribeCluster, kCluster);
  given(proto::AdminRequest::kDescribeQuorum, kQuorum);
  EXPECT_EQ(status(client, output()), kStatusHealthy);
  expect_said("status.txt");
}

TEST_F(VerbsTest, StatusAsJsonHasTheVerdictAndBothAnswers) {
  given(proto::AdminRequest::kDescribeCluster, kCluster);
  given(proto::AdminRequest::kDescribeQuorum, kQuorum);
  EXPECT_EQ(status(client, output(Format::kJson)), kStatusHealthy);
  expect_said("status.json");
}

TEST_F(VerbsTest, StatusIsDegradedWithReasonsWhileSomethingIsMissing) {
  given(proto::AdminRequest::kDescribeCluster, kCluster);
  given(proto::AdminRequest::kDescribeQuorum, kQuorum);
  auto& cluster = *answers[proto::AdminRequest::kDescribeCluster].mutable_describe_cluster();
  cluster.mutable_brokers(0)->set_state("fenced");
  cluster.set_under_replicated(3);
  answers[proto::AdminRequest::kDescribeQuorum]
      .mutable_describe_quorum()
      ->mutable_voters(2)
      ->set_since_contact_ms(-1);
  EXPECT_EQ(status(client, output()), kStatusDegraded);
  expect_said("status_degraded.txt");
}

TEST_F(VerbsTest, StatusShowsControllersWithoutAVoteAndWhatToDoWithOneThatCameBack) {
  given(proto::AdminRequest::kDescribeCluster, kCluster);
  given(proto::AdminRequest::kDescribeQuorum, kQuorum);
  auto& quorum = *answers[proto::AdminRequest::kDescribeQuorum].mutable_describe_quorum();
  quorum.mutable_voters(2)->set_since_contact_ms(9000);
  proto::VoterView& back = *quorum.add_observers();
  back = quorum.voters(2);
  back.set_kind("observer");
  back.set_since_contact_ms(90);
  EXPECT_EQ(status(client, output()), kStatusDegraded);
  expect_said("status_observer.txt");
}

TEST_F(VerbsTest, StatusIsDownWhereNobodyCanWrite) {
  given(proto::AdminRequest::kDescribeCluster, kCluster);
  given(proto::AdminRequest::kDescribeQuorum, kQuorum);
  auto& cluster = *answers[proto::AdminRequest::kDescribeCluster].mutable_describe_cluster();
  cluster.set_leaderless(3);
  EXPECT_EQ(status(client, output(Format::kTable, true)), kStatusDown);
  EXPECT_EQ(out.str(), "down\n");
}

TEST_F(VerbsTest, StatusIsDownWhereNobodyAnswersAndSaysWhatToDo) {
  EXPECT_EQ(status(client, output()), kStatusDown);
  expect_said("status_down.txt");
}

TEST_F(VerbsTest, StatusWithoutAnActiveControllerIsDegraded) {
  given(proto::AdminRequest::kDescribeQuorum, R"(describe_quorum { leader: -1 role: "follower" })");
  given(proto::AdminRequest::kDescribeCluster, R"(error { code: 41 message: "not active" })");
  EXPECT_EQ(status(client, output(Format::kJson)), kStatusDegraded);
  EXPECT_NE(out.str().find("\"reasons\":[\"no controller is active\"],\"cluster\":null"),
            std::string::npos)
      << out.str();
}

TEST_F(VerbsTest, QuorumStatusShowsHowFarEachControllerIs) {
  given(proto::AdminRequest::kDescribeQuorum, kQuorum);
  EXPECT_EQ(quorum_status(client, output()), 0);
  expect_said("quorum_status.txt");
}

TEST_F(VerbsTest, TopicListLeavesOutWhatTheClusterKeepsForItself) {
  given(proto::AdminRequest::kDescribeTopics, kTopics);
  EXPECT_EQ(topic_list(client, output(), {}), 0);
  EXPECT_FALSE(last.describe_topics().partitions());
  expect_said("topic_list.txt");
}

TEST_F(VerbsTest, TopicListQuietlyIsNamesOnly) {
  given(proto::AdminRequest::kDescribeTopics, kTopics);
  EXPECT_EQ(topic_list(client, output(Format::kTable, true), {true}), 0);
  EXPECT_EQ(out.str(), "__groups\nboard\n");
}

TEST_F(VerbsTest, TopicDescribeShowsConfigsAndPartitions) {
  given(proto::AdminRequest::kDescribeTopics, kTopics);
  answers[proto::AdminRequest::kDescribeTopics]
      .mutable_describe_topics()
      ->mutable_topics()
      ->RemoveLast();
  EXPECT_EQ(topic_describe(client, nullptr, output(), {{"board"}}), 0);
  EXPECT_TRUE(last.describe_topics().partitions());
  expect_said("topic_describe.txt");
}

TEST_F(VerbsTest, TopicDescribeAsJsonKeepsTheFieldNamesOfTheProtocol) {
  given(proto::AdminRequest::kDescribeTopics, kTopics);
  EXPECT_EQ(topic_describe(client, nullptr, output(Format::kJson), {}), 0);
  expect_said("topic_describe.json");
  // Ids apart it is protobuf's own mapping: that reads it back.
  proto::DescribeTopicsAnswer back;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(out.str(), &back).ok());
  EXPECT_EQ(back.SerializeAsString(),
            answers[proto::AdminRequest::kDescribeTopics].describe_topics().SerializeAsString());
}

TEST_F(VerbsTest, TopicDescribeOfAnUnknownTopicIsNotFound) {
  given(
      proto::AdminRequest::kDescribeTopics,
      R"(describe_topics { topics { name: "bord" error { code: 3 message: "no such topic" } } })");
  EXPECT_EQ(topic_describe(client, nullptr, output(), {{"bord"}}),
            static_cast<int>(ExitCode::kNotFound));
  expect_said("topic_describe_unknown.txt");
}

TEST_F(VerbsTest, TopicDescribeAsksBrokersForOffsetsSizesAndFollowersLag) {
  given(proto::AdminRequest::kDescribeTopics, kTopics);
  answers[proto::AdminRequest::kDescribeTopics]
      .mutable_describe_topics()
      ->mutable_topics()
      ->RemoveLast();
  brokers.logs[{"board", 0}] = {3, 20, {}, 0};
  brokers.logs[{"board", 1}] = {0, 5, {}, 0};
  for (int32_t node = 1; node <= 3; ++node) {
    brokers.disks.replicas.push_back({{"board", 0}, node, "/data", 4096, node == 3 ? 7 : 0});
  }
  expect_golden("topic_describe_logs", [&](const Output& output) {
    return topic_describe(client, &brokers, output, {{"board"}});
  });
}

TEST_F(VerbsTest, TopicDescribeGoesWithoutBrokersThatDoNotAnswer) {
  given(proto::AdminRequest::kDescribeTopics, kTopics);
  brokers.problem = Problem{ExitCode::kUnreachable, "ask", "connection refused", "", ""};
  EXPECT_EQ(topic_describe(client, &brokers, output(), {{"board"}}), 0);
  EXPECT_NE(err.str().find("offsets or sizes are not shown: connection refused"),
            std::string::npos);
}

TEST_F(VerbsTest, TopicAddPartitionsCountsFromWhatThereIs) {
  given(proto::AdminRequest::kDescribeTopics, kTopics);
  given(proto::AdminRequest::kCreatePartitions, R"(create_partitions {
    topics { name: "board" count: 5 } index: 41 })");
  AddPartitionsOptions options;
  options.name = "board";
  options.more = 3;
  expect_golden("topic_add_partitions", [&](const Output& output) {
    return topic_add_partitions(client, output, options);
  });
  EXPECT_EQ(last.create_partitions().topics(0).count(), 5);
  given(proto::AdminRequest::kCreatePartitions, R"(create_partitions {
    topics { name: "board" error { code: 37 message: "it has 2" } } })");
  EXPECT_EQ(topic_add_partitions(client, output(), options), static_cast<int>(ExitCode::kFailed));
  given(proto::AdminRequest::kDescribeTopics,
        R"(describe_topics { topics { name: "x" error { code: 3 } } })");
  EXPECT_EQ(topic_add_partitions(client, output(), options), static_cast<int>(ExitCode::kNotFound));
}

TEST_F(VerbsTest, TopicCreateSendsWhatWasAskedFor) {
  given(proto::AdminRequest::kCreateTopics,
        R"(create_topics { topics { name: "board" partitions: 3 replication_factor: 3 } })");
  TopicCreateOptions options = create_of({"board"}, 3, 3);
  options.configs = {{"a", "b"}};
  options.validate_only = true;
  EXPECT_EQ(topic_create(client, output(), options), 0);
  EXPECT_EQ(out.str(), "could create topic board  3 partitions, 3 replicas each\n");
  EXPECT_TRUE(last.create_topics().validate_only());
  ASSERT_EQ(last.create_topics().topics_size(), 1);
  const proto::NewTopic& topic = last.create_topics().topics(0);
  EXPECT_EQ(topic.name(), "board");
  EXPECT_EQ(topic.partitions(), 3);
  EXPECT_EQ(topic.replication_factor(), 3);
  ASSERT_EQ(topic.configs_size(), 1);
  EXPECT_EQ(topic.configs(0).value(), "b");
}

TEST_F(VerbsTest, TopicCreateOfAnExistingTopicExitsWith4UnlessThatIsFine) {
  given(proto::AdminRequest::kCreateTopics,
        R"(create_topics { topics { name: "board" error { code: 36 message: "exists" } } })");
  EXPECT_EQ(topic_create(client, output(), create_of({"board"})),
            static_cast<int>(ExitCode::kExists));
  TopicCreateOptions fine = create_of({"board"});
  fine.if_not_exists = true;
  EXPECT_EQ(topic_create(client, output(), fine), 0);
}

TEST_F(VerbsTest, ManyTopicsOfWhichSomeFailArePartial) {
  given(proto::AdminRequest::kCreateTopics, R"(create_topics {
    topics { name: "a" partitions: 1 replication_factor: 1 }
    topics { name: "b/c" error { code: 17 message: "'/' is not allowed in a topic's name" } } })");
  EXPECT_EQ(topic_create(client, output(), create_of({"a", "b/c"})),
            static_cast<int>(ExitCode::kPartial));
  expect_said("topic_create_partial.txt");
}

TEST_F(VerbsTest, MoreReplicasThanBrokersIsAPrecondition) {
  given(proto::AdminRequest::kCreateTopics, R"(create_topics {
    topics { name: "a" error { code: 38 message: "4 replicas asked for, 3 brokers run" } } })");
  EXPECT_EQ(topic_create(client, output(), create_of({"a"}, 1, 4)),
            static_cast<int>(ExitCode::kPrecondition));
}

TEST_F(VerbsTest, TopicDeleteOfAnUnknownTopicExitsWith3UnlessThatIsFine) {
  given(proto::AdminRequest::kDeleteTopics,
        R"(delete_topics { topics { name: "x" error { code: 3 } } })");
  EXPECT_EQ(topic_delete(client, output(), {{"x"}, false}), static_cast<int>(ExitCode::kNotFound));
  EXPECT_EQ(topic_delete(client, output(), {{"x"}, true}), 0);
}

TEST_F(VerbsTest, BrokersThatRunAreFoundThroughTheControllers) {
  given(proto::AdminRequest::kDescribeCluster, kCluster);
  auto& cluster = *answers[proto::AdminRequest::kDescribeCluster].mutable_describe_cluster();
  EXPECT_EQ(find_brokers(client).value(), "127.0.0.1:9093,127.0.0.1:9092");
  cluster.mutable_brokers(0)->set_state("fenced");
  cluster.mutable_brokers(1)->set_listeners(0, "PLAINTEXT://:9092");
  EXPECT_EQ(find_brokers(client).value(), "localhost:9092");
  cluster.clear_brokers();
  EXPECT_EQ(find_brokers(client).problem().exit, ExitCode::kPrecondition);
}

}  // namespace
}  // namespace barnabas::cli
