// What every Transport owes its users, asked of all of them: TCP, gRPC and the simulated one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/net/event_loop.h"
#include "common/net/grpc_link.h"
#include "common/net/tcp.h"
#include "common/sim/sim_transport.h"
#include "common/transport.h"

namespace barnabas {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kQueueLimit = 1024 * 1024;

// Two sides that can reach each other, and the time in which they live.
class World {
 public:
  virtual ~World() = default;
  virtual Transport& server() = 0;
  virtual Transport& client() = 0;
  virtual Executor& server_loop() = 0;
  virtual Executor& client_loop() = 0;
  virtual Channel channel() = 0;
  virtual bool run(std::function<bool()> done, Duration limit) = 0;
};

class TcpWorld final : public World {
 public:
  Transport& server() override { return transport_; }
  Transport& client() override { return transport_; }
  Executor& server_loop() override { return loop_; }
  Executor& client_loop() override { return loop_; }
  Channel channel() override { return Channel::kFetch; }
  bool run(std::function<bool()> done, Duration limit) override {
    return loop_.run_until(std::move(done), loop_.now() + limit);
  }

 private:
  static TcpOptions options() {
    TcpOptions options;
    options.max_queued_bytes = kQueueLimit;
    return options;
  }
  EventLoop loop_;
  TcpTransport transport_{options()};
};

class GrpcWorld final : public World {
 public:
  Transport& server() override { return server_; }
  Transport& client() override { return client_; }
  Executor& server_loop() override { return loop_; }
  Executor& client_loop() override { return loop_; }
  Channel channel() override { return Channel::kRaft; }
  bool run(std::function<bool()> done, Duration limit) override {
    return loop_.run_until(std::move(done), loop_.now() + limit);
  }

 private:
  static GrpcOptions options() {
    GrpcOptions options;
    options.max_queued_bytes = kQueueLimit;
    return options;
  }
  EventLoop loop_;
  GrpcTransport server_{options()};
  GrpcTransport client_{options()};
};

class SimWorld final : public World {
 public:
  explicit SimWorld(Channel channel) : channel_(channel) {
    network_.options().max_queued_bytes = kQueueLimit;
  }
  Transport& server() override { return server_; }
  Transport& client() override { return client_; }
  Executor& server_loop() override { return server_loop_; }
  Executor& client_loop() override { return client_loop_; }
  Channel channel() override { return channel_; }
  bool run(std::function<bool()> done, Duration limit) override {
    return simulation_.run_until(std::move(done), simulation_.now() + limit);
  }

 private:
  const Channel channel_;
  Simulation simulation_{7};
  SimNetwork network_{simulation_};
  SimExecutor& server_loop_ = simulation_.start_node("server");
  SimExecutor& client_loop_ = simulation_.start_node("client");
  SimTransport server_{network_, "server"};
  SimTransport client_{network_, "client"};
};

struct Kind {
  const char* name;
  std::unique_ptr<World> (*make)();
};

class TransportContract : public testing::TestWithParam<Kind> {
 protected:
  // Records, and checks that no event comes from inside a call.
  struct Sink final : LinkSink {
    std::function<void(const std::string&)> on_frame;
    std::function<void()> on_closed;
    bool inside_call = false;
    int opens = 0, drains = 0;
    std::vector<std::string> frames;
    std::optional<Close> why;
    void opened() override {
      EXPECT_FALSE(inside_call);
      EXPECT_TRUE(frames.empty());
      ++opens;
    }
    void frame(Buffer bytes) override {
      EXPECT_FALSE(inside_call);
      EXPECT_FALSE(why.has_value());
      EXPECT_TRUE(bytes.empty() || !bytes.borrowed());
      frames.emplace_back(bytes.view());
      if (on_frame) on_frame(frames.back());
    }
    void drained() override {
      EXPECT_FALSE(inside_call);
      ++drains;
    }
    void closed(Close reason) override {
      EXPECT_FALSE(inside_call);
      EXPECT_FALSE(why.has_value()) << "closed() comes once";
      why = reason;
      if (on_closed) on_closed();
    }
  };
  struct Side {
    LinkPtr link;
    Sink sink;
  };

  void SetUp() override { world_ = GetParam().make(); }
  void TearDown() override {
    client_.link.reset();
    accepted_.clear();
    listening_.reset();
    world_.reset();
  }

