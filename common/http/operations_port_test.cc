#include "common/http/operations_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "common/http/testing.h"
#include "common/net/event_loop.h"

namespace barnabas::http {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// They outlive what is posted to them, as a daemon's loops do.
struct Loops {
  LoopThread first{"first"};
  LoopThread second{"second"};
};

class Process final : public Observed {
 public:
  explicit Process(Loops& loops) : first(loops.first), second(loops.second) {}

  std::vector<Loop> loops() override {
    return {{"first", &first.loop()}, {"second", &second.loop()}};
  }
  void look() override {
    EXPECT_TRUE(first.loop().here());
    ++looks;
  }
  void collect(const MetricsQuery& query, Exposition& into) override {
    into.gauge("looks", "Looks.", looks);
    if (query.full) into.gauge("of_topic", "Of one topic.", 1, {{"topic", query.topic}});
  }
  Health ready() override {
    Health health;
    health.note("node", "\"7\"");
    if (!is_ready) health.fail("no controller is known");
    return health;
  }
  Health startup() override {
    Health health;
    if (!started) health.fail("3 of 10 partitions are recovered");
    return health;
  }

  std::atomic<int> looks = 0;
  std::atomic<bool> is_ready = true;
  std::atomic<bool> started = true;
  LoopThread& first;
  LoopThread& second;
};

// Keeps a loop from turning until it is destroyed.
class Obstacle {
 public:
  explicit Obstacle(EventLoop& loop) {
    loop.post([state = state_] {
      std::unique_lock lock(state->mutex);
      state->moved.wait(lock, [&] { return state->gone; });
    });
  }
  ~Obstacle() {
    const std::lock_guard lock(state_->mutex);
    state_->gone = true;
    state_->moved.notify_all();
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable moved;
    bool gone = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

class OperationsPortTest : public testing::Test {
 protected:
  OperationsPortTest() : process_(std::make_shared<Process>(loops_)) {
    OperationsOptions options;
    options.scrape_limit = milliseconds(30'000);
    options.live_limit = milliseconds(30'000);
    start(options);
  }
  void start(const OperationsOptions& options) {
    auto started = OperationsPort::start({"127.0.0.1", 0}, process_, options);
    ASSERT_TRUE(started.ok()) << started.status();
    port_ = *std::move(started);
  }
  // But not so impatient that a busy machine would look like a loop that hangs.
  void start_impatient() {
    OperationsOptions options;
    options.scrape_limit = milliseconds(500);
    options.live_limit = milliseconds(500);
    start(options);
  }
  std::string ask(const std::string& path) { return get(port_->endpoint(), path); }

  Loops loops_;
  std::shared_ptr<Process> process_;
  std::unique_ptr<OperationsPort> port_;
};

TEST_F(OperationsPortTest, MetricsAreTheDaemonsTheLoopsAndTheProcesss) {
  const std::string answer = ask("/metrics");
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(answer, HasSubstr("\nlooks 1\n"));
  EXPECT_THAT(answer, HasSubstr("barnabas_loop_lag_seconds{loop=\"second\"}"));
  EXPECT_THAT(answer, HasSubstr("\nprocess_resident_memory_bytes "));
  EXPECT_THAT(answer, HasSubstr("barnabas_thread_cpu_seconds_total{thread=\"first\"}"));
  EXPECT_THAT(answer, Not(HasSubstr("of_topic")));
  EXPECT_THAT(ask("/metrics"), HasSubstr("\nlooks 2\n"));
}

TEST_F(OperationsPortTest, FullMetricsMayBeAskedForOneTopic) {
  EXPECT_THAT(ask("/metrics/full?topic=board"), HasSubstr("of_topic{topic=\"board\"} 1"));
}

TEST_F(OperationsPortTest, AProcessWhoseLoopsTurnIsLive) {
  EXPECT_THAT(ask("/healthz/live"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(OperationsPortTest, ALoopThatDoesNotTurnIsNamedAndMetricsAreServedAllTheSame) {
  start_impatient();
  const Obstacle obstacle(process_->second.loop());
  const std::string answer = ask("/healthz/live");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("the loop second has not turned"));
  EXPECT_THAT(answer, Not(HasSubstr("first")));
  EXPECT_THAT(ask("/metrics"), HasSubstr("looks"));
}

TEST_F(OperationsPortTest, NothingIsReadyThatHangs) {
  start_impatient();
  const Obstacle obstacle(process_->first.loop());
  EXPECT_THAT(ask("/healthz/ready"), HasSubstr("the loop first does not answer"));
}

TEST_F(OperationsPortTest, ALoopThatIsBusyWithStartingDoesNotMakeTheProcessDead) {
  start_impatient();
  process_->started = false;
  const Obstacle obstacle(process_->first.loop());
  EXPECT_THAT(ask("/healthz/startup"), HasSubstr("3 of 10 partitions are recovered"));
  EXPECT_THAT(ask("/healthz/startup"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(ask("/healthz/ready"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(ask("/healthz/live"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(OperationsPortTest, ReadinessIsToldWithItsReasonsAsJson) {
  EXPECT_THAT(ask("/healthz/ready"),
              HasSubstr("\r\n\r\n{\"status\":\"ok\",\"reasons\":[],\"node\":\"\\\"7\\\"\"}"));
  process_->is_ready = false;
  const std::string answer = ask("/healthz/ready");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("\"reasons\":[\"no controller is known\"]"));
}

TEST_F(OperationsPortTest, WhatIsNotThereIsAnsweredWithWhatIs) {
  const std::string answer = ask("/metrcs");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(answer, HasSubstr("/metrics/full"));
}

TEST_F(OperationsPortTest, TheEndDoesNotWaitForLoopsThatHang) {
  auto obstacle = std::make_unique<Obstacle>(process_->first.loop());
  Client client(port_->endpoint());
  client.send("GET /metrics HTTP/1.0\r\n\r\n");
  get(port_->endpoint(), "/");  // the request before has been taken
  port_.reset();
  obstacle.reset();  // its task runs now, and answers nobody
  EXPECT_EQ(client.receive(), "");
}

}  // namespace
}  // namespace barnabas::http
