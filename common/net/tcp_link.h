// One TCP connection as a Link.
//
//   connecting --writable--> open --close()--> closing --all sent--> closed
//        \____________________\__________ error, end of file _________/
//
// Reading goes into the incomplete frame first and into the loop's scratch second, in one system
// call, so that many small frames come with one read and a large one is never copied. Writing is
// tried at once when nothing is queued; answers to frames of one read leave together after it.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/net/admission.h"
#include "common/net/event_loop.h"
#include "common/net/frame_reader.h"
#include "common/net/send_queue.h"
#include "common/net/socket_address.h"
#include "common/net/tcp.h"

namespace barnabas {

class TcpLink final : public Link, private EventLoop::Watcher {
 public:
  // An accepted connection; silent until start().
  TcpLink(EventLoop& loop, const TcpOptions& options, Fd socket, Admission::Ticket ticket);
  // A link to be: connect_to() or fail() follows, on the loop.
  TcpLink(EventLoop& loop, const TcpOptions& options, Endpoint to, LinkSink& sink);
  ~TcpLink() override;

  // Tries one address after the other.
  void connect_to(std::vector<SocketAddress> addresses);
  void fail(Close why);

  void start(LinkSink& sink) override;
  bool send(BufferChain frame) override;
  void mute(bool muted) override;
  void close() override;
  Endpoint local() const override { return local_; }
  Endpoint peer() const override { return peer_; }

  // Runs `task` with this link on its loop, unless the link is gone by then.
  template <class Function>
  static Task if_alive(const std::shared_ptr<TcpLink*>& self, Function function) {
    return [self, function = std::move(function)]() mutable {
      if (*self != nullptr) function(**self);
    };
  }
  const std::shared_ptr<TcpLink*>& self() const { return self_; }

 private:
  enum class State { kConnecting, kOpen, kClosing, kClosed };

  void ready(uint32_t events) override;
  void connect_next();
  void connect_ready();
  void read_some();
  // False: the link is gone, closed, or does not want more now.
  bool deliver(std::string_view bytes);
  void read_later();
  void flush();  // within the loop's own calls: may end the link
  void finish(Close why);
  void finish_later(Close why);
  void watch_idleness(Duration delay);
  bool reading() const { return state_ == State::kOpen && sink_ != nullptr && !muted_; }

  EventLoop& loop_;
  const TcpOptions& options_;
  LinkSink* sink_ = nullptr;
  State state_;
  Fd socket_;
  EventLoop::Watch* watch_ = nullptr;
  Admission::Ticket ticket_;
  Endpoint local_, peer_;
  std::shared_ptr<TcpLink*> self_;
  bool* destroyed_ = nullptr;  // set while the loop is inside one of our calls

  std::vector<SocketAddress> addresses_;  // still to be tried
  Close last_failure_ = Close::kTimeout;
  TimerId connect_timer_ = 0;

  bool muted_ = false;
  bool readable_ = false;
  bool hung_up_ = false;  // the peer will send no more
  bool read_posted_ = false;
  FrameReader reader_;
  std::string unparsed_;  // received before mute() and not yet cut into frames

  bool writable_ = false;
  bool in_loop_call_ = false;  // answers wait for its end
  bool over_limit_ = false;
  SendQueue queue_;

  Instant last_activity_;
  TimerId idle_timer_ = 0;
  TimerId close_timer_ = 0;
};

// A non-blocking TCP socket on its way to `address`. Not ok(): errno says why.
Fd start_connecting(const SocketAddress& address, bool& connected);
// What a failed connect() means to a peer that only wants to know whether someone listens.
Close meaning_of_connect_error(int error);
// Connecting to a free port of the local range can meet itself: the kernel then opens a
// connection from the socket to itself, although nobody listens.
bool connected_to_itself(int socket);

}  // namespace barnabas