  void listen() {
    auto listening =
        world_->server().listen({"127.0.0.1", 0}, {world_->channel()}, {&world_->server_loop()},
                                [this](Channel channel, LinkPtr link) {
                                  EXPECT_EQ(channel, world_->channel());
                                  EXPECT_TRUE(world_->server_loop().here());
                                  auto& side = *accepted_.emplace_back(std::make_unique<Side>());
                                  side.link = std::move(link);
                                  if (on_accept_) return on_accept_(side);
                                  side.link->start(side.sink);
                                });
    ASSERT_TRUE(listening.ok()) << listening.status();
    listening_ = *std::move(listening);
  }
  LinkPtr dial(Sink& sink) { return dial(listening_->endpoint(), sink); }
  LinkPtr dial(const Endpoint& to, Sink& sink) {
    sink.inside_call = true;
    LinkPtr link = world_->client().dial(to, world_->channel(), world_->client_loop(), sink);
    sink.inside_call = false;
    return link;
  }
  void connect() {
    listen();
    client_.link = dial(client_.sink);
    ASSERT_TRUE(run([&] { return client_.sink.opens == 1 && accepted_.size() == 1; }));
  }
  Side& server() { return *accepted_.at(0); }
  static bool send(Side& side, std::string frame) {
    side.sink.inside_call = true;
    const bool more = side.link->send({Buffer::own(std::move(frame))});
    side.sink.inside_call = false;
    return more;
  }
  static void close(Side& side) {
    side.sink.inside_call = true;
    side.link->close();
    side.sink.inside_call = false;
  }
  bool run(std::function<bool()> done) { return world_->run(std::move(done), seconds(20)); }
  void idle(Duration time) {
    world_->run([] { return false; }, time);
  }
  Endpoint nobody() {
    auto listening = world_->server().listen({"127.0.0.1", 0}, {world_->channel()},
                                             {&world_->server_loop()}, [](Channel, LinkPtr) {});
    EXPECT_TRUE(listening.ok()) << listening.status();
    const Endpoint endpoint = (*listening)->endpoint();
    listening->reset();
    idle(milliseconds(1));
    return endpoint;
  }

  std::unique_ptr<World> world_;
  std::unique_ptr<Listening> listening_;
  std::function<void(Side&)> on_accept_;
  std::vector<std::unique_ptr<Side>> accepted_;
  Side client_;
};

TEST_P(TransportContract, FramesArriveWholeAndInOrderBothWays) {
  connect();
  std::vector<std::string> sent;
  for (int i = 0; i < 300; ++i) {
    sent.push_back(
        std::string(static_cast<size_t>(i * 37 % 5000), static_cast<char>('a' + i % 26)) +
        std::to_string(i));
    send(client_, sent.back());
    send(server(), sent.back());
  }
  ASSERT_TRUE(run([&] {
    return server().sink.frames.size() == sent.size() && client_.sink.frames.size() == sent.size();
  }));
  EXPECT_EQ(server().sink.frames, sent);
  EXPECT_EQ(client_.sink.frames, sent);
  EXPECT_EQ(client_.sink.opens, 1);
  EXPECT_EQ(server().sink.opens, 0) << "an accepted link is open from the start";
}

TEST_P(TransportContract, AnEmptyFrameIsAFrame) {
  connect();
  send(client_, "");
  send(client_, "after");
  ASSERT_TRUE(run([&] { return server().sink.frames.size() == 2; }));
  EXPECT_EQ(server().sink.frames, (std::vector<std::string>{"", "after"}));
}

TEST_P(TransportContract, AFrameOfManyPiecesAndMebibytesArrivesUnchanged) {
  connect();
  BufferChain chain;
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    chain.push_back(
        Buffer::own(std::string(100000 + static_cast<size_t>(i), static_cast<char>(i))));
    expected.append(chain.back().view());
  }
  const std::string borrowed = "lives as long as the call";
  chain.push_back(Buffer::borrow(borrowed));
  expected += borrowed;
  client_.link->send(std::move(chain));
  ASSERT_TRUE(run([&] { return server().sink.frames.size() == 1; }));
  EXPECT_EQ(server().sink.frames[0], expected);
}

TEST_P(TransportContract, WhatIsSentBeforeTheLinkIsOpenArrivesInOrder) {
  listen();
  client_.link = dial(client_.sink);
  for (const char* frame : {"1", "2", "3"}) send(client_, frame);
  ASSERT_TRUE(run([&] { return !accepted_.empty() && server().sink.frames.size() == 3; }));
  EXPECT_EQ(server().sink.frames, (std::vector<std::string>{"1", "2", "3"}));
}

TEST_P(TransportContract, DiallingWhereNobodyListensIsRefused) {
  client_.link = dial(nobody(), client_.sink);
  ASSERT_TRUE(run([&] { return client_.sink.why.has_value(); }));
  EXPECT_EQ(client_.sink.why, Close::kRefused);
  EXPECT_EQ(client_.sink.opens, 0);
}

