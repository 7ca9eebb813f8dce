// CreatePartitions, ElectLeaders, UnregisterBroker and DescribeQuorum as clients see them.

#include <gtest/gtest.h>

#include "broker/testing/admin_port.h"
#include "kafka/messages/create_partitions.h"
#include "kafka/messages/describe_quorum.h"
#include "kafka/messages/elect_leaders.h"
#include "kafka/messages/unregister_broker.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using kafka::CreatePartitionsRequest;
using kafka::CreatePartitionsResponse;
using kafka::DescribeQuorumRequest;
using kafka::DescribeQuorumResponse;
using kafka::ElectLeadersRequest;
using kafka::ElectLeadersResponse;
using kafka::UnregisterBrokerRequest;
using kafka::UnregisterBrokerResponse;

class Admin : public AdminPort {};

// ---- More partitions

CreatePartitionsRequest more(std::string_view name, int32_t count) {
  CreatePartitionsRequest out;
  auto& topic = out.topics.emplace_back();
  topic.name = name;
  topic.count = count;
  topic.assignments.reset();
  out.timeout_ms = 1000;
  return out;
}

TEST_F(Admin, MorePartitionsAreForwardedAndTheAnswerListsTheTopics) {
  for (int16_t version = 0; version <= 3; ++version) {
    CreatePartitionsRequest message = more("board", 6);
    message.validate_only = version == 1;
    auto& assignments = message.topics[0].assignments.emplace();
    assignments.emplace_back().broker_ids = {2, 1};
    assignments.emplace_back().broker_ids = {1, 2};
    message.topics.push_back(more("letters", 2).topics[0]);
    send(message, version);
    proto::AdminAnswer out;
    out.mutable_create_partitions()->add_topics()->set_name("board");
    proto::CreatedPartitions& refused = *out.mutable_create_partitions()->add_topics();
    refused.set_name("letters");
    refused.mutable_error()->set_code(37);
    refused.mutable_error()->set_message("it has 3 partitions, and 2 is not more");
    const proto::AdminRequest request = take(out);
    EXPECT_EQ(request.create_partitions().validate_only(), version == 1);
    EXPECT_EQ(request.create_partitions().topics(0).count(), 6);
    ASSERT_EQ(request.create_partitions().topics(0).assignments_size(), 2);
    EXPECT_EQ(request.create_partitions().topics(0).assignments(1).brokers(1), 2);
    EXPECT_EQ(request.create_partitions().topics(1).assignments_size(), 0);
    const auto got = answer<CreatePartitionsResponse>(version);
    ASSERT_EQ(got.body.results.size(), 2u);
    EXPECT_EQ(got.body.results[0].name, "board");
    EXPECT_EQ(got.body.results[0].error_code, 0);
    EXPECT_FALSE(got.body.results[0].error_message.has_value());
    EXPECT_EQ(got.body.results[1].error_code, 37);
    EXPECT_EQ(got.body.results[1].error_message, "it has 3 partitions, and 2 is not more");
  }
}

TEST_F(Admin, AnAssignmentThatPlacesNothingIsRefused) {
  port.add_topic("board", 2);
  CreatePartitionsRequest message = more("board", 3);
  message.topics[0].assignments.emplace();
  send(message, 3);
  EXPECT_TRUE(port.session.admin_requests.empty());
  EXPECT_EQ(answer<CreatePartitionsResponse>(3).body.results.at(0).error_code, 39);
  // That the topic does not exist, or has as many, is for the controller to say, and comes first.
  message.topics.push_back(more("nowhere", 3).topics[0]);
  message.topics[1].assignments.emplace();
  send(message, 3);
  proto::AdminAnswer out;
  out.mutable_create_partitions()->add_topics()->set_name("nowhere");
  out.mutable_create_partitions()->mutable_topics(0)->mutable_error()->set_code(3);
  EXPECT_EQ(take(out).create_partitions().topics_size(), 1);
  const auto got = answer<CreatePartitionsResponse>(3);
  ASSERT_EQ(got.body.results.size(), 2u);
  EXPECT_EQ(got.body.results[0].error_code, 39);
  EXPECT_EQ(got.body.results[1].name, "nowhere");
  EXPECT_EQ(got.body.results[1].error_code, 3);
}

