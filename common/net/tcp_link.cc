#include "common/net/tcp_link.h"

#include <errno.h>
#include <glog/logging.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <utility>

#include "common/log_limit.h"

namespace barnabas {
namespace {

// A connection that always has more to read gives way to the others of its loop after this much.
constexpr size_t kBytesPerTurn = 1024 * 1024;

void set_socket_options(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

bool has_unread_bytes(int socket) {
  int count = 0;
  return ::ioctl(socket, FIONREAD, &count) == 0 && count > 0;
}

}  // namespace

Fd start_connecting(const SocketAddress& address, bool& connected) {
  connected = false;
  Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.ok()) return socket;
  set_socket_options(socket.get());
  if (::connect(socket.get(), address.get(), address.size) == 0) {
    connected = true;
  } else if (errno != EINPROGRESS) {
    const int error = errno;
    socket.reset();
    errno = error;
  }
  return socket;
}

Close meaning_of_connect_error(int error) {
  return error == ECONNREFUSED ? Close::kRefused : Close::kTimeout;
}

bool connected_to_itself(int socket) {
  const SocketAddress here = local_address(socket), there = peer_address(socket);
  return here.size == there.size && ::memcmp(&here.storage, &there.storage, here.size) == 0;
}

TcpLink::TcpLink(EventLoop& loop, const TcpOptions& options, Fd socket, Admission::Ticket ticket)
    : loop_(loop),
      options_(options),
      state_(State::kOpen),
      socket_(std::move(socket)),
      ticket_(std::move(ticket)),
      local_(local_address(socket_.get()).endpoint()),
      peer_(peer_address(socket_.get()).endpoint()),
      self_(std::make_shared<TcpLink*>(this)),
      reader_(options.max_frame_bytes),
      writable_(true),
      last_activity_(loop.woke_at()) {
  set_socket_options(socket_.get());
  watch_ = loop_.watch(socket_.get(), *this);
  if (options_.idle_timeout > Duration(0)) watch_idleness(options_.idle_timeout);
}

TcpLink::TcpLink(EventLoop& loop, const TcpOptions& options, Endpoint to, LinkSink& sink)
    : loop_(loop),
      options_(options),
      sink_(&sink),
      state_(State::kConnecting),
      peer_(std::move(to)),
      self_(std::make_shared<TcpLink*>(this)),
      reader_(options.max_frame_bytes) {
  connect_timer_ = loop_.after(options_.connect_timeout, if_alive(self_, [](TcpLink& link) {
                                 link.connect_timer_ = 0;
                                 link.finish(Close::kTimeout);
                               }));
}

TcpLink::~TcpLink() {
  *self_ = nullptr;
  if (destroyed_ != nullptr) *destroyed_ = true;
  loop_.cancel(connect_timer_);
  loop_.cancel(idle_timer_);
  loop_.cancel(close_timer_);
  if (watch_ != nullptr) loop_.unwatch(watch_);
}

void TcpLink::connect_to(std::vector<SocketAddress> addresses) {
  addresses_ = std::move(addresses);
  connect_next();
}

void TcpLink::fail(Close why) {
  last_failure_ = why;
  addresses_.clear();
  connect_next();
}

void TcpLink::connect_next() {
  if (watch_ != nullptr) loop_.unwatch(std::exchange(watch_, nullptr));
  socket_.reset();
  while (!addresses_.empty()) {
    bool connected = false;
    socket_ = start_connecting(addresses_.front(), connected);
    addresses_.erase(addresses_.begin());
    if (socket_.ok()) {
      // Connected already or not: the first "writable" is the news.
      watch_ = loop_.watch(socket_.get(), *this);
      return;
    }
    last_failure_ = meaning_of_connect_error(errno);
  }
  finish_later(last_failure_);
}

void TcpLink::connect_ready() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0 && connected_to_itself(socket_.get())) error = ECONNREFUSED;
  if (error != 0) {
    last_failure_ = meaning_of_connect_error(error);
    if (!addresses_.empty()) return connect_next();
    return finish(last_failure_);
  }
  loop_.cancel(std::exchange(connect_timer_, 0));
  state_ = State::kOpen;
  local_ = local_address(socket_.get()).endpoint();
  sink_->opened();
}

void TcpLink::start(LinkSink& sink) {
  sink_ = &sink;
  if (state_ == State::kOpen) read_later();
}

void TcpLink::ready(uint32_t events) {
  if (state_ == State::kClosed) return;
  bool destroyed = false;
  destroyed_ = &destroyed;
  in_loop_call_ = true;
  if (state_ == State::kConnecting) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) connect_ready();
    if (destroyed) return;
  }
  if (state_ == State::kOpen || state_ == State::kClosing) {
    if ((events & EPOLLOUT) != 0) writable_ = true;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
    if (state_ == State::kOpen) read_some();
    if (destroyed) return;
    flush();
    if (destroyed) return;
  }
  in_loop_call_ = false;
  destroyed_ = nullptr;
}