TEST_P(TransportContract, ARefusalDoesNotDelayTheNextAttempt) {
  const Endpoint to = nobody();
  for (int i = 0; i < 5; ++i) {
    Side attempt;
    attempt.link = dial(to, attempt.sink);
    ASSERT_TRUE(run([&] { return attempt.sink.why.has_value(); }));
    EXPECT_EQ(attempt.sink.why, Close::kRefused);
  }
  auto listening = world_->server().listen(
      to, {world_->channel()}, {&world_->server_loop()}, [this](Channel, LinkPtr link) {
        auto& side = *accepted_.emplace_back(std::make_unique<Side>());
        side.link = std::move(link);
        side.link->start(side.sink);
      });
  ASSERT_TRUE(listening.ok()) << listening.status();
  listening_ = *std::move(listening);
  const Instant start = world_->client_loop().now();
  client_.link = dial(to, client_.sink);
  ASSERT_TRUE(run([&] { return client_.sink.opens == 1; }));
  EXPECT_LT(world_->client_loop().now() - start, milliseconds(900));
}

TEST_P(TransportContract, CloseSendsWhatIsQueuedAndBothSidesHearOfIt) {
  connect();
  std::string large(700000, 'x');
  for (int i = 0; i < 3; ++i) send(client_, large);
  close(client_);
  ASSERT_TRUE(run([&] { return client_.sink.why && server().sink.why; }));
  EXPECT_EQ(client_.sink.why, Close::kLocal);
  EXPECT_EQ(server().sink.why, Close::kPeer);
  EXPECT_EQ(server().sink.frames, (std::vector<std::string>{large, large, large}));
}

TEST_P(TransportContract, TheAcceptingSideMayCloseToo) {
  connect();
  send(server(), "bye");
  close(server());
  ASSERT_TRUE(run([&] { return client_.sink.why && server().sink.why; }));
  EXPECT_EQ(server().sink.why, Close::kLocal);
  EXPECT_EQ(client_.sink.why, Close::kPeer);
  EXPECT_EQ(client_.sink.frames, std::vector<std::string>{"bye"});
}

TEST_P(TransportContract, WhatTheAcceptingSideSendsAndClosesAtOnceStillArrives) {
  on_accept_ = [](Side& side) {
    side.link->start(side.sink);
    send(side, "bye");
    close(side);
  };
  listen();
  client_.link = dial(client_.sink);
  ASSERT_TRUE(run([&] { return client_.sink.why && !accepted_.empty() && server().sink.why; }));
  EXPECT_EQ(server().sink.why, Close::kLocal);
  EXPECT_EQ(client_.sink.why, Close::kPeer);
  EXPECT_EQ(client_.sink.frames, std::vector<std::string>{"bye"});
}

TEST_P(TransportContract, CloseBeforeTheLinkIsOpenEndsTheAttempt) {
  listen();
  client_.link = dial(client_.sink);
  close(client_);
  ASSERT_TRUE(run([&] { return client_.sink.why.has_value(); }));
  EXPECT_EQ(client_.sink.why, Close::kLocal);
}

TEST_P(TransportContract, DestroyingALinkEndsItsEventsAndThePeerHearsOfIt) {
  connect();
  send(server(), "too late");
  client_.link.reset();
  ASSERT_TRUE(run([&] { return server().sink.why.has_value(); }));
  EXPECT_EQ(server().sink.why, Close::kPeer);
  EXPECT_FALSE(client_.sink.why.has_value());
  EXPECT_TRUE(client_.sink.frames.empty());
}

TEST_P(TransportContract, ALinkMayBeDestroyedFromInsideItsEvents) {
  connect();
  server().sink.on_frame = [&](const std::string&) { server().link.reset(); };
  client_.sink.on_closed = [&] { client_.link.reset(); };
  send(client_, "1");
  send(client_, "2");
  ASSERT_TRUE(run([&] { return client_.sink.why.has_value(); }));
  EXPECT_EQ(client_.link, nullptr);
  EXPECT_EQ(server().sink.frames, std::vector<std::string>{"1"});
  EXPECT_FALSE(server().sink.why.has_value());
}

TEST_P(TransportContract, AfterALinkHasClosedItTakesCallsAndDoesNothing) {
  connect();
  server().link.reset();
  ASSERT_TRUE(run([&] { return client_.sink.why.has_value(); }));
  EXPECT_TRUE(send(client_, "nobody hears"));
  client_.link->mute(true);
  client_.link->mute(false);
  close(client_);
  idle(milliseconds(20));
}

