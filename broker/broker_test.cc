// A whole broker on simulated seams: start, serve, fail, stop.

#include "broker/broker.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/observation.h"
#include "broker/testing/batches.h"
#include "broker/testing/hand_controller.h"
#include "broker/testing/kafka_port.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/produce.h"
#include "storage/memory_disk.h"

namespace barnabas::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing_support::HandController;
using testing_support::Quorum;
using testing_support::RawClient;

const Uuid kTopic = *Uuid::parse("AAAAAAAAAAAAAAAAAAAAAw");

class BrokerTest : public testing::Test {
 protected:
  BrokerTest()
      : simulation_(5),
        network_(simulation_),
        controller_(1, simulation_, network_, quorum_),
        client_(simulation_.start_node("client")),
        client_transport_(network_, "client"),
        random_(seeded_random(2)) {
    quorum_.active = 1;
  }
  ~BrokerTest() override { stop_objects(); }

  // A process of the broker on the same disk.
  absl::Status start(int32_t node = 1) {
    stop_objects();
    loop_ = &simulation_.start_node("broker");
    transport_ = std::make_unique<SimTransport>(network_, "broker");
    serving_ = false;
    ended_.reset();
    BrokerConfig config;
    config.node = BrokerId{node};
    config.directory = "/data";
    config.listeners = {{"PLAINTEXT", "PLAINTEXT", endpoint_}};
    config.inter_broker_listener = "PLAINTEXT";
    config.controllers = {controller_.endpoint()};
    config.topic_defaults = topic_defaults_;
    config.free_bytes_min = 1 << 20;
    BrokerEvents events;
    events.serving = [this] { serving_ = true; };
    events.ended = [this](absl::Status status) { ended_ = std::move(status); };
    auto started =
        Broker::start(config, BrokerSeams{*transport_, disk_, *random_, *loop_, {loop_}, *loop_},
                      std::move(events), "127.0.0.1");
    if (!started.ok()) return started.status();
    broker_ = *std::move(started);
    return absl::OkStatus();
  }
  void stop_objects() {
    if (loop_ == nullptr) return;
    simulation_.kill("broker");
    broker_.reset();
    transport_.reset();
    loop_ = nullptr;
  }
  bool until(absl::AnyInvocable<bool()> done, Duration limit = seconds(2)) {
    return simulation_.run_until(std::move(done), simulation_.now() + limit);
  }

  // The controller commits the broker's registration, and a topic that it leads.
  void commit_registration(int64_t epoch) {
    proto::Decision decision;
    proto::RegisterBroker& record = *decision.add_records()->mutable_register_broker();
    record.set_id(1);
    record.set_epoch(epoch);
    record.set_incarnation(std::string(16, 'i'));
    record.add_directories(std::string(16, 'd'));
    proto::Listener& listener = *record.add_listeners();
    listener.set_name("PLAINTEXT");
    listener.set_host("127.0.0.1");
    listener.set_port(9092);
    quorum_.commit(std::move(decision));
    quorum_.epoch = static_cast<int64_t>(quorum_.log.size());
    proto::Decision unfenced;
    proto::BrokerChange& change = *unfenced.add_records()->mutable_broker_change();
    change.set_id(1);
    change.set_epoch(epoch);
    change.set_fenced(false);
    quorum_.commit(std::move(unfenced));
  }
  void commit_topic(int32_t leader_epoch) {
    proto::Decision decision;
    if (leader_epoch == 1) {
      proto::Topic& topic = *decision.add_records()->mutable_topic();
      topic.set_name("board");
      topic.set_id(kTopic.bytes());
      proto::Partition& partition = *decision.add_records()->mutable_partition();
      partition.set_topic_id(kTopic.bytes());
      partition.add_replicas(1);
      partition.add_directories(std::string(16, 'd'));
      partition.add_in_sync(1);
      partition.set_leader(1);
      partition.set_leader_epoch(1);
      partition.set_partition_epoch(1);
    } else {
      proto::PartitionChange& change = *decision.add_records()->mutable_partition_change();
      change.set_topic_id(kTopic.bytes());
      change.set_partition_epoch(leader_epoch);
      change.set_leader(1);
      change.set_leader_epoch(leader_epoch);
    }
    quorum_.commit(std::move(decision));
  }

