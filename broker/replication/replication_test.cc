// Fetcher and reporter against a leader whose answers the test writes, and followers that only
// remember what they were told.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/replication/leader_replication.h"
#include "common/bytes.h"
#include "common/sim/sim_transport.h"
#include "common/sim/simulation.h"
#include "kafka/messages/durable_report.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/headers.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::replication {
namespace {

using kafka::ErrorCode;
using partition::AfterFetch;
using partition::DurableReport;
using partition::DurableReportAnswer;
using partition::FetchedData;
using partition::FetchPosition;
using std::chrono::milliseconds;

const Uuid kTopic = Uuid::from_bytes("0123456789abcdef").value();
constexpr BrokerId kSelf{2}, kLeader{1};

class PlainFollower final : public Follower {
 public:
  explicit PlainFollower(int32_t index) : id_{kTopic, PartitionIndex{index}} {}
  const metadata::TopicPartition& id() const override { return id_; }
  void set_news(std::weak_ptr<partition::FollowerNews> to) override { news = to; }
  std::optional<FetchPosition> fetch_position(BrokerId leader) override {
    EXPECT_EQ(leader, kLeader);
    if (paused) return std::nullopt;
    return position;
  }
  AfterFetch fetched(BrokerId, const FetchPosition&, const FetchedData& data) override {
    ++answers;
    if (data.error != ErrorCode::kNone) return AfterFetch::kWait;
    position.agreed = true;
    return AfterFetch::kGoOn;
  }
  std::optional<DurableReport> report_due(BrokerId) override {
    if (reported == durable) return std::nullopt;
    return DurableReport{position.leader_epoch, Offset{durable}, LeaderEpoch{1}};
  }
  void report_answered(BrokerId, const DurableReport& sent,
                       const DurableReportAnswer& answer) override {
    if (answer.error != ErrorCode::kNone) return;
    reported = sent.durable_end.value();
    told = answer.high_watermark;
  }

  const metadata::TopicPartition id_;
  std::weak_ptr<partition::FollowerNews> news;
  FetchPosition position{LeaderEpoch{1}, Offset{0}, kNoLeaderEpoch, Offset{0}, Offset{0}, true};
  bool paused = false;
  int answers = 0;
  int64_t durable = -1;
  int64_t reported = -1;
  Offset told = kNoOffset;
};

// What arrives at the leader; nothing is answered unless the test says so.
class ScriptedLeader {
 public:
  struct Connection final : LinkSink {
    Connection(ScriptedLeader& leader_in, LinkPtr link_in)
        : leader(leader_in), link(std::move(link_in)) {
      link->start(*this);
    }
    void opened() override {}
    void frame(Buffer bytes) override {
      ByteReader in(bytes.view());
      kafka::RequestHeader header;
      ASSERT_TRUE(header.read(in, 2).ok());
      correlation = header.correlation_id;
      ++outstanding;
      most_outstanding = std::max(most_outstanding, outstanding);
      owner = bytes;  // the messages borrow from it
      // Which of the two connections it is shows in its first request.
      const bool fetch = header.request_api_key == kafka::FetchRequest::kApiKey;
      if (!known) (fetch ? leader.fetch_links : leader.report_links).push_back(this);
      ASSERT_TRUE(!known || was_fetch == fetch);
      known = true;
      was_fetch = fetch;
      if (fetch) {
        kafka::FetchRequest request;
        ASSERT_TRUE(request.read(in, header.request_api_version).ok());
        leader.fetches.push_back(std::move(request));
      } else {
        kafka::DurableReportRequest request;
        ASSERT_TRUE(request.read(in, header.request_api_version).ok());
        leader.reports.push_back(std::move(request));
      }
    }
    void closed(Close) override { link.reset(); }
    template <class Response>
    void answer(const Response& response, int16_t version) {
      kafka::MessageWriter out;
      kafka::ResponseHeader header;
      header.correlation_id = correlation;
      ASSERT_TRUE(header.write(out, 1).ok());
      ASSERT_TRUE(response.write(out, version).ok());
      --outstanding;
      link->send(out.finish());
    }

