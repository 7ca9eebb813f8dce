// What only gRPC can get wrong; what every transport owes is in transport_contract_test.cc.

#include "common/net/grpc_link.h"

#include <glog/logging.h>
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/net/event_loop.h"
#include "common/net/real_transport.h"
#include "common/process.h"

namespace barnabas {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Recorder final : LinkSink {
  bool is_open = false;
  std::vector<std::string> frames;
  std::optional<Close> why;
  void opened() override { is_open = true; }
  void frame(Buffer bytes) override { frames.emplace_back(bytes.view()); }
  void closed(Close reason) override { why = reason; }
};

// A process of its own that accepts streams on a port and echoes, until it is killed. It is forked
// before this process has touched gRPC, which does not survive a fork.
class EchoProcess {
 public:
  EchoProcess() {
    int to_parent[2];
    PCHECK(::pipe(to_parent) == 0);
    pid_ = ::fork();
    if (pid_ == 0) serve(to_parent[1]);
    uint16_t port = 0;
    PCHECK(::read(to_parent[0], &port, sizeof port) == sizeof port);
    endpoint_ = {"127.0.0.1", port};
    ::close(to_parent[0]);
    ::close(to_parent[1]);
  }
  ~EchoProcess() { kill(SIGKILL); }
  void kill(int signal) {
    if (pid_ == 0) return;
    ::kill(pid_, signal);
    if (signal == SIGKILL) {
      ::waitpid(pid_, nullptr, 0);
      pid_ = 0;
    }
  }
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  struct Echo final : LinkSink {
    LinkPtr link;
    void opened() override {}
    void frame(Buffer bytes) override { link->send({std::move(bytes)}); }
    void closed(Close) override {}
  };
  [[noreturn]] static void serve(int to_parent) {
    EventLoop loop;
    GrpcTransport transport;
    std::vector<std::unique_ptr<Echo>> links;
    auto listening = transport.listen({"127.0.0.1", 0}, {Channel::kRaft, Channel::kController},
                                      {&loop}, [&](Channel, LinkPtr link) {
                                        auto& echo = *links.emplace_back(std::make_unique<Echo>());
                                        echo.link = std::move(link);
                                        echo.link->start(echo);
                                      });
    const uint16_t port = listening.ok() ? (*listening)->endpoint().port : 0;
    PCHECK(::write(to_parent, &port, sizeof port) == sizeof port);
    loop.run();
    ::_exit(0);
  }

  pid_t pid_ = 0;
  Endpoint endpoint_;
};

EchoProcess* other_process = nullptr;

class Grpc : public testing::Test {
 protected:
  bool run(absl::AnyInvocable<bool()> done, Duration limit = seconds(10)) {
    return loop_.run_until(std::move(done), loop_.now() + limit);
  }
  void idle(Duration time) {
    loop_.run_until([] { return false; }, loop_.now() + time);
  }
  EventLoop loop_;
};

TEST_F(Grpc, AMessageAboveTheLimitClosesTheLinkWithAProtocolError) {
  GrpcOptions small;
  small.max_message_bytes = 1000;
  GrpcTransport server(small), sender;
  Recorder accepted_sink, sink;
  LinkPtr accepted;
  auto listening =
      server.listen({"127.0.0.1", 0}, {Channel::kRaft}, {&loop_}, [&](Channel, LinkPtr link) {
        accepted = std::move(link);
        accepted->start(accepted_sink);
      });
  ASSERT_TRUE(listening.ok()) << listening.status();
  const LinkPtr link = sender.dial((*listening)->endpoint(), Channel::kRaft, loop_, sink);
  ASSERT_TRUE(run([&] { return sink.is_open; }));
  link->send({Buffer::own(std::string(1001, 'x'))});
  ASSERT_TRUE(run([&] { return sink.why && accepted_sink.why; }));
  EXPECT_TRUE(accepted_sink.frames.empty());
  // Nor does this side send what it knows to be too large.
  GrpcTransport careful(small);
  Recorder careful_sink;
  const LinkPtr second =
      careful.dial((*listening)->endpoint(), Channel::kRaft, loop_, careful_sink);
  ASSERT_TRUE(run([&] { return careful_sink.is_open; }));
  second->send({Buffer::own(std::string(1001, 'x'))});
  ASSERT_TRUE(run([&] { return careful_sink.why.has_value(); }));
  EXPECT_EQ(careful_sink.why, Close::kProtocol);
  accepted.reset();
}

TEST_F(Grpc, AChannelThatIsNotServedIsAProtocolError) {
  GrpcTransport transport;
  auto listening = transport.listen({"127.0.0.1", 0}, {Channel::kRaft}, {&loop_},
                                    [](Channel, LinkPtr) { FAIL(); });
  ASSERT_TRUE(listening.ok());
  Recorder sink;
  const LinkPtr link = transport.dial((*listening)->endpoint(), Channel::kController, loop_, sink);
  ASSERT_TRUE(run([&] { return sink.why.has_value(); }));
  EXPECT_EQ(sink.why, Close::kProtocol);
}

TEST_F(Grpc, LinksCloseWithTheListeningThatAcceptedThem) {
  GrpcTransport transport;
  Recorder accepted_sink, sink;
  LinkPtr accepted;
  auto listening =
      transport.listen({"127.0.0.1", 0}, {Channel::kRaft}, {&loop_}, [&](Channel, LinkPtr link) {
        accepted = std::move(link);
        accepted->start(accepted_sink);
      });
  ASSERT_TRUE(listening.ok());
  const LinkPtr link = transport.dial((*listening)->endpoint(), Channel::kRaft, loop_, sink);
  ASSERT_TRUE(run([&] { return sink.is_open; }));
  loop_.post([&] { listening->reset(); });
  ASSERT_TRUE(run([&] { return sink.why && accepted_sink.why; }));
  EXPECT_EQ(sink.why, Close::kPeer);
}

TEST_F(Grpc, ASilentServerIsATimeout) {
  // Listens, and never answers.
  TcpTransport tcp;
  std::vector<LinkPtr> held;
  auto listening = tcp.listen({"127.0.0.1", 0}, {Channel::kKafka}, {&loop_},
                              [&](Channel, LinkPtr link) { held.push_back(std::move(link)); });
  ASSERT_TRUE(listening.ok());
  GrpcOptions options;
  options.connect_timeout = milliseconds(200);
  GrpcTransport transport(options);
  Recorder sink;
  const LinkPtr link = transport.dial((*listening)->endpoint(), Channel::kRaft, loop_, sink);
  ASSERT_TRUE(run([&] { return sink.why.has_value(); }));
  EXPECT_EQ(sink.why, Close::kTimeout);
}

// A unary call as a generated stub makes it.
std::pair<grpc::Status, std::string> call(const Endpoint& to, const std::string& method,
                                          const std::string& request) {
  grpc::GenericStub stub(grpc::CreateChannel(to_string(to), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + seconds(10));
  grpc::CompletionQueue queue;
  const grpc::Slice slice(request);
  auto reader = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&slice, 1), &queue);
  reader->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  reader->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  std::string text;
  if (status.ok()) {
    std::vector<grpc::Slice> slices;
    if (response.Dump(&slices).ok()) {
      for (const auto& s : slices) text.append(reinterpret_cast<const char*>(s.begin()), s.size());
    }
  }
  return {status, text};
}

