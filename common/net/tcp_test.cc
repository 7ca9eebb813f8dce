// What only TCP can get wrong; what every transport owes is in transport_contract_test.cc.

#include "common/net/tcp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/net/event_loop.h"

namespace barnabas {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

struct Recorder final : LinkSink {
  bool is_open = false;
  int drains = 0;
  std::vector<std::string> frames;
  std::optional<Close> why;
  void opened() override { is_open = true; }
  void frame(Buffer bytes) override { frames.emplace_back(bytes.view()); }
  void drained() override { ++drains; }
  void closed(Close reason) override { why = reason; }
};

class Tcp : public testing::Test {
 protected:
  struct Accepted {
    LinkPtr link;
    Recorder sink;
  };

  void listen(TcpOptions options = {}) {
    transport_.emplace(options);
    auto listening = transport_->listen({"127.0.0.1", 0}, {Channel::kKafka}, {&loop_},
                                        [this](Channel, LinkPtr link) {
                                          auto& a = *accepted_.emplace_back(new Accepted);
                                          a.link = std::move(link);
                                          a.link->start(a.sink);
                                        });
    ASSERT_TRUE(listening.ok()) << listening.status();
    listening_ = *std::move(listening);
  }
  bool run(absl::AnyInvocable<bool()> done, Duration limit = seconds(10)) {
    return loop_.run_until(std::move(done), loop_.now() + limit);
  }
  void idle(Duration time) {
    loop_.run_until([] { return false; }, loop_.now() + time);
  }
  int raw_connection() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(listening_->endpoint().port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  static void write_all(int fd, std::string_view bytes) {
    ASSERT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }

  EventLoop loop_;
  std::optional<TcpTransport> transport_;
  std::unique_ptr<Listening> listening_;
  std::vector<std::unique_ptr<Accepted>> accepted_;
};

TEST_F(Tcp, AFrameOfMoreThanTheLimitClosesTheConnectionWhenItIsAnnounced) {
  TcpOptions options;
  options.max_frame_bytes = 1000;
  listen(options);
  for (const std::string_view header :
       {std::string_view("\x00\x00\x03\xe9", 4), std::string_view("\xff\xff\xff\xff", 4),
        std::string_view("GET / HTTP/1.1\r\n\r\n")}) {
    const size_t index = accepted_.size();
    const int fd = raw_connection();
    write_all(fd, header);
    ASSERT_TRUE(run([&] { return accepted_.size() > index && accepted_[index]->sink.why; }));
    EXPECT_EQ(accepted_[index]->sink.why, Close::kProtocol);
    EXPECT_TRUE(accepted_[index]->sink.frames.empty());
    ::close(fd);
  }
}

TEST_F(Tcp, AFrameThatEndsWithTheConnectionIsNotDelivered) {
  listen();
  const int fd = raw_connection();
  write_all(fd, std::string_view("\x00\x00\x00\x02hi\x00\x00\x00\x05trunc"
                                 "",
                                 4 + 2 + 4 + 4));
  ::close(fd);
  ASSERT_TRUE(run([&] { return !accepted_.empty() && accepted_[0]->sink.why; }));
  EXPECT_EQ(accepted_[0]->sink.why, Close::kPeer);
  EXPECT_EQ(accepted_[0]->sink.frames, std::vector<std::string>{"hi"});
}

TEST_F(Tcp, FramesSentRightBeforeTheEndOfTheConnectionAreDelivered) {
  listen();
  const int fd = raw_connection();
  std::string stream;
  for (int i = 0; i < 50000; ++i) stream.append(std::string_view("\x00\x00\x00\x01x", 5));
  ASSERT_TRUE(run([&] { return accepted_.size() == 1; }));
  write_all(fd, stream);
  ::close(fd);
  ASSERT_TRUE(run([&] { return accepted_[0]->sink.why.has_value(); }));
  EXPECT_EQ(accepted_[0]->sink.frames.size(), 50000u);
}

TEST_F(Tcp, AResetIsNewsAtOnceEvenWhileMuted) {
  listen();
  const int fd = raw_connection();
  ASSERT_TRUE(run([&] { return accepted_.size() == 1; }));
  accepted_[0]->link->mute(true);
  const linger hard{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(fd);
  ASSERT_TRUE(run([&] { return accepted_[0]->sink.why.has_value(); }, seconds(2)));
  EXPECT_EQ(accepted_[0]->sink.why, Close::kPeer);
}

TEST_F(Tcp, TheDeathOfTheOtherProcessIsNewsWithinMilliseconds) {
  listen();
  const pid_t child = ::fork();
  if (child == 0) {
    raw_connection();
    for (;;) ::pause();
  }
  ASSERT_TRUE(run([&] { return accepted_.size() == 1; }));
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const Instant killed = loop_.now();
  ASSERT_TRUE(run([&] { return accepted_[0]->sink.why.has_value(); }));
  EXPECT_EQ(accepted_[0]->sink.why, Close::kPeer);
  EXPECT_LT(loop_.now() - killed, milliseconds(500));  // wide: a loaded machine, no timer
}

TEST_F(Tcp, AnIdleConnectionIsClosedAndABusyOneIsNot) {
  TcpOptions options;
  options.idle_timeout = milliseconds(300);
  listen(options);
  const int quiet = raw_connection(), busy = raw_connection();
  ASSERT_TRUE(run([&] { return accepted_.size() == 2; }));
  for (int i = 0; i < 100 && !accepted_[0]->sink.why; ++i) {
    write_all(busy, std::string_view("\x00\x00\x00\x00", 4));
    idle(milliseconds(10));
  }
  EXPECT_EQ(accepted_[0]->sink.why, Close::kTimeout);
  EXPECT_FALSE(accepted_[1]->sink.why.has_value());
  ::close(quiet);
  ::close(busy);
}

TEST_F(Tcp, ConnectionsBeyondTheLimitAreClosedAtOnceAndPlacesAreGivenBack) {
  TcpOptions options;
  options.max_connections_per_ip = 2;
  listen(options);
  const int first = raw_connection(), second = raw_connection(), third = raw_connection();
  ASSERT_TRUE(run([&] { return accepted_.size() == 2; }));
  idle(milliseconds(5));
  char byte;
  EXPECT_EQ(::recv(third, &byte, 1, MSG_DONTWAIT), 0) << "the third one is not closed";
  EXPECT_EQ(transport_->connections(), 2u);
  ::close(first);
  ASSERT_TRUE(run([&] { return accepted_[0]->sink.why || accepted_[1]->sink.why; }));
  accepted_.erase(accepted_.begin() + (accepted_[0]->sink.why ? 0 : 1));
  const int fourth = raw_connection();
  EXPECT_TRUE(run([&] { return accepted_.size() == 2; }));
  for (const int fd : {second, third, fourth}) ::close(fd);
}

TEST_F(Tcp, APortInUseNamesItsHolder) {
  listen();
  auto again = transport_->listen(listening_->endpoint(), {Channel::kKafka}, {&loop_},
                                  [](Channel, LinkPtr) {});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(again.status().message()),
              HasSubstr("in use by process " + std::to_string(::getpid())));
}

TEST_F(Tcp, AnUnknownHostIsAnErrorWithItsName) {
  TcpTransport transport;
  const std::string name(70, 'x');  // longer than a label may be: no name server is asked
  auto none = transport.listen({name, 0}, {Channel::kKafka}, {&loop_}, [](Channel, LinkPtr) {});
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(std::string(none.status().message()), HasSubstr("'" + name + "'"));
}

TEST_F(Tcp, ThePortIsFreeAgainAfterTheListeningIsGone) {
  listen();
  const Endpoint at = listening_->endpoint();
  idle(milliseconds(1));
  listening_.reset();
  auto again = transport_->listen(at, {Channel::kKafka}, {&loop_}, [](Channel, LinkPtr) {});
  EXPECT_TRUE(again.ok()) << again.status();
}

TEST_F(Tcp, RunsOutOfDescriptorsWithoutDyingAndRecovers) {
  listen();
  ASSERT_TRUE(run([&] {
    idle(milliseconds(1));
    return true;
  }));
  const int first = raw_connection();
  const int waiting = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_TRUE(run([&] { return accepted_.size() == 1; }));
  rlimit before;
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 3;  // what is open stays open; nothing new can be opened
  ::setrlimit(RLIMIT_NOFILE, &none);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(listening_->endpoint().port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(waiting, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  idle(milliseconds(20));
  EXPECT_EQ(accepted_.size(), 1u);
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_TRUE(run([&] { return accepted_.size() == 2; }));
  ::close(waiting);
  ::close(first);
}

TEST_F(Tcp, LinksAreSpreadOverTheLoops) {
  LoopThread a("a"), b("b");
  TcpTransport transport;
  Mutex mutex;
  std::vector<LinkPtr> links;
  std::multiset<bool> on_a;
  auto listening = transport.listen({"127.0.0.1", 0}, {Channel::kKafka}, {&a.loop(), &b.loop()},
                                    [&](Channel, LinkPtr link) {
                                      MutexLock lock(mutex);
                                      links.push_back(std::move(link));
                                      on_a.insert(a.loop().here());
                                      loop_.post([] {});  // it sleeps, and shall look again
                                    });
  ASSERT_TRUE(listening.ok());
  std::vector<LinkPtr> dialled;
  std::vector<Recorder> sinks(6);
  for (Recorder& sink : sinks) {
    dialled.push_back(transport.dial((*listening)->endpoint(), Channel::kKafka, loop_, sink));
  }
  EXPECT_TRUE(run([&] {
    MutexLock lock(mutex);
    return links.size() == 6;
  }));
  listening->reset();
  a.stop();
  b.stop();
  EXPECT_EQ(on_a.count(true), 3u);
  EXPECT_EQ(on_a.count(false), 3u);
}

TEST_F(Tcp, LargeFramesInPiecesArriveUnchangedInBothDirections) {
  listen();
  Recorder sink;
  const LinkPtr link = transport_->dial(listening_->endpoint(), Channel::kKafka, loop_, sink);
  ASSERT_TRUE(run([&] { return sink.is_open && accepted_.size() == 1; }));
  std::string expected;
  BufferChain chain;
  for (int i = 0; i < 300; ++i) {  // more pieces than one system call takes
    std::string piece(static_cast<size_t>(i) * 100, static_cast<char>('a' + i % 26));
    expected += piece;
    chain.push_back(i % 2 == 0 ? Buffer::own(piece) : Buffer::copy(piece));
  }
  for (int i = 0; i < 5; ++i) {
    link->send(chain);
    accepted_[0]->link->send(chain);
  }
  ASSERT_TRUE(
      run([&] { return accepted_[0]->sink.frames.size() == 5 && sink.frames.size() == 5; }));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(accepted_[0]->sink.frames[i], expected);
    EXPECT_EQ(sink.frames[i], expected);
  }
}

}  // namespace
}  // namespace barnabas