    ScriptedLeader& leader;
    bool known = false;
    bool was_fetch = false;
    LinkPtr link;
    Buffer owner;
    int32_t correlation = 0;
    int outstanding = 0;
    int most_outstanding = 0;
  };

  ScriptedLeader(SimNetwork& network, SimExecutor& loop) : transport(network, "leader") {
    auto made = transport.listen(
        {"leader", 9092}, {Channel::kFetch, Channel::kReport}, {&loop},
        [this](Channel, LinkPtr link) {
          connections.push_back(std::make_unique<Connection>(*this, std::move(link)));
        });
    EXPECT_TRUE(made.ok()) << made.status();
    listening = *std::move(made);
  }
  void answer_fetch(int32_t session, std::vector<std::pair<int32_t, ErrorCode>> lines = {}) {
    kafka::FetchResponse response;
    response.session_id = session;
    if (!lines.empty()) {
      response.responses.emplace_back();
      response.responses[0].topic_id = kTopic;
    }
    for (auto [index, error] : lines) {
      kafka::FetchResponse::PartitionData data;
      data.partition_index = index;
      data.error_code = static_cast<int16_t>(error);
      response.responses[0].partitions.push_back(data);
    }
    fetch_links.back()->answer(response, 17);
  }
  void answer_report(ErrorCode error, int64_t high_watermark) {
    kafka::DurableReportResponse response;
    for (const auto& topic : reports.back().topics) {
      response.topics.emplace_back();
      response.topics.back().topic_id = topic.topic_id;
      for (const auto& line : topic.partitions) {
        kafka::DurableReportResponse::PartitionAnswer out;
        out.partition = line.partition;
        out.error_code = static_cast<int16_t>(error);
        out.high_watermark = high_watermark;
        out.leader_epoch = line.leader_epoch;
        response.topics.back().partitions.push_back(out);
      }
    }
    report_links.back()->answer(response, 0);
  }
  static std::vector<int32_t> asked(const kafka::FetchRequest& request) {
    std::vector<int32_t> out;
    for (const auto& topic : request.topics) {
      for (const auto& line : topic.partitions) out.push_back(line.partition);
    }
    return out;
  }

  SimTransport transport;
  std::unique_ptr<Listening> listening;
  std::vector<std::unique_ptr<Connection>> connections;
  std::vector<Connection*> fetch_links, report_links;
  std::vector<kafka::FetchRequest> fetches;
  std::vector<kafka::DurableReportRequest> reports;
};

class ReplicationTest : public testing::Test {
 protected:
  ReplicationTest() {
    FetcherOptions options;
    options.self = kSelf;
    options.lost_leaders = &lost_leaders;
    replication =
        std::make_shared<LeaderReplication>(options, kLeader, transport, self, seeded_random(1));
    replication->set_epoch(BrokerEpoch{55});
    replication->assign({a, b});
    replication->connect({"leader", 9092});
    run();
  }
  ~ReplicationTest() override {
    replication->stop();
    run();
  }
  void run(Duration time = milliseconds(3)) { simulation.run_for(time); }
  void flushed(const std::shared_ptr<PlainFollower>& follower, int64_t durable) {
    follower->durable = durable;
    follower->news.lock()->flushed(follower);
  }

