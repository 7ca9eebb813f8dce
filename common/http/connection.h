// One connection to the HTTP server. See server.h for its states. Lives on the server's loop.

#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <memory>
#include <optional>
#include <string>

#include "common/http/server.h"
#include "common/net/socket_address.h"

namespace barnabas::http {

class Connection final : public std::enable_shared_from_this<Connection>, EventLoop::Watcher {
 public:
  using Gone = absl::AnyInvocable<void(Connection*)>;

  // `handler` must outlive the connection; `gone` is called once, last.
  Connection(Fd socket, std::shared_ptr<EventLoop> loop, const Options& options,
             Server::Handler& handler, Gone gone);
  ~Connection();

  void start();
  void answer(uint64_t serial, Response response);

 private:
  enum class State { kReading, kAnswering, kWriting, kClosed };
  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

  void ready(uint32_t events) override;
  void read();
  void parse();
  void take();  // a whole request
  void refuse(int status, std::string why);
  void send(const Response& response);
  void write();
  void next();
  void limit(Duration time, absl::AnyInvocable<void()> then);
  void close();

  Fd socket_;
  const std::shared_ptr<EventLoop> shared_loop_;
  EventLoop& loop_;
  const Options& options_;
  Server::Handler& handler_;
  Gone gone_;
  EventLoop::Watch* watch_ = nullptr;
  TimerId timer_ = 0;

  State state_ = State::kReading;
  std::optional<Parser> parser_;
  std::string input_;  // what the parser has not taken
  std::string output_;
  size_t written_ = 0;
  uint64_t serial_ = 0;  // of the present request
  bool begun_ = false;   // the first byte of a request is there
  bool keep_alive_ = false;
  bool head_ = false;
};

}  // namespace barnabas::http