TEST_F(Admin, MorePartitionsAreThereWhenTheAnswerComes) {
  send(more("board", 6), 3);
  proto::AdminAnswer out;
  out.mutable_create_partitions()->add_topics()->set_name("board");
  out.mutable_create_partitions()->set_index(port.session.image.index().value() + 1);
  take(out);
  EXPECT_TRUE(client->frames.empty());
  port.add_topic("any");
  EXPECT_EQ(answer<CreatePartitionsResponse>(3).body.results.at(0).error_code, 0);
}

TEST_F(Admin, WithoutAControllerEachTopicIsATimeout) {
  send(more("board", 6), 3);
  take(absl::UnavailableError("no controller"));
  const auto got = answer<CreatePartitionsResponse>(3);
  EXPECT_EQ(got.body.results.at(0).name, "board");
  EXPECT_EQ(got.body.results[0].error_code, 7);
}

// ---- Elections

proto::AdminAnswer elected(std::vector<std::tuple<std::string, int32_t, int32_t>> outcomes) {
  proto::AdminAnswer out;
  out.mutable_elect_leaders();
  for (const auto& [topic, partition, error] : outcomes) {
    proto::ElectedLeader& to = *out.mutable_elect_leaders()->add_partitions();
    to.set_topic(topic);
    to.set_partition(partition);
    to.mutable_error()->set_code(error);
    if (error != 0) to.mutable_error()->set_message("why");
  }
  return out;
}

TEST_F(Admin, ElectionsOfNamedPartitionsAnswerEachOfThem) {
  for (int16_t version = 0; version <= 2; ++version) {
    ElectLeadersRequest message;
    message.election_type = version == 0 ? 0 : 1;
    auto& topics = message.topic_partitions.emplace();
    topics.emplace_back().topic = "board";
    topics[0].partitions = {0, 1};
    topics.emplace_back().topic = "letters";
    topics[1].partitions = {0};
    send(message, version);
    const proto::AdminRequest request =
        take(elected({{"board", 0, 0}, {"board", 1, 84}, {"letters", 0, 3}}));
    EXPECT_EQ(request.elect_leaders().type(), version == 0 ? proto::ElectLeadersRequest::PREFERRED
                                                           : proto::ElectLeadersRequest::UNCLEAN);
    EXPECT_FALSE(request.elect_leaders().all());
    EXPECT_EQ(request.elect_leaders().topics(0).partitions_size(), 2);
    const auto got = answer<ElectLeadersResponse>(version);
    EXPECT_EQ(got.body.error_code, 0);
    ASSERT_EQ(got.body.replica_election_results.size(), 2u);
    const auto& board = got.body.replica_election_results[0];
    EXPECT_EQ(board.topic, "board");
    ASSERT_EQ(board.partition_result.size(), 2u);
    EXPECT_EQ(board.partition_result[0].error_code, 0);
    EXPECT_EQ(board.partition_result[1].partition_id, 1);
    EXPECT_EQ(board.partition_result[1].error_code, 84);
    EXPECT_EQ(board.partition_result[1].error_message, "why");
    EXPECT_EQ(got.body.replica_election_results[1].partition_result.at(0).error_code, 3);
  }
}

TEST_F(Admin, OfAllPartitionsThoseWithoutNeedAreLeftOut) {
  ElectLeadersRequest message;
  message.topic_partitions.reset();
  send(message, 2);
  EXPECT_TRUE(
      take(elected({{"board", 0, 84}, {"board", 1, 0}, {"letters", 0, 80}})).elect_leaders().all());
  const auto got = answer<ElectLeadersResponse>(2);
  ASSERT_EQ(got.body.replica_election_results.size(), 2u);
  EXPECT_EQ(got.body.replica_election_results[0].partition_result.at(0).partition_id, 1);
  EXPECT_EQ(got.body.replica_election_results[1].partition_result.at(0).error_code, 80);
}

TEST_F(Admin, AnUnknownKindOfElectionIsRefusedHere) {
  ElectLeadersRequest message;
  message.election_type = 2;
  message.topic_partitions.emplace().emplace_back().topic = "board";
  message.topic_partitions->at(0).partitions = {0};
  send(message, 2);
  EXPECT_TRUE(port.session.admin_requests.empty());
  const auto got = answer<ElectLeadersResponse>(2);
  EXPECT_EQ(got.body.error_code, 42);
  EXPECT_EQ(got.body.replica_election_results.at(0).partition_result.at(0).error_code, 42);
}

