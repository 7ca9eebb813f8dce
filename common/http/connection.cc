#include "common/http/connection.h"

#include <absl/strings/str_cat.h>
#include <errno.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <utility>

namespace barnabas::http {
namespace {

namespace beast_http = boost::beast::http;

absl::string_view text(std::string_view view) { return {view.data(), view.size()}; }

}  // namespace

Connection::Connection(Fd socket, std::shared_ptr<EventLoop> loop, const Options& options,
                       Server::Handler& handler, Gone gone)
    : socket_(std::move(socket)),
      shared_loop_(std::move(loop)),
      loop_(*shared_loop_),
      options_(options),
      handler_(handler),
      gone_(std::move(gone)) {}

Connection::~Connection() {
  loop_.cancel(timer_);
  if (watch_ != nullptr) loop_.unwatch(watch_);
}

void Connection::start() {
  watch_ = loop_.watch(socket_.get(), *this);
  next();
}

void Connection::ready(uint32_t) {
  const auto self = shared_from_this();
  if (state_ == State::kReading) read();
  if (state_ == State::kWriting) write();
}

// ---- Reading ----

void Connection::next() {
  state_ = State::kReading;
  begun_ = false;
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(options_.max_header_bytes));
  limit(options_.idle_limit, [this] { close(); });
  if (!input_.empty()) parse();
  if (state_ == State::kReading) read();
}

void Connection::read() {
  char bytes[4096];
  while (state_ == State::kReading) {
    const ssize_t got = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return close();
    input_.append(bytes, static_cast<size_t>(got));
    parse();
  }
}

void Connection::parse() {
  if (!std::exchange(begun_, true)) {
    limit(options_.read_limit, [this] { refuse(408, "the request did not arrive in time"); });
  }
  boost::system::error_code error;
  const size_t used = parser_->put(boost::asio::buffer(input_), error);
  input_.erase(0, used);
  if (error == beast_http::error::need_more) return;
  if (error == beast_http::error::header_limit) {
    return refuse(431,
                  absl::StrCat("the header is longer than ", options_.max_header_bytes, " bytes"));
  }
  if (error) return refuse(400, absl::StrCat("this is no HTTP request: ", error.message()));
  if (parser_->is_header_done()) take();
}

void Connection::take() {
  const auto& message = parser_->get();
  if (parser_->chunked() || parser_->content_length().value_or(0) > 0) {
    return refuse(413, "a request with a body is not taken here");
  }
  head_ = message.method() == beast_http::verb::head;
  if (message.method() != beast_http::verb::get && !head_) {
    return refuse(405, "only GET and HEAD are answered here");
  }
  keep_alive_ = message.keep_alive();
  const auto target = message.target();
  const Request request = parse_target({target.data(), target.size()});
  state_ = State::kAnswering;
  const uint64_t serial = ++serial_;
  limit(options_.answer_limit, [this, serial] {
    keep_alive_ = false;
    answer(serial, {503, "text/plain; charset=utf-8", "the process did not answer in time\n"});
  });
  handler_(request, Respond(shared_loop_, weak_from_this(), serial));
}

// ---- Writing ----

void Connection::refuse(int status, std::string why) {
  keep_alive_ = false;
  head_ = false;
  send({status, "text/plain; charset=utf-8", absl::StrCat(why, "\n")});
}

void Connection::answer(uint64_t serial, Response response) {
  if (state_ != State::kAnswering || serial != serial_) return;
  send(response);
}

void Connection::send(const Response& response) {
  output_ = absl::StrCat("HTTP/1.1 ", response.status, " ", text(reason_of(response.status)),
                         "\r\nContent-Type: ", response.content_type,
                         "\r\nContent-Length: ", response.body.size(),
                         "\r\nConnection: ", keep_alive_ ? "keep-alive" : "close",
                         response.status == 405 ? "\r\nAllow: GET, HEAD" : "", "\r\n\r\n");
  if (!head_) output_ += response.body;
  written_ = 0;
  state_ = State::kWriting;
  limit(options_.write_limit, [this] { close(); });
  write();
}

void Connection::write() {
  while (written_ < output_.size()) {
    const ssize_t sent =
        ::send(socket_.get(), output_.data() + written_, output_.size() - written_, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) return close();
    written_ += static_cast<size_t>(sent);
  }
  output_.clear();
  if (!keep_alive_) return close();
  // From the loop, so that a client that pipelines cannot make this call itself without end.
  state_ = State::kAnswering;
  loop_.cancel(std::exchange(timer_, 0));
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock(); self != nullptr && self->state_ != State::kClosed) {
      self->next();
    }
  });
}

void Connection::limit(Duration time, absl::AnyInvocable<void()> then) {
  loop_.cancel(timer_);
  timer_ = loop_.after(time, [self = weak_from_this(), then = std::move(then)]() mutable {
    if (const auto alive = self.lock()) then();
  });
}

void Connection::close() {
  if (std::exchange(state_, State::kClosed) == State::kClosed) return;
  loop_.cancel(std::exchange(timer_, 0));
  if (watch_ != nullptr) loop_.unwatch(std::exchange(watch_, nullptr));
  // What was sent is to arrive although the peer may have sent more than was read.
  ::shutdown(socket_.get(), SHUT_WR);
  socket_.reset();
  loop_.post([self = shared_from_this()] { self->gone_(self.get()); });
}

}  // namespace barnabas::http