TEST_F(Grpc, UnaryCallsReachTheirHandlerOnItsLoopAndErrorsKeepTheirCode) {
  GrpcTransport transport;
  std::vector<GrpcTransport::Respond> late;
  transport.serve("barnabas.Admin", loop_,
                  [&](const std::string& method, Buffer request, GrpcTransport::Respond respond) {
                    EXPECT_TRUE(loop_.here());
                    if (method == "Echo") return respond("echo " + std::string(request.view()));
                    if (method == "Fail") return respond(absl::NotFoundError("no such topic"));
                    if (method == "Late") late.push_back(std::move(respond));
                    // Anything else: no answer at all.
                  });
  auto listening = transport.listen({"127.0.0.1", 0}, {Channel::kRaft}, {&loop_},
                                    [](Channel, LinkPtr) { FAIL(); });
  ASSERT_TRUE(listening.ok());
  const Endpoint at = (*listening)->endpoint();
  std::pair<grpc::Status, std::string> echo, fail, drop, unknown, answered_late;
  bool done = false;
  std::thread caller([&] {
    echo = call(at, "/barnabas.Admin/Echo", "hello");
    fail = call(at, "/barnabas.Admin/Fail", "");
    drop = call(at, "/barnabas.Admin/Drop", "");
    unknown = call(at, "/barnabas.Other/Echo", "");
    answered_late = call(at, "/barnabas.Admin/Late", "");
    loop_.post([&] { done = true; });
  });
  EXPECT_TRUE(run([&] {
    for (auto& respond : std::exchange(late, {})) {
      std::thread([&] { respond("from another thread"); }).join();
    }
    return done;
  }));
  caller.join();
  EXPECT_TRUE(echo.first.ok()) << echo.first.error_message();
  EXPECT_EQ(echo.second, "echo hello");
  EXPECT_EQ(fail.first.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(fail.first.error_message(), "no such topic");
  EXPECT_EQ(drop.first.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(unknown.first.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(answered_late.second, "from another thread");
}

TEST_F(Grpc, OnePortSpeaksOneFamily) {
  RealTransport transport;
  EXPECT_FALSE(transport
                   .listen({"127.0.0.1", 0}, {Channel::kKafka, Channel::kRaft}, {&loop_},
                           [](Channel, LinkPtr) {})
                   .ok());
  Recorder tcp_sink, grpc_sink;
  std::vector<LinkPtr> accepted;
  const auto accept = [&](Channel, LinkPtr link) { accepted.push_back(std::move(link)); };
  auto kafka = transport.listen({"127.0.0.1", 0}, {Channel::kKafka}, {&loop_}, accept);
  auto raft = transport.listen({"127.0.0.1", 0}, {Channel::kRaft}, {&loop_}, accept);
  ASSERT_TRUE(kafka.ok() && raft.ok());
  const LinkPtr one = transport.dial((*kafka)->endpoint(), Channel::kFetch, loop_, tcp_sink);
  const LinkPtr two = transport.dial((*raft)->endpoint(), Channel::kRaft, loop_, grpc_sink);
  EXPECT_TRUE(run([&] { return tcp_sink.is_open && grpc_sink.is_open && accepted.size() == 2; }));
  accepted.clear();
}

// An idle process with a server and streams must stay small and quiet.
TEST_F(Grpc, AnIdleProcessIsSmallAndHardlyRuns) {
  GrpcTransport transport;
  std::vector<LinkPtr> accepted;
  auto listening =
      transport.listen({"127.0.0.1", 0}, {Channel::kRaft}, {&loop_},
                       [&](Channel, LinkPtr link) { accepted.push_back(std::move(link)); });
  ASSERT_TRUE(listening.ok());
  Recorder sinks[2];
  const LinkPtr one = transport.dial(other_process->endpoint(), Channel::kRaft, loop_, sinks[0]);
  const LinkPtr two =
      transport.dial(other_process->endpoint(), Channel::kController, loop_, sinks[1]);
  ASSERT_TRUE(run([&] { return sinks[0].is_open && sinks[1].is_open; }));
  idle(milliseconds(200));
  const Duration before = cpu_time();
  idle(seconds(2));
  const double percent = 100.0 * static_cast<double>((cpu_time() - before).count()) / 2e6;
  const double mebibytes = static_cast<double>(resident_bytes()) / (1 << 20);
  RecordProperty("idle_cpu_percent", std::to_string(percent));
  RecordProperty("resident_mebibytes", std::to_string(mebibytes));
  std::printf("idle: %.2f %% of a core, %.1f MiB resident\n", percent, mebibytes);
  EXPECT_LT(percent, 5);  // wide: other tests run beside this one
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(mebibytes, 60);
#endif
}

TEST_F(Grpc, ARoundTripAfterAQuietSecondIsFast) {
  GrpcTransport transport;
  Recorder sink;
  const LinkPtr link = transport.dial(other_process->endpoint(), Channel::kRaft, loop_, sink);
  ASSERT_TRUE(run([&] { return sink.is_open; }));
  std::vector<Duration> took;
  for (int i = 0; i < 3; ++i) {
    idle(milliseconds(1050));
    const Instant sent = loop_.now();
    link->send({Buffer::copy("ping")});
    ASSERT_TRUE(run([&] { return sink.frames.size() == static_cast<size_t>(i + 1); }));
    took.push_back(loop_.now() - sent);
  }
  std::printf("round trip after a quiet second: %d us\n", static_cast<int>(took.back().count()));
  EXPECT_LT(*std::min_element(took.begin(), took.end()), milliseconds(20));
}

TEST_F(Grpc, TheRoundTripsOfABusyLinkAreShort) {
  GrpcTransport transport;
  Recorder sink;
  const LinkPtr link = transport.dial(other_process->endpoint(), Channel::kRaft, loop_, sink);
  ASSERT_TRUE(run([&] { return sink.is_open; }));
  std::vector<Duration> took;
  for (size_t i = 0; i < 2000; ++i) {
    const Instant sent = loop_.now();
    link->send({Buffer::copy("ping")});
    ASSERT_TRUE(run([&] { return sink.frames.size() == i + 1; }));
    took.push_back(loop_.now() - sent);
  }
  std::sort(took.begin(), took.end());
  std::printf("round trip: p50 %d us, p99 %d us\n", static_cast<int>(took[1000].count()),
              static_cast<int>(took[1980].count()));
  EXPECT_LT(took[1000], milliseconds(20));
}

// Last: it needs the other process.
TEST_F(Grpc, TheDeathOfTheOtherProcessIsNewsAtOnceAndDiallingItIsRefused) {
  GrpcTransport transport;
  Recorder sink;
  const LinkPtr link = transport.dial(other_process->endpoint(), Channel::kRaft, loop_, sink);
  ASSERT_TRUE(run([&] { return sink.is_open; }));
  idle(milliseconds(1100));
  const Instant killed = loop_.now();
  other_process->kill(SIGKILL);
  ASSERT_TRUE(run([&] { return sink.why.has_value(); }));
  EXPECT_EQ(sink.why, Close::kPeer);
  std::printf("news of a SIGKILL after %d us\n", static_cast<int>((loop_.now() - killed).count()));
  EXPECT_LT(loop_.now() - killed, milliseconds(500));
  Recorder again;
  const LinkPtr refused = transport.dial(other_process->endpoint(), Channel::kRaft, loop_, again);
  ASSERT_TRUE(run([&] { return again.why.has_value(); }));
  EXPECT_EQ(again.why, Close::kRefused);
}

}  // namespace
}  // namespace barnabas

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  barnabas::EchoProcess other;
  barnabas::other_process = &other;
  return RUN_ALL_TESTS();
}
