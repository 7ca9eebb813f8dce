#include "common/net/probe.h"

#include <errno.h>

#include <memory>
#include <utility>

#include "common/net/tcp_link.h"

namespace barnabas {
namespace {

// Lives in its timer, and for the duration of each call.
class Attempt final : public std::enable_shared_from_this<Attempt>, EventLoop::Watcher {
 public:
  Attempt(std::vector<SocketAddress> addresses, EventLoop& loop, Transport::ProbeDone done)
      : loop_(loop), addresses_(std::move(addresses)), done_(std::move(done)) {}
  ~Attempt() {
    if (watch_ != nullptr) loop_.unwatch(watch_);
  }

  void start(Duration timeout) {
    const auto self = shared_from_this();
    timer_ = loop_.after(timeout, [self] { self->finish(Probe::kUnknown); });
    next();
  }

 private:
  void next() {
    while (!addresses_.empty()) {
      if (watch_ != nullptr) loop_.unwatch(std::exchange(watch_, nullptr));
      bool connected = false;
      socket_ = start_connecting(addresses_.back(), connected);
      addresses_.pop_back();
      if (socket_.ok()) {
        watch_ = loop_.watch(socket_.get(), *this);
        return;
      }
      all_refused_ = all_refused_ && errno == ECONNREFUSED;
    }
    // Never from inside the caller's probe(), and the timer still holds this.
    loop_.post([self = shared_from_this()] {
      self->finish(self->all_refused_ ? Probe::kRefused : Probe::kUnknown);
    });
  }

  void ready(uint32_t) override {
    const auto self = shared_from_this();
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0 && connected_to_itself(socket_.get())) error = ECONNREFUSED;
    if (error == 0) return finish(Probe::kAccepted);
    if (error != ECONNREFUSED) return finish(Probe::kUnknown);
    next();
  }

  void finish(Probe answer) {
    if (done_ == nullptr) return;
    const auto self = shared_from_this();
    if (watch_ != nullptr) loop_.unwatch(std::exchange(watch_, nullptr));
    socket_.reset();
    loop_.cancel(std::exchange(timer_, 0));
    auto done = std::exchange(done_, nullptr);
    done(answer);
  }

  EventLoop& loop_;
  std::vector<SocketAddress> addresses_;
  Transport::ProbeDone done_;
  bool all_refused_ = true;
  Fd socket_;
  EventLoop::Watch* watch_ = nullptr;
  TimerId timer_ = 0;
};

}  // namespace

void probe_tcp(std::vector<SocketAddress> addresses, EventLoop& loop, Duration timeout,
               Transport::ProbeDone done) {
  std::make_shared<Attempt>(std::move(addresses), loop, std::move(done))->start(timeout);
}

}  // namespace barnabas
