#include "common/http/server.h"

#include <errno.h>
#include <glog/logging.h>
#include <sys/socket.h>

#include <map>
#include <utility>

#include "common/http/connection.h"
#include "common/log_limit.h"
#include "common/net/listening_socket.h"
#include "common/status.h"

namespace barnabas::http {
namespace {

constexpr char kTooMany[] =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 21\r\n"
    "Connection: close\r\n\r\ntoo many connections\n";
constexpr Duration kPauseWithoutDescriptors = std::chrono::milliseconds(100);

class ThreadServer final : public Server, EventLoop::Watcher {
 public:
  ThreadServer(Fd socket, Endpoint endpoint, const Options& options, Handler handler)
      : options_(options),
        handler_(std::move(handler)),
        socket_(std::move(socket)),
        endpoint_(std::move(endpoint)),
        thread_(std::make_shared<LoopThread>("http")) {
    thread_->loop().post([this] { watch_ = thread_->loop().watch(socket_.get(), *this); });
  }

  ~ThreadServer() override {
    thread_->stop();
    if (watch_ != nullptr) thread_->loop().unwatch(watch_);
    connections_.clear();
  }

  Endpoint endpoint() const override { return endpoint_; }
  std::shared_ptr<EventLoop> loop() override { return {thread_, &thread_->loop()}; }

 private:
  void ready(uint32_t) override { accept_all(); }

  void accept_all() {
    for (;;) {
      Fd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket.ok()) {
        admit(std::move(socket));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        thread_->loop().after(kPauseWithoutDescriptors, [this] { accept_all(); });
        return;
      } else if (errno != EINTR && errno != ECONNABORTED) {
        return;
      }
    }
  }

  void admit(Fd socket) {
    if (connections_.size() >= options_.max_connections) {
      if (const auto held_back = complaints_.admit(thread_->loop().woke_at())) {
        LOG(WARNING) << "the port for metrics and health at " << endpoint_ << " has "
                     << options_.max_connections << " connections, more are refused (" << *held_back
                     << " more not shown)";
      }
      [[maybe_unused]] const ssize_t sent =
          ::send(socket.get(), kTooMany, sizeof kTooMany - 1, MSG_NOSIGNAL);
      return;
    }
    auto connection = std::make_shared<Connection>(
        std::move(socket), std::shared_ptr<EventLoop>(thread_, &thread_->loop()), options_,
        handler_, [this](Connection* gone) { connections_.erase(gone); });
    connections_[connection.get()] = connection;
    connection->start();
  }

  const Options options_;
  Handler handler_;
  Fd socket_;
  const Endpoint endpoint_;
  LogLimit complaints_{std::chrono::seconds(1)};
  const std::shared_ptr<LoopThread> thread_;
  EventLoop::Watch* watch_ = nullptr;
  std::map<Connection*, std::shared_ptr<Connection>> connections_;
};

}  // namespace

Respond::~Respond() {
  if (loop_ == nullptr) return;
  (*this)({500, "text/plain; charset=utf-8", "the process gave no answer\n"});
}

void Respond::operator()(Response response) {
  const std::shared_ptr<EventLoop> loop = std::exchange(loop_, nullptr);
  if (loop == nullptr) return;
  loop->post([connection = std::move(connection_), serial = serial_,
              response = std::move(response)]() mutable {
    if (const auto alive = connection.lock()) alive->answer(serial, std::move(response));
  });
}

absl::StatusOr<std::unique_ptr<Server>> Server::start(const Endpoint& at, const Options& options,
                                                      Handler handler) {
  ASSIGN_OR_RETURN(Fd socket, listening_socket(at));
  Endpoint endpoint = local_address(socket.get()).endpoint();
  if (!at.host.empty()) endpoint.host = at.host;
  return std::make_unique<ThreadServer>(std::move(socket), std::move(endpoint), options,
                                        std::move(handler));
}

}  // namespace barnabas::http
