// What is the controller's business: topics and producer ids.

#include <gtest/gtest.h>

#include "broker/testing/admin_port.h"
#include "broker/testing/batches.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/init_producer_id.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/produce.h"
#include "metadata/config_keys.h"

namespace barnabas::api {
namespace {

using namespace testing_support;  // NOLINT: a test's own vocabulary
using kafka::CreateTopicsRequest;
using kafka::CreateTopicsResponse;
using kafka::DeleteTopicsRequest;
using kafka::DeleteTopicsResponse;
using kafka::InitProducerIdRequest;
using kafka::InitProducerIdResponse;
using std::chrono::milliseconds;

class Forwarded : public AdminPort {};

CreateTopicsRequest create(std::string_view name) {
  CreateTopicsRequest out;
  auto& topic = out.topics.emplace_back();
  topic.name = name;
  topic.num_partitions = 3;
  topic.replication_factor = 2;
  return out;
}

TEST_F(Forwarded, CreateTopicsIsTranslatedBothWaysInAllVersions) {
  const Uuid id = Uuid::make(*port.random);
  for (int16_t version = 2; version <= 7; ++version) {
    CreateTopicsRequest message = create("board");
    message.validate_only = true;
    message.topics[0].configs.emplace_back().name = "retention.ms";
    message.topics[0].configs[0].value = "5";
    auto& assignment = message.topics[0].assignments.emplace_back();
    assignment.partition_index = 0;
    assignment.broker_ids = {2, 1};
    send(message, version);
    proto::AdminAnswer out;
    proto::CreatedTopic& topic = *out.mutable_create_topics()->add_topics();
    topic.set_name("board");
    topic.set_id(id.bytes());
    topic.set_partitions(3);
    topic.set_replication_factor(2);
    topic.add_configs()->set_key("retention.ms");
    topic.mutable_configs(0)->set_value("5");
    const proto::AdminRequest request = take(out);
    EXPECT_TRUE(request.create_topics().validate_only());
    EXPECT_EQ(request.create_topics().topics(0).configs(0).value(), "5");
    EXPECT_EQ(request.create_topics().topics(0).assignments(0).brokers(0), 2);
    const auto got = answer<CreateTopicsResponse>(version);
    ASSERT_EQ(got.body.topics.size(), 1u);
    EXPECT_EQ(got.body.topics[0].error_code, 0);
    if (version >= 5) {
      EXPECT_EQ(got.body.topics[0].num_partitions, 3);
      const auto& configs = got.body.topics[0].configs;
      ASSERT_TRUE(configs.has_value());
      EXPECT_EQ(configs->size(), metadata::topic_keys().size());
      for (const auto& config : *configs) {
        const bool set = config.name == "retention.ms";
        EXPECT_EQ(config.config_source, set ? 1 : 5) << config.name;
        if (set) {
          EXPECT_EQ(config.value, "5");
        }
      }
    }
    if (version >= 7) {
      EXPECT_EQ(got.body.topics[0].topic_id, id);
    }
  }
}

TEST_F(Forwarded, TheAnswerWaitsUntilThisBrokerKnowsTheTopic) {
  send(create("board"), 7);
  proto::AdminAnswer out;
  out.mutable_create_topics()->add_topics()->set_name("board");
  out.mutable_create_topics()->set_index(port.session.image.index().value() + 1);
  take(out);
  port.simulation.run_for(milliseconds(50));
  EXPECT_TRUE(client->frames.empty());
  port.add_topic("board");
  EXPECT_EQ(answer<CreateTopicsResponse>(7).body.topics[0].error_code, 0);
}

TEST_F(Forwarded, TheControllersErrorsArriveWithTheirSentences) {
  send(create("board"), 7);
  proto::AdminAnswer out;
  proto::CreatedTopic& topic = *out.mutable_create_topics()->add_topics();
  topic.set_name("board");
  topic.mutable_error()->set_code(38);
  topic.mutable_error()->set_message("2 replicas need 2 brokers, 1 is registered");
  take(out);
  const auto got = answer<CreateTopicsResponse>(7);
  EXPECT_EQ(got.body.topics[0].error_code, 38);
  EXPECT_EQ(got.body.topics[0].error_message, "2 replicas need 2 brokers, 1 is registered");
}

TEST_F(Forwarded, AnUnknownOutcomeIsATimeoutAndSaysSo) {
  send(create("board"), 7);
  take(absl::DeadlineExceededError("no active controller was found"));
  const auto got = answer<CreateTopicsResponse>(7);
  EXPECT_EQ(got.body.topics.at(0).name, "board");
  EXPECT_EQ(got.body.topics[0].error_code, 7);
  EXPECT_NE(got.body.topics[0].error_message->find("may still be carried out"),
            std::string_view::npos);
}

TEST_F(Forwarded, DeleteTopicsByNameAndById) {
  const Uuid id = Uuid::make(*port.random);
  for (int16_t version = 1; version <= 5; ++version) {
    DeleteTopicsRequest message;
    message.topic_names = {"board"};
    send(message, version);
    proto::AdminAnswer out;
    out.mutable_delete_topics()->add_topics()->set_name("board");
    EXPECT_EQ(take(out).delete_topics().topics(0).name(), "board");
    EXPECT_EQ(answer<DeleteTopicsResponse>(version).body.responses.at(0).error_code, 0);
  }
  DeleteTopicsRequest message;
  message.topics.emplace_back().topic_id = id;
  send(message, 6);
  proto::AdminAnswer out;
  proto::DeletedTopic& topic = *out.mutable_delete_topics()->add_topics();
  topic.set_id(id.bytes());
  topic.mutable_error()->set_code(100);
  EXPECT_EQ(take(out).delete_topics().topics(0).id(), id.bytes());
  const auto got = answer<DeleteTopicsResponse>(6);
  EXPECT_EQ(got.body.responses.at(0).error_code, 100);
  EXPECT_FALSE(got.body.responses[0].name.has_value());
}

TEST_F(Forwarded, ATopicIsNamedOrGivenByItsIdNotBoth) {
  DeleteTopicsRequest message;
  message.topics.emplace_back().topic_id = Uuid::make(*port.random);
  message.topics[0].name = "board";
  send(message, 6);
  EXPECT_EQ(answer<DeleteTopicsResponse>(6).body.responses[0].error_code, 42);
  EXPECT_TRUE(port.session.admin_requests.empty());
}

TEST_F(Forwarded, ATopicThatIsThereTwiceIsNotDeleted) {
  DeleteTopicsRequest message;
  for (std::string_view name : {"board", "letters", "board", ""}) {
    message.topics.emplace_back().name = name;
  }
  message.topics.emplace_back().name.reset();
  send(message, 6);
  proto::AdminAnswer out;
  out.mutable_delete_topics()->add_topics()->set_name("letters");
  const proto::AdminRequest request = take(out);
  ASSERT_EQ(request.delete_topics().topics_size(), 1);
  EXPECT_EQ(request.delete_topics().topics(0).name(), "letters");
  const auto got = answer<DeleteTopicsResponse>(6);
  std::vector<std::pair<std::string, int>> told;
  for (const auto& topic : got.body.responses) {
    told.emplace_back(topic.name.value_or("null"), topic.error_code);
  }
  EXPECT_EQ(told, (std::vector<std::pair<std::string, int>>{
                      {"null", 42}, {"", 3}, {"board", 42}, {"letters", 0}}));
}

TEST_F(Forwarded, OnlyMetadataCreatesTopicsThatAreAskedFor) {
  kafka::ListOffsetsRequest offsets;
  offsets.replica_id = -1;
  offsets.topics.emplace_back().name = "nowhere";
  offsets.topics[0].partitions.emplace_back().timestamp = -1;
  EXPECT_EQ(
      call<kafka::ListOffsetsResponse>(offsets, 7).body.topics.at(0).partitions.at(0).error_code,
      3);
  kafka::FetchRequest fetch;
  fetch.topics.emplace_back().topic = "nowhere";
  fetch.topics[0].partitions.emplace_back().partition_max_bytes = 1000;
  EXPECT_EQ(call<kafka::FetchResponse>(fetch, 12).body.responses.at(0).partitions.at(0).error_code,
            3);
  kafka::ProduceRequest produce;
  produce.acks = 1;
  produce.timeout_ms = 1000;
  produce.topic_data.emplace_back().name = "nowhere";
  produce.topic_data[0].partition_data.emplace_back().records = batch_of(1);
  EXPECT_EQ(call<kafka::ProduceResponse>(produce, 9)
                .body.responses.at(0)
                .partition_responses.at(0)
                .error_code,
            3);
  EXPECT_TRUE(port.session.admin_requests.empty());
}

TEST_F(Forwarded, DeletionCanBeSwitchedOff) {
  port.options().delete_topics = false;
  DeleteTopicsRequest message;
  message.topic_names = {"board"};
  send(message, 5);
  EXPECT_EQ(answer<DeleteTopicsResponse>(5).body.responses[0].error_code, 73);
}

TEST_F(Forwarded, ProducerIdsComeFromBlocksAndAreNeverGivenTwice) {
  InitProducerIdRequest message;
  message.transactional_id.reset();
  send(message, 4);
  EXPECT_TRUE(client->frames.empty());
  ASSERT_EQ(port.session.blocks.size(), 1u);
  port.session.blocks[0](broker::ProducerIdBlock{ProducerId{1000}, 3});
  for (int64_t expected : {1000, 1001, 1002}) {
    const auto got = answer<InitProducerIdResponse>(4);
    EXPECT_EQ(got.body.error_code, 0);
    EXPECT_EQ(got.body.producer_id, expected);
    EXPECT_EQ(got.body.producer_epoch, 0);
    if (expected < 1002) send(message, 4);
  }
  // The next block was asked for while ids were left; it is used when the first one ends.
  ASSERT_EQ(port.session.blocks.size(), 2u);
  port.session.blocks[1](broker::ProducerIdBlock{ProducerId{5000}, 1000});
  send(message, 4);
  EXPECT_EQ(answer<InitProducerIdResponse>(4).body.producer_id, 5000);
}

TEST_F(Forwarded, AllVersionsOfInitProducerId) {
  InitProducerIdRequest message;
  message.transactional_id.reset();
  for (int16_t version = 0; version <= 5; ++version) {
    send(message, version);
    if (version == 0) port.session.blocks[0](broker::ProducerIdBlock{ProducerId{0}, 1000});
    EXPECT_EQ(answer<InitProducerIdResponse>(version).body.producer_id, version);
  }
}

TEST_F(Forwarded, WithoutAControllerProducersAreToldToTryAgain) {
  InitProducerIdRequest message;
  message.transactional_id.reset();
  send(message, 4);
  port.session.blocks[0](absl::UnavailableError("no controller"));
  EXPECT_EQ(answer<InitProducerIdResponse>(4).body.error_code, 14);
}

TEST_F(Forwarded, ATransactionalIdIsRefusedForGood) {
  InitProducerIdRequest message;
  message.transactional_id = "t";
  send(message, 4);
  EXPECT_EQ(answer<InitProducerIdResponse>(4).body.error_code, 35);
}

}  // namespace
}  // namespace barnabas::api