  std::unique_ptr<RawClient> connect() {
    auto client = std::make_unique<RawClient>(client_transport_, client_, endpoint_);
    until([&] { return client->open || client->is_closed; });
    return client;
  }
  std::pair<int16_t, int64_t> produce(RawClient& client) {
    kafka::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 1000;
    auto& topic = request.topic_data.emplace_back();
    topic.name = "board";
    topic.partition_data.emplace_back().records = testing_support::batch_of(1);
    client.frames.clear();
    client.send(testing_support::request_frame(request, 9, 1));
    if (!until([&] { return !client.frames.empty(); })) return {-1, -1};
    const auto answer = testing_support::parse_answer<kafka::ProduceResponse>(client.frames[0], 9);
    const auto& out = answer.body.responses.at(0).partition_responses.at(0);
    return {out.error_code, out.base_offset};
  }

  const Endpoint endpoint_{"127.0.0.1", 9092};
  Simulation simulation_;
  SimNetwork network_;
  Quorum quorum_;
  HandController controller_;
  SimExecutor& client_;
  SimTransport client_transport_;
  std::unique_ptr<Random> random_;
  storage::MemoryDisk disk_;
  metadata::ConfigMap topic_defaults_;
  SimExecutor* loop_ = nullptr;
  std::unique_ptr<SimTransport> transport_;
  std::unique_ptr<Broker> broker_;
  bool serving_ = false;
  std::optional<absl::Status> ended_;
};

TEST_F(BrokerTest, ServesWithinMillisecondsOfItsStart) {
  commit_registration(1);
  ASSERT_TRUE(start().ok());
  EXPECT_TRUE(until([&] { return serving_; }, milliseconds(100)));
  EXPECT_EQ(broker_->cluster_id(), "castle");
  auto client = connect();
  client->send(testing_support::request_frame(kafka::MetadataRequest(), 9, 1));
  ASSERT_TRUE(until([&] { return !client->frames.empty(); }));
  const auto answer = testing_support::parse_answer<kafka::MetadataResponse>(client->frames[0], 9);
  EXPECT_EQ(answer.body.cluster_id, "castle");
  EXPECT_EQ(answer.body.brokers.size(), 1u);
}

TEST_F(BrokerTest, NobodyIsServedBeforeTheImageIsThere) {
  controller_.answers_registration = false;
  commit_registration(1);
  ASSERT_TRUE(start().ok());
  simulation_.run_for(milliseconds(200));
  auto client = connect();
  EXPECT_TRUE(client->is_closed);
}

TEST_F(BrokerTest, S10_TheEpochIsDurableBeforeAnythingIsServed) {
  commit_registration(1);
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return serving_; }));
  stop_objects();
  disk_.crash(*random_);
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return controller_.count(proto::BrokerMessage::kRegister) == 2; }));
  const proto::Register& again = controller_.last(proto::BrokerMessage::kRegister)->register_();
  EXPECT_EQ(again.last_epoch(), 1);
  EXPECT_FALSE(again.clean_stop());
  EXPECT_EQ(again.cluster_id(), "castle");
}

TEST_F(BrokerTest, RecordsOutliveACrashAndTheNextIncarnationGoesOn) {
  commit_registration(1);
  commit_topic(1);
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return serving_; }));
  simulation_.run_for(milliseconds(50));
  {
    auto client = connect();
    EXPECT_EQ(produce(*client), (std::pair<int16_t, int64_t>{0, 0}));
    EXPECT_EQ(produce(*client), (std::pair<int16_t, int64_t>{0, 1}));
  }
  stop_objects();
  disk_.crash(*random_);
  commit_registration(4);
  commit_topic(2);
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return serving_; }));
  simulation_.run_for(milliseconds(50));
  auto client = connect();
  EXPECT_EQ(produce(*client), (std::pair<int16_t, int64_t>{0, 2}));
}

