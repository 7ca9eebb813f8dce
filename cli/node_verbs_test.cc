// The verbs on nodes: list, drain, undrain.

#include "cli/node_verbs.h"

#include "cli/testing/verb_test.h"

namespace barnabas::cli {
namespace {

constexpr const char* kCluster = R"(
  describe_cluster {
    cluster_id: "VsFjLmEBRkCJx9ZcP0JXnQ" controller: 2 topics: 1 partitions: 3 index: 40
    brokers { id: 2 epoch: 7 state: "running" software: "0.1.0" listeners: "PLAINTEXT://127.0.0.1:9093"
              leaders: 2 replicas: 3 since_heartbeat_ms: 120 metadata_index: 40 }
    brokers { id: 1 epoch: 6 state: "running" rack: "r1" software: "0.1.0"
              listeners: "PLAINTEXT://127.0.0.1:9092" leaders: 0 replicas: 3 since_heartbeat_ms: 30
              metadata_index: 38 draining: true }
    brokers { id: 3 epoch: 8 state: "fenced" software: "0.1.0" since_heartbeat_ms: -1 }
  })";

// Of broker 2: one partition that broker 1 could lead if it did not drain, one that has one
// replica.
constexpr const char* kTopics = R"(
  describe_topics {
    topics { name: "board" partition_count: 2 replication_factor: 2
      partitions { index: 0 leader: 2 replicas: 2 replicas: 1 in_sync: 2 in_sync: 1 }
      partitions { index: 1 leader: 1 replicas: 2 replicas: 1 in_sync: 2 in_sync: 1 } }
    topics { name: "alone" partition_count: 1 replication_factor: 1
      partitions { index: 0 leader: 2 replicas: 2 in_sync: 2 } }
  })";

class NodeVerbs : public VerbTest {
 protected:
  using Request = proto::AdminRequest;
  NodeVerbs() {
    given(Request::kDescribeCluster, kCluster);
    given(Request::kDescribeTopics, kTopics);
    given(Request::kDrainBroker, "drain_broker { still_leading: 2 }");
  }
  proto::BrokerView& broker(int index) {
    return *answers[Request::kDescribeCluster].mutable_describe_cluster()->mutable_brokers(index);
  }
  static int code(ExitCode exit) { return static_cast<int>(exit); }
};

TEST_F(NodeVerbs, ListShowsEachBroker) {
  expect_golden("node_list", [&](const Output& output) { return node_list(client, output); });
  out.str("");
  EXPECT_EQ(node_list(client, output(Format::kTable, true)), 0);
  EXPECT_EQ(out.str(), "1\n2\n3\n");
}

TEST_F(NodeVerbs, DrainEndsWhenNothingIsLedAnyMore) {
  on = [&](const Request& request) {
    // One leadership moves at each look.
    if (request.kind_case() == Request::kDescribeCluster && asked[Request::kDescribeCluster] > 1) {
      broker(0).set_leaders(std::max(0, broker(0).leaders() - 1));
    }
  };
  EXPECT_EQ(node_drain(client, output(), {2, true}, patience, Milliseconds(60'000)), 0);
  EXPECT_EQ(out.str(), "node 2 is drained: it leads nothing\n");
  EXPECT_EQ(asked[Request::kDescribeTopics], 0);
  EXPECT_EQ(asked[Request::kDrainBroker], 1);
}

TEST_F(NodeVerbs, DrainNamesWhatNobodyElseCanLead) {
  broker(0).set_draining(true);
  expect_golden("node_drain_stuck", [&](const Output& output) {
    return node_drain(client, output, {2, true}, patience, Milliseconds(60'000));
  });
  EXPECT_LT(now, Milliseconds(5000));  // it did not wait for what cannot come
}

TEST_F(NodeVerbs, DrainWaitsForWhatCanMoveAndSaysHowItGoesOn) {
  broker(1).set_draining(false);  // broker 1 could lead board:0
  EXPECT_EQ(node_drain(client, output(), {2, true}, patience, Milliseconds(5000)),
            code(ExitCode::kTimedOut));
  EXPECT_NE(out.str().find("board:0      it has not moved yet"), std::string::npos) << out.str();
  EXPECT_NE(err.str().find("still leads 2 of 2 after 2"), std::string::npos) << err.str();
}

TEST_F(NodeVerbs, DrainWithoutWaitingOnlyAsks) {
  EXPECT_EQ(node_drain(client, output(), {2, false}, patience, Milliseconds(5000)), 0);
  EXPECT_EQ(out.str(), "node 2 is drained: it still leads 2 partitions\n");
  EXPECT_EQ(now, Milliseconds(0));
}

TEST_F(NodeVerbs, UndrainLetsItLeadAgain) {
  expect_golden("node_undrain",
                [&](const Output& output) { return node_undrain(client, output, {2, true}); });
  EXPECT_TRUE(last.drain_broker().undo());
}

TEST_F(NodeVerbs, ABrokerThatIsNotThereIsNotFound) {
  given(Request::kDrainBroker, R"(error { code: 102 message: "There is no broker 9." })");
  EXPECT_EQ(node_drain(client, output(), {9, true}, patience, Milliseconds(5000)),
            code(ExitCode::kNotFound));
  EXPECT_EQ(node_undrain(client, output(), {9, true}), code(ExitCode::kNotFound));
}

}  // namespace
}  // namespace barnabas::cli
