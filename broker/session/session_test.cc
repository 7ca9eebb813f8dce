#include "broker/session/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/testing/hand_controller.h"
#include "common/sim/sim_transport.h"
#include "common/sim/simulation.h"
#include "proto/session.pb.h"

namespace barnabas::broker {
namespace {

using testing_support::Quorum;
using Controller = testing_support::HandController;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Uuid kTopic = *Uuid::parse("AAAAAAAAAAAAAAAAAAAAAw");

struct Events final : SessionEvents {
  absl::Status registered(const std::string& cluster_id, BrokerEpoch epoch) override {
    log.push_back("registered " + cluster_id + " " + std::to_string(epoch.value()));
    return absl::OkStatus();
  }
  void image_changed(const metadata::Image& image, const metadata::Delta&, bool) override {
    indexes.push_back(image.index().value());
  }
  void caught_up() override {
    log.push_back("caught up");
    if (on_caught_up) on_caught_up();
  }
  void fenced(bool fenced) override { log.push_back(fenced ? "fenced" : "unfenced"); }
  void proposal_answered(const partition::InSyncProposal& proposal,
                         kafka::ErrorCode error) override {
    log.push_back("answered " + std::to_string(proposal.partition.index.value()) + " " +
                  std::to_string(static_cast<int>(error)));
  }
  void may_shut_down() override { log.push_back("may shut down"); }
  void refused(absl::Status why) override {
    log.push_back("refused: " + std::string(why.message()));
  }
  bool has(const std::string& line) const {
    return std::find(log.begin(), log.end(), line) != log.end();
  }
  std::function<void()> on_caught_up;
  std::vector<std::string> log;
  std::vector<int64_t> indexes;
};

class SessionTest : public testing::Test {
 protected:
  SessionTest()
      : simulation_(7),
        network_(simulation_),
        broker_(simulation_.start_node("broker")),
        transport_(network_, "broker"),
        random_(seeded_random(1)) {
    SessionOptions options;
    for (int id = 1; id <= 3; ++id) {
      controllers_.push_back(std::make_unique<Controller>(id, simulation_, network_, quorum_));
      options.controllers.push_back(controllers_.back()->endpoint());
    }
    options.self = BrokerId{1};
    options.incarnation = Uuid::make(*random_);
    options.directories = {Uuid::make(*random_)};
    session_ = std::make_unique<Session>(options, transport_, broker_, *random_, events_);
  }

  Controller& active() { return *controllers_[static_cast<size_t>(quorum_.active - 1)]; }
  bool until(std::function<bool()> done, Duration limit = seconds(2)) {
    return simulation_.run_until([&] { return done(); }, simulation_.now() + limit);
  }
  void start(int active_controller) {
    quorum_.active = active_controller;
    session_->start({{"PLAINTEXT", "127.0.0.1", 9092, "PLAINTEXT"}});
  }
  void start_and_catch_up(int active_controller) {
    start(active_controller);
    ASSERT_TRUE(until([&] { return events_.has("caught up"); }));
  }
  bool has_topic(const std::string& name) {
    bool found = false;
    session_->with_image(
        [&](const metadata::Image& image) { found = image.topic_by_name(name) != nullptr; });
    return found;
  }