TEST_P(TransportContract, WhileMutedNothingIsDeliveredAndAfterwardsEverything) {
  connect();
  server().sink.on_frame = [&](const std::string& frame) {
    if (frame == "2") server().link->mute(true);
  };
  for (const char* frame : {"1", "2", "3", "4"}) send(client_, frame);
  ASSERT_TRUE(run([&] { return server().sink.frames.size() == 2; }));
  idle(milliseconds(30));
  send(client_, "5");
  idle(milliseconds(30));
  EXPECT_EQ(server().sink.frames, (std::vector<std::string>{"1", "2"}));
  server().link->mute(false);
  ASSERT_TRUE(run([&] { return server().sink.frames.size() == 5; }));
  EXPECT_EQ(server().sink.frames, (std::vector<std::string>{"1", "2", "3", "4", "5"}));
}

TEST_P(TransportContract, WhatArrivesBeforeStartIsDeliveredAfterIt) {
  on_accept_ = [](Side&) {};
  listen();
  client_.link = dial(client_.sink);
  send(client_, "early");
  ASSERT_TRUE(run([&] { return client_.sink.opens == 1 && accepted_.size() == 1; }));
  idle(milliseconds(20));
  EXPECT_TRUE(server().sink.frames.empty());
  server().sink.inside_call = true;
  server().link->start(server().sink);
  server().sink.inside_call = false;
  ASSERT_TRUE(run([&] { return server().sink.frames.size() == 1; }));
}

TEST_P(TransportContract, BeyondTheByteLimitSendSaysSoAndDrainedFollows) {
  connect();
  server().link->mute(true);
  const std::string frame(100000, 'x');
  size_t sent = 0;
  bool more = true;
  while (more && sent < 10000) {
    more = send(client_, frame);
    ++sent;
  }
  EXPECT_FALSE(more);
  EXPECT_GT(sent * frame.size(), kQueueLimit / 2);
  EXPECT_EQ(client_.sink.drains, 0);
  server().link->mute(false);
  ASSERT_TRUE(run([&] { return client_.sink.drains == 1 && server().sink.frames.size() == sent; }));
  EXPECT_TRUE(send(client_, "small"));
  idle(milliseconds(5));
  EXPECT_EQ(client_.sink.drains, 1);
}

TEST_P(TransportContract, ManyLinksDoNotMixTheirFrames) {
  listen();
  std::vector<std::unique_ptr<Side>> clients;
  for (int i = 0; i < 20; ++i) {
    auto& side = *clients.emplace_back(std::make_unique<Side>());
    side.link = dial(side.sink);
    for (int k = 0; k < 5; ++k) send(side, std::to_string(i));
  }
  on_accept_ = [](Side& side) {
    side.sink.on_frame = [&side](const std::string& frame) { send(side, "echo " + frame); };
    side.link->start(side.sink);
  };
  ASSERT_TRUE(run([&] {
    for (const auto& side : clients) {
      if (side->sink.frames.size() < 5) return false;
    }
    return true;
  }));
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(clients[i]->sink.frames, testing::Each("echo " + std::to_string(i)));
  }
}

TEST_P(TransportContract, AProbeTellsWhetherSomeoneListens) {
  listen();
  const Endpoint free = nobody();
  std::vector<Probe> answers;
  for (const Endpoint& to : {listening_->endpoint(), free}) {
    const size_t before = answers.size();
    world_->client().probe(to, world_->client_loop(), [&](Probe p) { answers.push_back(p); });
    EXPECT_EQ(answers.size(), before) << "never from inside the call";
    ASSERT_TRUE(run([&] { return answers.size() > before; }));
  }
  EXPECT_EQ(answers, (std::vector<Probe>{Probe::kAccepted, Probe::kRefused}));
}

TEST_P(TransportContract, APortInUseIsAnErrorWithTheAddress) {
  listen();
  auto again = world_->server().listen(listening_->endpoint(), {world_->channel()},
                                       {&world_->server_loop()}, [](Channel, LinkPtr) {});
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(std::string(again.status().message()),
              testing::HasSubstr(to_string(listening_->endpoint())));
}

TEST_P(TransportContract, LinksKnowBothEnds) {
  connect();
  EXPECT_EQ(client_.link->peer(), listening_->endpoint());
  EXPECT_FALSE(server().link->peer().host.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, TransportContract,
    testing::Values(
        Kind{"Tcp", []() -> std::unique_ptr<World> { return std::make_unique<TcpWorld>(); }},
        Kind{"Grpc", []() -> std::unique_ptr<World> { return std::make_unique<GrpcWorld>(); }},
        Kind{
            "SimKafka",
            []() -> std::unique_ptr<World> { return std::make_unique<SimWorld>(Channel::kFetch); }},
        Kind{
            "SimRaft",
            []() -> std::unique_ptr<World> { return std::make_unique<SimWorld>(Channel::kRaft); }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace barnabas
