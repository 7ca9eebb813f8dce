#include "common/http/server.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <vector>

#include "common/http/testing.h"

namespace barnabas::http {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class HttpServer : public testing::Test {
 protected:
  void start(Options options = {}) {
    auto started =
        Server::start({"127.0.0.1", 0}, options, [this](const Request& request, Respond respond) {
          if (request.path == "/late") {
            const std::lock_guard lock(mutex_);
            return late_.push_back(std::move(respond));
          }
          if (request.path == "/dropped") return;
          if (request.path == "/long")
            return respond({200, "text/plain", std::string(8 << 20, 'x')});
          const auto name = request.query.find("name");
          respond({200, "text/plain",
                   absl::StrCat("path ", request.path,
                                name == request.query.end() ? "" : " name " + name->second)});
        });
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
  }
  Client client() { return Client(server_->endpoint()); }
  size_t late() {
    const std::lock_guard lock(mutex_);
    return late_.size();
  }

  std::mutex mutex_;
  std::vector<Respond> late_;
  std::unique_ptr<Server> server_;
};

TEST_F(HttpServer, AGetIsAnsweredWithItsDecodedPathAndQuery) {
  start();
  const std::string answer =
      client().ask("GET /a%20b?name=c%2Fd+e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 20\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\npath /a b name c/d e"));
}

TEST_F(HttpServer, AConnectionServesOneRequestAfterTheOtherAlsoWhenTheyArePipelined) {
  start();
  Client one = client();
  one.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HT");
  EXPECT_THAT(one.receive("/2"), HasSubstr("path /1"));
  one.send("TP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(one.receive("/3"), HasSubstr("path /3"));
}

TEST_F(HttpServer, Http10ClosesAfterItsAnswer) {
  start();
  EXPECT_THAT(client().ask("GET / HTTP/1.0\r\n\r\n"), EndsWith("path /"));
}

TEST_F(HttpServer, HeadHasTheLengthButNotTheBody) {
  start();
  const std::string answer = client().ask("HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 7\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServer, OtherMethodsAndBodiesAreRefusedAndTheConnectionCloses) {
  start();
  EXPECT_THAT(client().ask("DELETE / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(client().ask("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(client().ask("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServer, WhatIsNoHttpIsAnsweredWithBadRequest) {
  start();
  EXPECT_THAT(client().ask(std::string("\0\0\0\x1a\0\x12\0\0\r\n\r\n", 12)),
              StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServer, AHeaderThatIsTooLongIsRefusedBeforeItIsAllThere) {
  start();
  Client one = client();
  one.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 100; ++i)
    one.send(absl::StrCat("X-", i, ": ", std::string(100, 'y'), "\r\n"));
  EXPECT_THAT(one.receive("431"), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServer, ARequestThatDoesNotEndIsNotWaitedForWithoutEnd) {
  Options options;
  options.read_limit = milliseconds(20);
  start(options);
  EXPECT_THAT(client().ask("GET / HT"), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServer, AnIdleConnectionIsClosed) {
  Options options;
  options.idle_limit = milliseconds(20);
  start(options);
  EXPECT_EQ(client().ask(""), "");
}

TEST_F(HttpServer, AnAnswerThatDoesNotComeIsUnavailable) {
  Options options;
  options.answer_limit = milliseconds(20);
  start(options);
  EXPECT_THAT(client().ask("GET /late HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 503 "));
  late_.clear();  // too late: answers nobody
  EXPECT_THAT(client().ask("GET / HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServer, AnAnswerThatIsDroppedIsAnError) {
  start();
  EXPECT_THAT(client().ask("GET /dropped HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
}

TEST_F(HttpServer, ManyConnectionsAreServedAndThoseBeyondTheLimitAreToldSo) {
  Options options;
  options.max_connections = 2;
  start(options);
  Client first = client(), second = client();
  first.send("GET /late HTTP/1.1\r\n\r\n");
  second.send("GET /late HTTP/1.1\r\n\r\n");
  while (late() < 2) std::this_thread::yield();
  EXPECT_THAT(client().receive(), StartsWith("HTTP/1.1 503 "));
  late_[0]({200, "text/plain", "at last"});
  EXPECT_THAT(first.receive("at last"), HasSubstr("200 OK"));
}

TEST_F(HttpServer, AReaderThatIsSlowGetsItAll) {
  start();
  Client one = client();
  one.send("GET /long HTTP/1.0\r\n\r\n");
  std::string all = one.receive();
  EXPECT_EQ(all.size() - all.find("\r\n\r\n") - 4, size_t{8} << 20);
}

TEST_F(HttpServer, AClientThatLeavesIsForgottenAndAnAnswerToNobodyIsDropped) {
  Options options;
  options.max_connections = 1;
  start(options);
  {
    Client gone = client();
    gone.send("GET /late HTTP/1.1\r\n\r\n");
    while (late() < 1) std::this_thread::yield();
  }
  late_[0]({200, "text/plain", std::string(1 << 20, 'x')});
  std::string answer;
  for (int i = 0; i < 2'000 && !absl::StartsWith(answer, "HTTP/1.1 200"); ++i) {
    answer = client().ask("GET / HTTP/1.0\r\n\r\n");  // 503 while the other is still counted
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServer, AnAnswerAfterTheServerHasGoneDoesNoHarm) {
  start();
  Client one = client();
  one.send("GET /late HTTP/1.1\r\n\r\n");
  while (late() < 1) std::this_thread::yield();
  server_.reset();
  late_[0]({200, "text/plain", "too late"});
  EXPECT_EQ(one.receive(), "");
}

TEST(HttpServerPort, APortInUseIsAnErrorThatNamesItsHolder) {
  const auto first = Server::start({"127.0.0.1", 0}, {}, [](const Request&, const Respond&) {});
  ASSERT_TRUE(first.ok());
  const auto second =
      Server::start((*first)->endpoint(), {}, [](const Request&, const Respond&) {});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("in use by process"));
}

}  // namespace
}  // namespace barnabas::http
