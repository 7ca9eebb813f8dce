// One bidirectional gRPC stream, seen as a link. What client and server do alike is here; how a
// stream begins and ends is in GrpcClientStream and GrpcServerStream.
//
//   beginning --begun()--> open --close(), all written--> ending --> over
//        \___________________\_________ failure ____________/
//
// Everything but post_completion() runs on the link's loop. One read and one write are under way
// at most; the next read starts when what was read has been delivered, which is the back pressure.
// Every operation under way holds a share in its stream, so a stream dies with its last operation.

#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/net/grpc_link.h"
#include "common/net/grpc_queue.h"
#include "common/transport.h"

namespace barnabas {

grpc::ByteBuffer to_byte_buffer(BufferChain chain);
Buffer to_buffer(grpc::ByteBuffer bytes);

class GrpcStream : public std::enable_shared_from_this<GrpcStream> {
 public:
  GrpcStream(std::shared_ptr<GrpcQueue> queue, const GrpcOptions& options, Executor& loop)
      : queue_(std::move(queue)), options_(options), loop_(loop) {}
  virtual ~GrpcStream() = default;

  void listen_to(LinkSink& sink);
  bool send(BufferChain chain);
  void mute(bool muted);
  void close();
  // The link is gone: no more events, and the peer shall know.
  void abandon();
  // Thread-safe: ends all operations that are under way.
  virtual void cancel() = 0;

 protected:
  enum class State { kBeginning, kOpen, kEnding, kOver };

  // Starts `operation(tag)`; `then(ok)` runs on the loop when it is over, also when it could not
  // be started because the transport is going down.
  void start(std::function<void(void*)> operation, std::function<void(bool)> then);
  void begun();      // frames may flow
  void read_next();  // if there is room and nothing is being read
  void over(Close why);
  bool is_over() const { return state_ == State::kOver; }
  bool closing() const { return closing_; }
  bool writing() const { return writing_; }
  const GrpcOptions& options() const { return options_; }
  Executor& loop() { return loop_; }
  LinkSink* sink() { return sink_; }

  // An accepted stream is open to its user from the start: what is sent and closed before begun()
  // is still written. A dialled one may never begin, so close() ends the attempt.
  virtual bool accepted() const = 0;
  virtual void start_read(grpc::ByteBuffer* into, void* tag) = 0;
  virtual void start_write(const grpc::ByteBuffer& bytes, void* tag) = 0;
  // All is written after close().
  virtual void end_gracefully() = 0;
  // The stream has ended or failed: nothing more to read, and no write is under way.
  virtual void ended() = 0;

 private:
  void read_done(bool ok);
  void deliver();
  void write_next();
  void write_done(bool ok);
  void fail();

  const std::shared_ptr<GrpcQueue> queue_;
  const GrpcOptions options_;
  Executor& loop_;
  LinkSink* sink_ = nullptr;
  State state_ = State::kBeginning;
  bool closing_ = false;
  bool failed_ = false;
  bool ended_called_ = false;
  TimerId close_timer_ = 0;

  grpc::ByteBuffer incoming_;
  bool reading_ = false;
  bool muted_ = false;
  bool delivery_posted_ = false;
  std::deque<Buffer> inbox_;

  struct Outgoing {
    grpc::ByteBuffer bytes;
    size_t size;
  };
  std::deque<Outgoing> queued_;
  size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool over_limit_ = false;
  bool graceful_end_started_ = false;
};

// The Link that users hold.
class GrpcLink final : public Link {
 public:
  GrpcLink(std::shared_ptr<GrpcStream> stream, Endpoint local, Endpoint peer)
      : stream_(std::move(stream)), local_(std::move(local)), peer_(std::move(peer)) {}
  ~GrpcLink() override { stream_->abandon(); }
  void start(LinkSink& sink) override { stream_->listen_to(sink); }
  bool send(BufferChain frame) override { return stream_->send(std::move(frame)); }
  void mute(bool muted) override { stream_->mute(muted); }
  void close() override { stream_->close(); }
  Endpoint local() const override { return local_; }
  Endpoint peer() const override { return peer_; }

 private:
  const std::shared_ptr<GrpcStream> stream_;
  const Endpoint local_, peer_;
};

}  // namespace barnabas