  Simulation simulation_;
  SimNetwork network_;
  SimExecutor& broker_;
  SimTransport transport_;
  std::unique_ptr<Random> random_;
  Quorum quorum_;
  std::vector<std::unique_ptr<Controller>> controllers_;
  Events events_;
  std::unique_ptr<Session> session_;
};

TEST_F(SessionTest, RegistersWithTheActiveControllerWithinMilliseconds) {
  quorum_.commit_topic("board", kTopic);
  start(3);
  ASSERT_TRUE(until([&] { return events_.has("caught up"); }, milliseconds(20)));
  EXPECT_EQ(events_.log, (std::vector<std::string>{"registered castle 2", "caught up"}));
  EXPECT_TRUE(has_topic("board"));
  const proto::BrokerMessage* registration = active().last(proto::BrokerMessage::kRegister);
  ASSERT_NE(registration, nullptr);
  EXPECT_EQ(registration->register_().broker(), 1);
  EXPECT_EQ(registration->register_().listeners(0).port(), 9092u);
}

TEST_F(SessionTest, S13_AReplicaOutOfServiceIsSaidAtOnceAndInEveryHeartbeatAfterwards) {
  quorum_.commit_topic("board", kTopic);
  start_and_catch_up(1);
  const auto offline = [&] {
    const proto::BrokerMessage* beat = active().last(proto::BrokerMessage::kHeartbeat);
    return beat == nullptr ? 0 : beat->heartbeat().offline_replicas_size();
  };
  simulation_.run_for(milliseconds(10));
  EXPECT_EQ(offline(), 0);
  session_->out_of_service({kTopic, PartitionIndex{3}}, "its log is damaged");
  ASSERT_TRUE(until([&] { return offline() == 1; }, milliseconds(10)));
  const proto::BrokerMessage* beat = active().last(proto::BrokerMessage::kHeartbeat);
  EXPECT_EQ(beat->heartbeat().offline_replicas(0).topic_id(), kTopic.bytes());
  EXPECT_EQ(beat->heartbeat().offline_replicas(0).index(), 3);
  EXPECT_EQ(beat->heartbeat().offline_replicas(0).reason(), "its log is damaged");
  const uint64_t sequence = beat->heartbeat().sequence();
  ASSERT_TRUE(until([&] {
    const proto::BrokerMessage* last = active().last(proto::BrokerMessage::kHeartbeat);
    return last->heartbeat().sequence() > sequence + 1;
  }));
  EXPECT_EQ(offline(), 1);
}

TEST_F(SessionTest, WaitsForAControllerToBecomeActive) {
  start(-1);
  simulation_.run_for(seconds(1));
  EXPECT_TRUE(events_.log.empty());
  quorum_.active = 2;
  EXPECT_TRUE(until([&] { return events_.has("caught up"); }, milliseconds(200)));
}

TEST_F(SessionTest, IsUnfencedByTheFirstHeartbeatAfterItIsReady) {
  events_.on_caught_up = [&] { session_->set_ready(); };
  start(1);
  EXPECT_TRUE(until([&] { return events_.has("unfenced"); }, milliseconds(100)));
}

TEST_F(SessionTest, SendsAHeartbeatEvery400Milliseconds) {
  events_.on_caught_up = [&] { session_->set_ready(); };
  start_and_catch_up(1);
  simulation_.run_for(milliseconds(200));
  const size_t before = active().count(proto::BrokerMessage::kHeartbeat);
  simulation_.run_for(seconds(4));
  EXPECT_NEAR(static_cast<double>(active().count(proto::BrokerMessage::kHeartbeat) - before), 10,
              1);
}

TEST_F(SessionTest, AttachesToTheNextControllerAndResumesWhereItStopped) {
  quorum_.commit_topic("board", kTopic);
  start_and_catch_up(1);
  simulation_.kill("controller-1");
  quorum_.active = 2;
  ASSERT_TRUE(until([&] { return active().last(proto::BrokerMessage::kFollow) != nullptr; },
                    milliseconds(200)));
  const proto::BrokerMessage* attach = active().last(proto::BrokerMessage::kAttach);
  ASSERT_NE(attach, nullptr);
  EXPECT_EQ(attach->attach().epoch(), 2);
  EXPECT_EQ(attach->attach().cluster_id(), "castle");
  EXPECT_EQ(active().follow_from, 2);
}

// All three controllers are replaced while this broker runs.
TEST_F(SessionTest, ControllersThatItsFileDoesNotNameAreFoundAfterTheyWereToldOf) {
  start_and_catch_up(1);
  controllers_.push_back(std::make_unique<Controller>(4, simulation_, network_, quorum_));
  proto::ControllerMessage message;
  message.mutable_heartbeat()->add_controllers(to_string(controllers_[3]->endpoint()));
  active().say(message);
  simulation_.run_for(milliseconds(20));
  for (int id : {1, 2, 3}) simulation_.kill("controller-" + std::to_string(id));
  quorum_.active = 4;
  EXPECT_TRUE(until([&] { return active().last(proto::BrokerMessage::kAttach) != nullptr; },
                    milliseconds(500)));
}

TEST_F(SessionTest, AControllerThatFallsSilentIsLeftForAnother) {
  start_and_catch_up(1);
  simulation_.pause("controller-1");
  quorum_.active = 3;
  EXPECT_TRUE(
      until([&] { return active().last(proto::BrokerMessage::kAttach) != nullptr; }, seconds(3)));
}

TEST_F(SessionTest, S8_NothingThatWouldTakeTheImageBackIsApplied) {
  quorum_.commit_topic("board", kTopic);
  start_and_catch_up(1);
  const auto applied = events_.indexes;
  active().say_committed(quorum_.log[0]);  // a second time
  simulation_.run_for(milliseconds(50));
  EXPECT_EQ(events_.indexes, applied);
  // A snapshot of an older index: the stream is dropped, the image stays.
  metadata::Image older;
  proto::Decision decision;
  proto::Topic& topic = *decision.add_records()->mutable_topic();
  topic.set_name("castle");
  topic.set_id(kTopic.bytes());
  older.apply(LogIndex{1}, decision);
  proto::ControllerMessage message;
  message.mutable_image_chunk()->set_index(1);
  message.mutable_image_chunk()->set_bytes(older.to_proto().SerializeAsString());
  message.mutable_image_chunk()->set_last(true);
  active().say(message);
  ASSERT_TRUE(until([&] { return active().last(proto::BrokerMessage::kAttach) != nullptr; }));
  EXPECT_TRUE(until([&] { return active().follow_from == 2; }));
  EXPECT_TRUE(has_topic("board"));
}

TEST_F(SessionTest, S8_AStreamThatStandsStillWhileTheCommitIndexGrowsIsLeft) {
  start_and_catch_up(1);
  quorum_.commit_topic("board", kTopic);  // committed, and never pushed
  EXPECT_FALSE(has_topic("board"));
  EXPECT_TRUE(until([&] { return has_topic("board"); }, seconds(6)));
}

TEST_F(SessionTest, ASnapshotInPiecesReplacesTheImage) {
  start_and_catch_up(1);
  metadata::Image image;
  proto::Decision decision;
  proto::Topic& topic = *decision.add_records()->mutable_topic();
  topic.set_name("castle");
  topic.set_id(kTopic.bytes());
  image.apply(LogIndex{9}, decision);
  const std::string bytes = image.to_proto().SerializeAsString();
  for (size_t at = 0; at < bytes.size(); at += 5) {
    proto::ControllerMessage message;
    message.mutable_image_chunk()->set_index(9);
    message.mutable_image_chunk()->set_bytes(bytes.substr(at, 5));
    message.mutable_image_chunk()->set_last(at + 5 >= bytes.size());
    active().say(message);
  }
  EXPECT_TRUE(until([&] { return has_topic("castle"); }));
  EXPECT_EQ(events_.indexes.back(), 9);
}

TEST_F(SessionTest, S12_ABrokerThatIsToldItIsADuplicateEnds) {
  controllers_[0]->refuse_finally = true;
  start(1);
  ASSERT_TRUE(until([&] { return !events_.log.empty(); }));
  EXPECT_NE(events_.log[0].find("refused"), std::string::npos);
  EXPECT_NE(events_.log[0].find("a twin is running"), std::string::npos);
  const size_t asked = controllers_[0]->got().size();
  simulation_.run_for(seconds(2));
  EXPECT_EQ(controllers_[0]->got().size(), asked);
}

TEST_F(SessionTest, ProposalsThatComeTogetherTravelTogether) {
  start_and_catch_up(1);
  for (int i = 0; i < 5; ++i) {
    partition::InSyncProposal proposal;
    proposal.partition = {kTopic, PartitionIndex{i}};
    session_->propose(proposal);
  }
  ASSERT_TRUE(
      until([&] { return active().last(proto::BrokerMessage::kAlterPartitions) != nullptr; }));
  EXPECT_EQ(active().count(proto::BrokerMessage::kAlterPartitions), 1u);
  EXPECT_EQ(
      active().last(proto::BrokerMessage::kAlterPartitions)->alter_partitions().partitions_size(),
      5);
}

TEST_F(SessionTest, S14_AProposalWithUnknownOutcomeIsSentAgainUntilItIsAnswered) {
  start_and_catch_up(1);
  partition::InSyncProposal proposal;
  proposal.partition = {kTopic, PartitionIndex{4}};
  session_->propose(proposal);
  ASSERT_TRUE(
      until([&] { return active().last(proto::BrokerMessage::kAlterPartitions) != nullptr; }));
  simulation_.kill("controller-1");
  quorum_.active = 2;
  ASSERT_TRUE(
      until([&] { return active().last(proto::BrokerMessage::kAlterPartitions) != nullptr; }));
  EXPECT_FALSE(events_.has("answered 4 0"));
  proto::ControllerMessage answer;
  proto::AlterPartitionsAnswer& out = *answer.mutable_alter_partitions();
  out.set_correlation(
      active().last(proto::BrokerMessage::kAlterPartitions)->alter_partitions().correlation());
  proto::AlteredPartition& line = *out.add_partitions();
  line.set_topic_id(kTopic.bytes());
  line.set_index(4);
  active().say(answer);
  EXPECT_TRUE(until([&] { return events_.has("answered 4 0"); }));
}

TEST_F(SessionTest, AnAdminRequestKeepsItsNumberAcrossControllers) {
  start_and_catch_up(1);
  proto::AdminRequest request;
  request.mutable_delete_topics()->add_topics()->set_name("board");
  absl::StatusOr<proto::AdminAnswer> answered = absl::UnknownError("not yet");
  session_->admin(request, seconds(5),
                  [&](absl::StatusOr<proto::AdminAnswer> answer) { answered = answer; });
  ASSERT_TRUE(until([&] { return active().last(proto::BrokerMessage::kAdmin) != nullptr; }));
  const proto::AdminRequest first = active().last(proto::BrokerMessage::kAdmin)->admin().request();
  EXPECT_EQ(first.client().size(), 16u);
  EXPECT_EQ(first.sequence(), 1u);
  simulation_.kill("controller-1");
  quorum_.active = 3;
  ASSERT_TRUE(until([&] { return active().last(proto::BrokerMessage::kAdmin) != nullptr; }));
  const proto::ForwardedAdmin& again = active().last(proto::BrokerMessage::kAdmin)->admin();
  EXPECT_EQ(again.request().client(), first.client());
  EXPECT_EQ(again.request().sequence(), 1u);
  proto::ControllerMessage answer;
  answer.mutable_admin()->set_correlation(again.correlation());
  answer.mutable_admin()->mutable_answer()->mutable_delete_topics()->set_index(5);
  active().say(answer);
  ASSERT_TRUE(until([&] { return answered.ok(); }));
  EXPECT_EQ(answered->delete_topics().index(), 5);
}

// The controller remembers one outcome for each client id (S3).
TEST_F(SessionTest, S3_OneRequestOfAClientIdIsUnderWayAtATime) {
  start_and_catch_up(1);
  for (int i = 0; i < 3; ++i) {
    proto::AdminRequest request;
    request.set_client_host("10.0.0.1");
    request.mutable_delete_topics();
    session_->admin(request, milliseconds(100 * (i + 1)), [](const auto&) {});
  }
  simulation_.run_for(milliseconds(50));
  EXPECT_EQ(active().count(proto::BrokerMessage::kAdmin), 1u);
  simulation_.run_for(milliseconds(100));  // the first is overdue, the next one's turn
  EXPECT_EQ(active().count(proto::BrokerMessage::kAdmin), 2u);
  EXPECT_EQ(active().last(proto::BrokerMessage::kAdmin)->admin().request().sequence(), 2u);
}

TEST_F(SessionTest, AnAdminRequestWithoutAnAnswerEndsAtItsDeadline) {
  quorum_.active = -1;
  session_->start({});
  absl::Status status;
  session_->admin(
      proto::AdminRequest(), milliseconds(300),
      [&](const absl::StatusOr<proto::AdminAnswer>& answer) { status = answer.status(); });
  simulation_.run_for(milliseconds(400));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(SessionTest, ProducerIdsAreAskedForAgainAfterAFailOver) {
  start_and_catch_up(1);
  absl::StatusOr<ProducerIdBlock> block = absl::UnknownError("not yet");
  session_->allocate_producer_ids([&](absl::StatusOr<ProducerIdBlock> got) { block = got; });
  ASSERT_TRUE(
      until([&] { return active().last(proto::BrokerMessage::kAllocateProducerIds) != nullptr; }));
  simulation_.kill("controller-1");
  quorum_.active = 2;
  ASSERT_TRUE(
      until([&] { return active().last(proto::BrokerMessage::kAllocateProducerIds) != nullptr; }));
  proto::ControllerMessage answer;
  proto::AllocateProducerIdsAnswer& out = *answer.mutable_allocate_producer_ids();
  out.set_correlation(active()
                          .last(proto::BrokerMessage::kAllocateProducerIds)
                          ->allocate_producer_ids()
                          .correlation());
  out.set_first(2000);
  out.set_count(1000);
  active().say(answer);
  ASSERT_TRUE(until([&] { return block.ok(); }));
  EXPECT_EQ(block->first, ProducerId{2000});
}

TEST_F(SessionTest, WaitersRunWhenTheIndexIsAppliedOrTheirTimeIsOver) {
  start_and_catch_up(1);
  std::vector<int> ran;
  session_->when_applied(LogIndex{2}, seconds(5), [&] { ran.push_back(1); });
  session_->when_applied(LogIndex{99}, milliseconds(200), [&] { ran.push_back(2); });
  simulation_.run_for(milliseconds(100));
  EXPECT_TRUE(ran.empty());
  quorum_.commit_topic("board", kTopic);
  active().say_committed(quorum_.log.back());
  simulation_.run_for(milliseconds(50));
  EXPECT_EQ(ran, std::vector<int>{1});
  simulation_.run_for(milliseconds(100));
  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
}

TEST_F(SessionTest, ACleanStopWaitsForTheControllersLeave) {
  events_.on_caught_up = [&] { session_->set_ready(); };
  start_and_catch_up(1);
  session_->want_shutdown();
  simulation_.run_for(milliseconds(300));
  EXPECT_FALSE(events_.has("may shut down"));
  active().may_shut_down = true;
  EXPECT_TRUE(until([&] { return events_.has("may shut down"); }, milliseconds(100)));
}

}  // namespace
}  // namespace barnabas::broker