TEST_F(BrokerTest, LosingTheControllerDoesNotDisturbTheData) {
  commit_registration(1);
  commit_topic(1);
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return serving_; }));
  simulation_.run_for(milliseconds(50));
  simulation_.kill("controller-1");
  simulation_.run_for(seconds(5));
  auto client = connect();
  EXPECT_EQ(produce(*client).first, 0);
}

TEST_F(BrokerTest, ACleanStopIsRememberedAsOne) {
  commit_registration(1);
  commit_topic(1);
  controller_.may_shut_down = true;
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return serving_; }));
  broker_->stop();
  ASSERT_TRUE(until([&] { return ended_.has_value(); }));
  EXPECT_TRUE(ended_->ok()) << *ended_;
  stop_objects();
  disk_.crash(*random_);
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return controller_.count(proto::BrokerMessage::kRegister) == 2; }));
  EXPECT_TRUE(controller_.last(proto::BrokerMessage::kRegister)->register_().clean_stop());
}

TEST_F(BrokerTest, AControllerThatGivesNoLeaveDelaysAStopButDoesNotPreventIt) {
  commit_registration(1);
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return serving_; }));
  broker_->stop();
  simulation_.run_for(seconds(4));
  EXPECT_FALSE(ended_.has_value());
  EXPECT_TRUE(until([&] { return ended_.has_value(); }, seconds(3)));
  EXPECT_TRUE(ended_->ok());
}

TEST_F(BrokerTest, S20_AFlushThatHangsEndsTheBroker) {
  commit_registration(1);
  commit_topic(1);
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return serving_; }));
  simulation_.run_for(milliseconds(50));
  auto client = connect();
  disk_.hold_syncs(true);
  produce(*client);
  EXPECT_FALSE(ended_.has_value());
  ASSERT_TRUE(until([&] { return ended_.has_value(); }, seconds(15)));
  EXPECT_NE(ended_->message().find("the disk hangs"), absl::string_view::npos) << *ended_;
}

TEST_F(BrokerTest, AFlushThatFailsEndsTheBroker) {
  commit_registration(1);
  commit_topic(1);
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return serving_; }));
  simulation_.run_for(milliseconds(50));
  auto client = connect();
  disk_.fail_syncs(-1);
  EXPECT_NE(produce(*client).first, 0);
  EXPECT_TRUE(until([&] { return ended_.has_value(); }, seconds(3)));
  EXPECT_FALSE(ended_->ok());
}

TEST_F(BrokerTest, AFullDiskRefusesProduceAndResumesByItself) {
  commit_registration(1);
  commit_topic(1);
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return serving_; }));
  simulation_.run_for(milliseconds(50));
  auto client = connect();
  EXPECT_EQ(produce(*client).first, 0);
  disk_.set_capacity(512 << 10);
  simulation_.run_for(milliseconds(1100));
  EXPECT_EQ(produce(*client).first, 56);
  disk_.set_capacity(uint64_t{1} << 40);
  simulation_.run_for(milliseconds(1100));
  EXPECT_EQ(produce(*client).first, 0);
}

TEST_F(BrokerTest, S12_ADuplicateEndsWithTheReason) {
  controller_.refuse_finally = true;
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return ended_.has_value(); }));
  EXPECT_NE(ended_->message().find("a twin is running"), absl::string_view::npos);
}