TEST_F(Admin, AnElectionWithoutAControllerIsATimeoutInAllVersions) {
  for (int16_t version = 0; version <= 2; ++version) {
    ElectLeadersRequest message;
    message.topic_partitions.emplace().emplace_back().topic = "board";
    message.topic_partitions->at(0).partitions = {0};
    send(message, version);
    take(absl::UnavailableError("no controller"));
    const auto got = answer<ElectLeadersResponse>(version);
    EXPECT_EQ(got.body.error_code, version == 0 ? 0 : 7);
    EXPECT_EQ(got.body.replica_election_results.at(0).partition_result.at(0).error_code, 7);
  }
}

// ---- Brokers that do not come back

TEST_F(Admin, UnregisteringIsForwardedWithItsError) {
  UnregisterBrokerRequest message;
  message.broker_id = 3;
  send(message, 0);
  proto::AdminAnswer fine;
  fine.mutable_unregister_broker();
  EXPECT_EQ(take(fine).unregister_broker().broker(), 3);
  EXPECT_EQ(answer<UnregisterBrokerResponse>(0).body.error_code, 0);
  send(message, 0);
  proto::AdminAnswer refused;
  refused.mutable_error()->set_code(102);
  refused.mutable_error()->set_message("broker 3 is not registered");
  take(refused);
  const auto got = answer<UnregisterBrokerResponse>(0);
  EXPECT_EQ(got.body.error_code, 102);
  EXPECT_EQ(got.body.error_message, "broker 3 is not registered");
}

// ---- The quorum

DescribeQuorumRequest quorum_of(std::string_view topic, int32_t partition) {
  DescribeQuorumRequest out;
  auto& asked = out.topics.emplace_back();
  asked.topic_name = topic;
  asked.partitions.emplace_back().partition_index = partition;
  return out;
}

proto::AdminAnswer quorum_answer(const Uuid& directory) {
  proto::AdminAnswer out;
  proto::DescribeQuorumAnswer& quorum = *out.mutable_describe_quorum();
  quorum.set_leader(2);
  quorum.set_term(7);
  quorum.set_commit(100);
  quorum.set_last(103);
  for (int32_t id = 1; id <= 3; ++id) {
    proto::VoterView& voter = *quorum.add_voters();
    voter.set_id(id);
    voter.set_directory(directory.bytes());
    voter.set_endpoint("127.0.0.1:910" + std::to_string(id));
    voter.set_match(id == 3 ? 90 : 103);
    voter.set_since_contact_ms(id == 2 ? 0 : 40);
  }
  return out;
}

proto::AdminAnswer cluster_answer() {
  proto::AdminAnswer out;
  proto::BrokerView& live = *out.mutable_describe_cluster()->add_brokers();
  live.set_id(1);
  live.set_since_heartbeat_ms(100);
  live.set_metadata_index(103);
  proto::BrokerView& dead = *out.mutable_describe_cluster()->add_brokers();
  dead.set_id(2);
  dead.set_since_heartbeat_ms(-1);
  return out;
}