  Simulation simulation{3};
  SimNetwork network{simulation};
  SimExecutor& self = simulation.start_node("self");
  SimExecutor& other = simulation.start_node("leader");
  SimTransport transport{network, "self"};
  LostLeaders lost_leaders;
  ScriptedLeader leader{network, other};
  std::shared_ptr<PlainFollower> a = std::make_shared<PlainFollower>(0);
  std::shared_ptr<PlainFollower> b = std::make_shared<PlainFollower>(1);
  std::shared_ptr<LeaderReplication> replication;
};

TEST_F(ReplicationTest, TheFirstFetchAsksForEverythingAndSaysWhoAsks) {
  ASSERT_EQ(leader.fetches.size(), 1u);
  EXPECT_EQ(leader.asked(leader.fetches[0]), (std::vector<int32_t>{0, 1}));
  EXPECT_EQ(leader.fetches[0].replica_state.replica_id, 2);
  EXPECT_EQ(leader.fetches[0].replica_state.replica_epoch, 55);
  EXPECT_EQ(leader.fetches[0].session_id, 0);
  EXPECT_EQ(leader.fetches[0].session_epoch, 0);
  EXPECT_EQ(leader.fetches[0].max_wait_ms, 500);
}

TEST_F(ReplicationTest, InASessionOnlyWhatHasChangedIsNamed) {
  a->position.offset = Offset{7};
  leader.answer_fetch(77, {{0, ErrorCode::kNone}, {1, ErrorCode::kNone}});
  run();
  ASSERT_EQ(leader.fetches.size(), 2u);
  EXPECT_EQ(leader.fetches[1].session_id, 77);
  EXPECT_EQ(leader.fetches[1].session_epoch, 1);
  EXPECT_EQ(leader.asked(leader.fetches[1]), (std::vector<int32_t>{0}));
}

TEST_F(ReplicationTest, WithoutASessionEachFetchNamesEverything) {
  leader.answer_fetch(0, {{0, ErrorCode::kNone}, {1, ErrorCode::kNone}});
  run();
  ASSERT_EQ(leader.fetches.size(), 2u);
  EXPECT_EQ(leader.asked(leader.fetches[1]), (std::vector<int32_t>{0, 1}));
}

TEST_F(ReplicationTest, S16_OneDataFetchIsOutstandingHoweverMuchHappens) {
  for (int i = 0; i < 20; ++i) {
    flushed(a, i);
    run();
  }
  EXPECT_EQ(leader.fetch_links.back()->most_outstanding, 1);
  EXPECT_EQ(leader.fetches.size(), 1u);
}

TEST_F(ReplicationTest, S16_AReportGoesOutWhileTheFetchIsParked) {
  flushed(a, 10);
  run();
  ASSERT_EQ(leader.reports.size(), 1u);
  EXPECT_EQ(leader.reports[0].broker_epoch, 55);
  EXPECT_EQ(leader.reports[0].topics[0].partitions[0].durable_end, 10);
  leader.answer_report(ErrorCode::kNone, 9);
  run();
  EXPECT_EQ(a->reported, 10);
  EXPECT_EQ(a->told, Offset{9});
}

TEST_F(ReplicationTest, S16_ReportsCoalesceWhileOneIsOutstanding) {
  flushed(a, 1);
  run();
  for (int i = 2; i < 20; ++i) {
    flushed(a, i);
    flushed(b, i);
    run();
  }
  ASSERT_EQ(leader.reports.size(), 1u);
  leader.answer_report(ErrorCode::kNone, 0);
  run();
  ASSERT_EQ(leader.reports.size(), 2u);  // one for all that came meanwhile
  ASSERT_EQ(leader.reports[1].topics[0].partitions.size(), 2u);
  EXPECT_EQ(leader.reports[1].topics[0].partitions[0].durable_end, 19);
}

TEST_F(ReplicationTest, ARefusedReportIsRepeatedWithAGrowingDelay) {
  flushed(a, 1);
  run();
  size_t sent = 0;
  for (int i = 0; i < 1000; ++i) {
    if (leader.reports.size() > sent) {
      sent = leader.reports.size();
      leader.answer_report(ErrorCode::kNotLeaderOrFollower, -1);
    }
    run(milliseconds(1));
  }
  EXPECT_GE(sent, 5u);
  EXPECT_LE(sent, 12u);
}

TEST_F(ReplicationTest, APartitionThatIsRefusedLeavesTheSessionForAWhile) {
  leader.answer_fetch(77, {{0, ErrorCode::kNotLeaderOrFollower}, {1, ErrorCode::kNone}});
  run();
  ASSERT_EQ(leader.fetches.size(), 2u);
  ASSERT_EQ(leader.fetches[1].forgotten_topics_data.size(), 1u);
  EXPECT_EQ(leader.fetches[1].forgotten_topics_data[0].partitions, (std::vector<int32_t>{0}));
  // The parked request ends in time for the next attempt.
  EXPECT_LE(leader.fetches[1].max_wait_ms, 5);
  run(milliseconds(5));
  leader.answer_fetch(77);
  run(milliseconds(10));
  ASSERT_EQ(leader.fetches.size(), 3u);
  EXPECT_EQ(leader.asked(leader.fetches[2]), (std::vector<int32_t>{0}));
}

TEST_F(ReplicationTest, ANewlyAssignedPartitionDoesNotWaitForAParkedFetch) {
  leader.answer_fetch(77, {{0, ErrorCode::kNone}, {1, ErrorCode::kNone}});
  run();
  auto c = std::make_shared<PlainFollower>(2);
  c->position.agreed = false;
  replication->assign({c});
  run(milliseconds(20));
  ASSERT_EQ(leader.fetch_links.size(), 2u);  // a new connection, and a full fetch
  EXPECT_EQ(leader.asked(leader.fetches.back()), (std::vector<int32_t>{0, 1, 2}));
  EXPECT_EQ(leader.fetches.back().session_id, 0);
  EXPECT_EQ(leader.fetches.back().max_wait_ms, 0);  // nothing is known of it yet
}

TEST_F(ReplicationTest, APausedPartitionGoesOnWhenItsDiskHasCaughtUp) {
  a->paused = b->paused = true;
  leader.answer_fetch(77, {{0, ErrorCode::kNone}, {1, ErrorCode::kNone}});
  run();
  EXPECT_EQ(leader.fetches.size(), 1u);
  a->paused = false;
  flushed(a, 1);
  run();
  EXPECT_EQ(leader.fetches.size(), 2u);
}

TEST_F(ReplicationTest, ALostSessionIsOpenedAnewAfterAShortWhile) {
  leader.answer_fetch(77, {{0, ErrorCode::kNone}, {1, ErrorCode::kNone}});
  run();
  kafka::FetchResponse response;
  response.error_code = static_cast<int16_t>(ErrorCode::kFetchSessionIdNotFound);
  leader.fetch_links.back()->answer(response, 17);
  run(milliseconds(10));
  ASSERT_EQ(leader.fetches.size(), 3u);
  EXPECT_EQ(leader.fetches[2].session_id, 0);
  EXPECT_EQ(leader.asked(leader.fetches[2]), (std::vector<int32_t>{0, 1}));
}

TEST_F(ReplicationTest, AfterABreakItConnectsAgainAndAsksForEverything) {
  flushed(a, 5);
  run();
  network.break_links("self", "leader");
  run(milliseconds(50));
  ASSERT_GE(leader.fetch_links.size(), 2u);
  EXPECT_EQ(leader.asked(leader.fetches.back()), (std::vector<int32_t>{0, 1}));
  ASSERT_GE(leader.reports.size(), 2u);  // the unanswered report too
  EXPECT_EQ(leader.reports.back().topics[0].partitions[0].durable_end, 5);
}

TEST_F(ReplicationTest, ALeaderThatDiesIsLostForAMoment) {
  EXPECT_TRUE(lost_leaders.recent(self.now()).empty());
  simulation.kill("leader");
  run(milliseconds(20));
  EXPECT_EQ(lost_leaders.recent(self.now()), std::vector<BrokerId>{kLeader});
  run(LostLeaders::kMoment);
  EXPECT_TRUE(lost_leaders.recent(self.now()).empty());
}

TEST_F(ReplicationTest, ALeaderThatAnswersAgainOrIsLeftOnPurposeIsNotLost) {
  network.break_links("self", "leader");
  run(milliseconds(50));
  ASSERT_GE(leader.fetch_links.size(), 2u);
  EXPECT_TRUE(lost_leaders.recent(self.now()).empty());
  replication->connect({"elsewhere", 9092});
  run();
  EXPECT_TRUE(lost_leaders.recent(self.now()).empty());
}

TEST_F(ReplicationTest, ALeaderThatIsGoneIsNotCalledWithoutEnd) {
  simulation.kill("leader");
  const uint64_t before = simulation.events_run();
  run(std::chrono::seconds(10));
  // Two connections, at most a handful of events for each attempt, half a second apart.
  EXPECT_LT(simulation.events_run() - before, 1000u);
}

}  // namespace
}  // namespace barnabas::replication