TEST_F(BrokerTest, ADirectoryOfAnotherNodeIsRefusedWithBothIds) {
  commit_registration(1);
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return serving_; }));
  stop_objects();
  disk_.kill();
  const absl::Status status = start(2);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("1"), absl::string_view::npos) << status;
  EXPECT_NE(status.message().find("2"), absl::string_view::npos) << status;
}

TEST_F(BrokerTest, APortInUseIsToldBeforeTheClusterHearsOfThisBroker) {
  SimExecutor& other = simulation_.start_node("other");
  SimTransport transport(network_, "other");
  auto listening =
      transport.listen(endpoint_, {Channel::kKafka}, {&other}, [](Channel, LinkPtr) {});
  ASSERT_TRUE(listening.ok());
  const absl::Status status = start();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("9092"), absl::string_view::npos) << status;
  EXPECT_NE(status.message().find("PLAINTEXT"), absl::string_view::npos) << status;
}

TEST_F(BrokerTest, DefaultsForTopicsAreOfferedToTheClusterBeforeServing) {
  commit_registration(1);
  topic_defaults_ = {{"min.insync.replicas", "2"}};
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return controller_.last(proto::BrokerMessage::kAdmin) != nullptr; }));
  EXPECT_FALSE(serving_);
  const proto::ForwardedAdmin& asked = controller_.last(proto::BrokerMessage::kAdmin)->admin();
  const proto::ConfigResource& resource = asked.request().alter_configs().resources(0);
  EXPECT_EQ(resource.type(), 4);
  EXPECT_EQ(resource.name(), "");
  EXPECT_EQ(resource.changes(0).key(), "min.insync.replicas");
  EXPECT_EQ(resource.changes(0).value(), "2");
  proto::ControllerMessage answer;
  answer.mutable_admin()->set_correlation(asked.correlation());
  answer.mutable_admin()->mutable_answer()->mutable_alter_configs();
  controller_.say(answer);
  EXPECT_TRUE(until([&] { return serving_; }));
}

TEST_F(BrokerTest, ItsCountersAreShown) {
  commit_registration(1);
  commit_topic(1);
  ASSERT_TRUE(start().ok());
  ASSERT_TRUE(until([&] { return serving_; }));
  simulation_.run_for(milliseconds(50));
  auto client = connect();
  produce(*client);
  BrokerObservation observation(BrokerId{1}, {{"metadata", loop_}, {"io-0", loop_}});
  EXPECT_FALSE(observation.startup().ok());
  EXPECT_FALSE(observation.ready().ok());
  observation.show(*broker_);
  EXPECT_TRUE(observation.startup().ok());
  EXPECT_TRUE(observation.ready().ok()) << observation.ready().response().body;
  Exposition small;
  observation.collect({}, small);
  const std::string text = small.text();
  for (const char* line : {
           "kafka_network_requestmetrics_requests_total{request=\"Produce\"} 1\n",
           "barnabas_request_seconds_count{request=\"Produce\"} 1\n",
           "kafka_server_replicamanager_leadercount 1\n",
           "kafka_server_replicamanager_underreplicatedpartitions 0\n",
           "kafka_server_brokertopicmetrics_messagesin_total 1\n",
           "kafka_server_kafkaserver_brokerstate 3\n",
           "kafka_server_socket_server_metrics_connection_count 1\n",
       }) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("board"), std::string::npos) << text;
  Exposition full;
  observation.collect({true, "bo*", ""}, full);
  for (const char* line : {
           "kafka_topic_partitions{topic=\"board\"} 1\n",
           "kafka_topic_partition_current_offset{topic=\"board\",partition=\"0\"} 1\n",
           "kafka_server_brokertopicmetrics_messagesin_total{topic=\"board\"} 1\n",
       }) {
    EXPECT_NE(full.text().find(line), std::string::npos) << line << full.text();
  }
  Exposition other;
  observation.collect({true, "other", ""}, other);
  EXPECT_EQ(other.text().find("board"), std::string::npos) << other.text();
}

}  // namespace
}  // namespace barnabas::broker