TEST_F(Admin, TheQuorumIsThePartitionOfTheMetadataTopic) {
  const Uuid directory = Uuid::make(*port.random);
  for (int16_t version = 0; version <= 2; ++version) {
    send(quorum_of("__cluster_metadata", 0), version);
    EXPECT_TRUE(take(quorum_answer(directory)).has_describe_quorum());
    EXPECT_TRUE(take(cluster_answer()).has_describe_cluster());
    const auto got = answer<DescribeQuorumResponse>(version);
    ASSERT_EQ(got.body.error_code, 0);
    const auto& partition = got.body.topics.at(0).partitions.at(0);
    EXPECT_EQ(got.body.topics[0].topic_name, "__cluster_metadata");
    EXPECT_EQ(partition.leader_id, 2);
    EXPECT_EQ(partition.leader_epoch, 7);
    EXPECT_EQ(partition.high_watermark, 101);
    ASSERT_EQ(partition.current_voters.size(), 3u);
    EXPECT_EQ(partition.current_voters[0].log_end_offset, 104);
    EXPECT_EQ(partition.current_voters[2].log_end_offset, 91);
    ASSERT_EQ(partition.observers.size(), 1u);
    EXPECT_EQ(partition.observers[0].replica_id, 1);
    EXPECT_EQ(partition.observers[0].log_end_offset, 104);
    if (version >= 1) {
      const int64_t now = partition.current_voters[1].last_fetch_timestamp;
      EXPECT_EQ(partition.current_voters[0].last_fetch_timestamp, now - 40);
      EXPECT_EQ(partition.current_voters[0].last_caught_up_timestamp, now - 40);
      EXPECT_EQ(partition.current_voters[2].last_fetch_timestamp, now - 40);
      EXPECT_EQ(partition.current_voters[2].last_caught_up_timestamp, -1);
      EXPECT_EQ(partition.observers[0].last_fetch_timestamp, now - 100);
    }
    if (version >= 2) {
      EXPECT_EQ(partition.current_voters[0].replica_directory_id, directory);
      ASSERT_EQ(got.body.nodes.size(), 3u);
      EXPECT_EQ(got.body.nodes[0].listeners.at(0).host, "127.0.0.1");
      EXPECT_EQ(got.body.nodes[0].listeners[0].port, 9101);
    }
  }
}

TEST_F(Admin, ControllersThatDoNotVoteAreObserversAndAReplacedOneIsNamedOnce) {
  const Uuid directory = Uuid::make(*port.random);
  proto::AdminAnswer members = quorum_answer(directory);
  proto::DescribeQuorumAnswer& quorum = *members.mutable_describe_quorum();
  *quorum.add_voters() = quorum.voters(2);
  const Uuid fresh = Uuid::make(*port.random);
  quorum.mutable_voters(3)->set_directory(fresh.bytes());
  proto::VoterView& learner = *quorum.add_learners();
  learner.set_id(4);
  learner.set_match(50);
  learner.set_since_contact_ms(30);
  learner.set_directory(fresh.bytes());
  send(quorum_of("__cluster_metadata", 0), 2);
  EXPECT_TRUE(take(members).has_describe_quorum());
  EXPECT_TRUE(take(cluster_answer()).has_describe_cluster());
  const auto got = answer<DescribeQuorumResponse>(2);
  const auto& partition = got.body.topics.at(0).partitions.at(0);
  ASSERT_EQ(partition.current_voters.size(), 4u);
  EXPECT_EQ(partition.current_voters[3].replica_directory_id, fresh);
  EXPECT_EQ(got.body.nodes.size(), 3u);
  ASSERT_EQ(partition.observers.size(), 2u);
  EXPECT_EQ(partition.observers[0].replica_id, 4);
  EXPECT_EQ(partition.observers[0].log_end_offset, 51);
  EXPECT_EQ(partition.observers[0].last_caught_up_timestamp, -1);
  EXPECT_EQ(partition.observers[0].replica_directory_id, fresh);
}

TEST_F(Admin, NoOtherPartitionHasAQuorum) {
  for (int16_t version = 0; version <= 2; ++version) {
    for (const auto& message : {quorum_of("board", 0), quorum_of("__cluster_metadata", 1)}) {
      send(message, version);
      EXPECT_TRUE(port.session.admin_requests.empty());
      const auto got = answer<DescribeQuorumResponse>(version);
      EXPECT_EQ(got.body.topics.at(0).topic_name, message.topics[0].topic_name);
      EXPECT_EQ(got.body.topics[0].partitions.at(0).error_code, 3);
    }
  }
}

TEST_F(Admin, AQuorumThatCannotBeReachedIsATimeout) {
  send(quorum_of("__cluster_metadata", 0), 2);
  take(absl::UnavailableError("no controller"));
  EXPECT_EQ(answer<DescribeQuorumResponse>(2).body.error_code, 7);
  send(quorum_of("__cluster_metadata", 0), 2);
  take(quorum_answer(Uuid::make(*port.random)));
  take(absl::UnavailableError("no controller"));
  EXPECT_EQ(answer<DescribeQuorumResponse>(2).body.error_code, 7);
}

}  // namespace
}  // namespace barnabas::api
