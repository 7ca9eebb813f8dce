#include "common/net/tcp_listener.h"

#include <absl/strings/str_cat.h>
#include <errno.h>
#include <fcntl.h>
#include <glog/logging.h>
#include <string.h>
#include <unistd.h>

#include <mutex>
#include <utility>

#include "common/log_limit.h"
#include "common/net/listening_socket.h"
#include "common/net/tcp_link.h"
#include "common/status.h"

namespace barnabas {
namespace {

constexpr Duration kPauseWithoutDescriptors = std::chrono::milliseconds(100);

// Shared by the Listening, which ends it, and by the tasks under way to other loops.
class Acceptor final : public std::enable_shared_from_this<Acceptor>, EventLoop::Watcher {
 public:
  Acceptor(Fd socket, Channel channel, std::vector<EventLoop*> loops, const TcpOptions& options,
           std::shared_ptr<Admission> admission, Transport::Accept accept)
      : socket_(std::move(socket)),
        reserve_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
        channel_(channel),
        loops_(std::move(loops)),
        options_(options),
        admission_(std::move(admission)),
        accept_(std::move(accept)) {}

  void start() {
    loops_[0]->post([self = shared_from_this()] {
      const std::lock_guard lock(self->mutex_);
      if (self->ended_) return;
      self->watch_ = self->loops_[0]->watch(self->socket_.get(), *self);
    });
  }

  // After this the accept function is not running (unless this is called from inside it) and
  // never runs again.
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    const auto unwatch = [self = shared_from_this()] {
      if (self->watch_ != nullptr) self->loops_[0]->unwatch(std::exchange(self->watch_, nullptr));
      self->loops_[0]->cancel(std::exchange(self->pause_, 0));
      self->socket_.reset();
    };
    // The port is free as soon as this returns, whatever the loop is doing.
    ::shutdown(socket_.get(), SHUT_RDWR);
    if (loops_[0]->here()) {
      unwatch();
    } else {
      loops_[0]->post(unwatch);
    }
  }

 private:
  void ready(uint32_t) override { accept_all(); }

  void accept_all() {
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (ended_) return;
      }
      Fd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket.ok()) {
        admit(std::move(socket));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        return out_of_descriptors(errno);
      } else if (errno != EINTR && errno != ECONNABORTED) {
        return;  // nobody is waiting
      }
    }
  }

  void admit(Fd socket) {
    const Endpoint peer = peer_address(socket.get()).endpoint();
    const char* limit = nullptr;
    auto ticket = admission_->admit(peer.host, limit);
    if (!ticket.has_value()) {
      static LogLimit lines(std::chrono::seconds(1));
      if (const auto held_back = lines.admit(loops_[0]->woke_at())) {
        LOG(WARNING) << "refusing a connection from " << peer << ": the limit " << limit
                     << " is reached. Usual cause: clients that open connections without closing "
                     << "them. (" << *held_back << " more since the last such line)";
      }
      return;
    }
    EventLoop* const loop = loops_[next_loop_++ % loops_.size()];
    if (loop == loops_[0]) return hand_over(*loop, std::move(socket), *std::move(ticket));
    loop->post([self = shared_from_this(), loop, socket = std::move(socket),
                ticket = *std::move(ticket)]() mutable {
      self->hand_over(*loop, std::move(socket), std::move(ticket));
    });
  }

  void hand_over(EventLoop& loop, Fd socket, Admission::Ticket ticket) {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    accept_(channel_,
            std::make_unique<TcpLink>(loop, options_, std::move(socket), std::move(ticket)));
  }

  void out_of_descriptors(int error) {
    static LogLimit lines(std::chrono::seconds(1));
    if (lines.admit(loops_[0]->woke_at()).has_value()) {
      LOG(ERROR) << "cannot accept connections: " << ::strerror(error)
                 << ". Usual cause: the limit of open files is too low; raise it (ulimit -n, "
                 << "LimitNOFILE= in systemd)";
    }
    reserve_.reset();
    Fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)).reset();
    reserve_ = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    pause_ = loops_[0]->after(kPauseWithoutDescriptors, [self = shared_from_this()] {
      self->pause_ = 0;
      self->accept_all();
    });
  }

  Fd socket_;
  Fd reserve_;
  const Channel channel_;
  const std::vector<EventLoop*> loops_;
  const TcpOptions& options_;
  const std::shared_ptr<Admission> admission_;
  size_t next_loop_ = 0;
  EventLoop::Watch* watch_ = nullptr;
  TimerId pause_ = 0;

  // Recursive, because the accept function may destroy the Listening.
  std::recursive_mutex mutex_;
  bool ended_ = false;
  Transport::Accept accept_;
};

class TcpListening final : public Listening {
 public:
  TcpListening(std::shared_ptr<Acceptor> acceptor, Endpoint endpoint)
      : acceptor_(std::move(acceptor)), endpoint_(std::move(endpoint)) {}
  ~TcpListening() override { acceptor_->end(); }
  Endpoint endpoint() const override { return endpoint_; }

 private:
  const std::shared_ptr<Acceptor> acceptor_;
  const Endpoint endpoint_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Listening>> listen_tcp(const Endpoint& at, Channel channel,
                                                      std::vector<EventLoop*> loops,
                                                      const TcpOptions& options,
                                                      std::shared_ptr<Admission> admission,
                                                      Transport::Accept accept) {
  ASSIGN_OR_RETURN(Fd socket, listening_socket(at));
  Endpoint endpoint = local_address(socket.get()).endpoint();
  if (!at.host.empty()) endpoint.host = at.host;
  auto acceptor = std::make_shared<Acceptor>(std::move(socket), channel, std::move(loops), options,
                                             std::move(admission), std::move(accept));
  acceptor->start();
  return std::make_unique<TcpListening>(std::move(acceptor), std::move(endpoint));
}

}  // namespace barnabas