void TcpLink::read_some() {
  if (sink_ != nullptr && muted_ && hung_up_ && unparsed_.empty() &&
      !has_unread_bytes(socket_.get())) {
    return finish(Close::kPeer);
  }
  size_t taken = 0;
  while (reading()) {
    if (!unparsed_.empty()) {
      const std::string bytes = std::exchange(unparsed_, {});
      if (!deliver(bytes)) return;
      continue;
    }
    if (!readable_) return;
    if (taken >= kBytesPerTurn) return read_later();
    const std::span<char> room = reader_.room();
    const iovec into[2] = {{room.data(), room.size()}, {loop_.scratch(), EventLoop::kScratchBytes}};
    const ssize_t n = ::readv(socket_.get(), into, 2);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return finish(Close::kPeer);
      readable_ = false;
      return;
    }
    if (n == 0) return finish(Close::kPeer);
    const auto got = static_cast<size_t>(n);
    taken += got;
    last_activity_ = loop_.woke_at();
    const size_t direct = std::min(got, room.size());
    reader_.filled(direct);
    // A short read has emptied the socket, unless there is an end of file behind it.
    if (got < room.size() + EventLoop::kScratchBytes && !hung_up_) readable_ = false;
    if (!deliver({loop_.scratch(), got - direct})) return;
  }
}

bool TcpLink::deliver(std::string_view bytes) {
  bool* const destroyed = destroyed_;
  for (;;) {
    if (!reading()) {
      unparsed_.assign(bytes);
      return false;
    }
    Buffer frame;
    switch (reader_.next(bytes, frame)) {
      case FrameReader::Result::kFrame:
        sink_->frame(std::move(frame));
        if (*destroyed || state_ == State::kClosed) return false;
        continue;
      case FrameReader::Result::kNeedMore:
        return true;
      case FrameReader::Result::kBad: {
        static LogLimit limit(std::chrono::seconds(1));
        if (const auto held_back = limit.admit(loop_.woke_at())) {
          LOG(WARNING) << "closing the connection from " << peer_ << ": it announced a frame of "
                       << reader_.refused_length() << " bytes, and the limit is "
                       << options_.max_frame_bytes << ". Usual cause: a client that does not speak "
                       << "this protocol, or TLS to a plaintext port. (" << *held_back
                       << " more since the last such line)";
        }
        finish(Close::kProtocol);
        return false;
      }
    }
  }
}

void TcpLink::read_later() {
  if (read_posted_) return;
  read_posted_ = true;
  loop_.post(if_alive(self_, [](TcpLink& link) {
    link.read_posted_ = false;
    link.ready(0);
  }));
}

bool TcpLink::send(BufferChain frame) {
  if (state_ == State::kClosed || state_ == State::kClosing) return true;
  if (total_size(frame) > INT32_MAX) {
    LOG(ERROR) << "a frame of " << total_size(frame) << " bytes for " << peer_
               << " has no length in this protocol; closing the link";
    finish_later(Close::kLocal);
    return true;
  }
  const bool at_once = queue_.empty() && writable_ && !in_loop_call_;
  queue_.push(std::move(frame));
  if (at_once) {
    size_t written = 0;
    switch (queue_.flush(socket_.get(), written)) {
      case SendQueue::Result::kEmpty:
        break;
      case SendQueue::Result::kBlocked:
        writable_ = false;
        break;
      case SendQueue::Result::kError:
        finish_later(Close::kPeer);
        break;
    }
    if (written > 0) last_activity_ = loop_.woke_at();
  }
  if (queue_.bytes() > options_.max_queued_bytes) over_limit_ = true;
  return !over_limit_;
}

void TcpLink::flush() {
  if (state_ != State::kOpen && state_ != State::kClosing) return;
  if (!queue_.empty()) {
    if (!writable_) return;
    size_t written = 0;
    const SendQueue::Result result = queue_.flush(socket_.get(), written);
    if (written > 0) last_activity_ = loop_.woke_at();
    if (result == SendQueue::Result::kBlocked) writable_ = false;
    if (result == SendQueue::Result::kError) {
      return finish(state_ == State::kClosing ? Close::kLocal : Close::kPeer);
    }
    if (result != SendQueue::Result::kEmpty) return;
  }
  if (state_ == State::kClosing) return finish(Close::kLocal);
  if (std::exchange(over_limit_, false)) {
    bool* const destroyed = destroyed_;
    sink_->drained();
    if (*destroyed) return;
    // What drained() has sent leaves now.
    if (!queue_.empty()) flush();
  }
}

void TcpLink::mute(bool muted) {
  if (muted_ == muted) return;
  muted_ = muted;
  if (!muted && state_ == State::kOpen) read_later();
}

void TcpLink::close() {
  if (state_ == State::kClosed || state_ == State::kClosing) return;
  if (state_ == State::kConnecting) return finish_later(Close::kLocal);
  state_ = State::kClosing;
  read_later();  // its flush() ends the link if nothing is left to send
  close_timer_ = loop_.after(options_.close_timeout, if_alive(self_, [](TcpLink& link) {
                               link.close_timer_ = 0;
                               link.finish(Close::kLocal);
                             }));
}

void TcpLink::finish(Close why) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  loop_.cancel(std::exchange(connect_timer_, 0));
  loop_.cancel(std::exchange(idle_timer_, 0));
  loop_.cancel(std::exchange(close_timer_, 0));
  if (watch_ != nullptr) loop_.unwatch(std::exchange(watch_, nullptr));
  socket_.reset();
  queue_.clear();
  unparsed_.clear();
  if (sink_ != nullptr) sink_->closed(why);
}

void TcpLink::finish_later(Close why) {
  loop_.post(if_alive(self_, [why](TcpLink& link) { link.finish(why); }));
}

void TcpLink::watch_idleness(Duration delay) {
  idle_timer_ = loop_.after(delay, if_alive(self_, [](TcpLink& link) {
                              link.idle_timer_ = 0;
                              const Duration idle = link.loop_.now() - link.last_activity_;
                              const Duration allowed = link.options_.idle_timeout;
                              if (idle >= allowed) return link.finish(Close::kTimeout);
                              link.watch_idleness(allowed - idle);
                            }));
}

}  // namespace barnabas
