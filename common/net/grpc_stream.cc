#include "common/net/grpc_stream.h"

#include <utility>

namespace barnabas {
namespace {

// Below this, one copy is cheaper than a slice with an owner.
constexpr size_t kCopyUpTo = 4096;

grpc::Slice shared_slice(Buffer piece) {
  if (piece.borrowed() || piece.size() <= kCopyUpTo) {
    return grpc::Slice(piece.data(), piece.size());
  }
  auto* const owner = new std::shared_ptr<const void>(piece.owner());
  return grpc::Slice(
      const_cast<char*>(piece.data()), piece.size(),
      [](void* o) { delete static_cast<std::shared_ptr<const void>*>(o); }, owner);
}

}  // namespace

grpc::ByteBuffer to_byte_buffer(BufferChain chain) {
  if (total_size(chain) <= kCopyUpTo) {
    const std::string flat = flatten(chain);
    const grpc::Slice slice(flat.data(), flat.size());
    return grpc::ByteBuffer(&slice, 1);
  }
  std::vector<grpc::Slice> slices;
  slices.reserve(chain.size());
  for (Buffer& piece : chain) {
    if (!piece.empty()) slices.push_back(shared_slice(std::move(piece)));
  }
  return grpc::ByteBuffer(slices.data(), slices.size());
}

Buffer to_buffer(grpc::ByteBuffer bytes) {
  auto single = std::make_shared<grpc::Slice>();
  if (bytes.TrySingleSlice(single.get()).ok()) {
    const std::string_view view(reinterpret_cast<const char*>(single->begin()), single->size());
    return Buffer(std::move(single), view);
  }
  std::vector<grpc::Slice> slices;
  if (!bytes.Dump(&slices).ok()) return Buffer::own("");
  auto flat = std::make_shared_for_overwrite<char[]>(bytes.Length());
  size_t at = 0;
  for (const grpc::Slice& slice : slices) {
    std::copy(slice.begin(), slice.end(), flat.get() + at);
    at += slice.size();
  }
  const std::string_view view(flat.get(), at);
  return Buffer(std::move(flat), view);
}

void GrpcStream::start(std::function<void(void*)> operation, std::function<void(bool)> then) {
  const auto completion = [self = shared_from_this(), then = std::move(then)](bool ok) {
    self->loop_.post([self, then, ok] { then(ok); });
  };
  if (!queue_->start(completion, operation)) completion(false);
}

void GrpcStream::listen_to(LinkSink& sink) {
  sink_ = &sink;
  if (state_ != State::kBeginning) mute(muted_);  // delivers, later
}

void GrpcStream::begun() {
  if (is_over()) return;
  state_ = State::kOpen;
  write_next();
  read_next();
}

// ---- Reading ----

void GrpcStream::read_next() {
  if (reading_ || failed_ || is_over() || !inbox_.empty()) return;
  reading_ = true;
  start([this](void* tag) { start_read(&incoming_, tag); }, [this](bool ok) { read_done(ok); });
}

void GrpcStream::read_done(bool ok) {
  reading_ = false;
  if (is_over()) return;
  if (!ok) return fail();
  if (closing_) {
    incoming_.Clear();
    return read_next();
  }
  inbox_.push_back(to_buffer(std::exchange(incoming_, {})));
  deliver();
}

void GrpcStream::deliver() {
  const auto self = shared_from_this();  // the link may be destroyed from inside frame()
  while (!inbox_.empty() && sink_ != nullptr && !muted_ && !closing_ && !is_over()) {
    Buffer frame = std::move(inbox_.front());
    inbox_.pop_front();
    sink_->frame(std::move(frame));
  }
  if (closing_) inbox_.clear();
  if (state_ == State::kOpen) read_next();
  if (failed_ && inbox_.empty()) fail();
}

void GrpcStream::mute(bool muted) {
  muted_ = muted;
  if (muted_ || delivery_posted_ || is_over()) return;
  delivery_posted_ = true;
  loop_.post([self = shared_from_this()] {
    self->delivery_posted_ = false;
    if (!self->is_over()) self->deliver();
  });
}

// ---- Writing ----

bool GrpcStream::send(BufferChain chain) {
  if (is_over() || closing_) return true;
  const size_t size = total_size(chain);
  if (size > options_.max_message_bytes) {
    loop_.post([self = shared_from_this()] {
      self->cancel();
      self->over(Close::kProtocol);
    });
    return true;
  }
  queued_bytes_ += size;
  queued_.push_back({to_byte_buffer(std::move(chain)), size});
  if (state_ == State::kOpen) write_next();
  if (queued_bytes_ > options_.max_queued_bytes) over_limit_ = true;
  return !over_limit_;
}

void GrpcStream::write_next() {
  if (writing_ || failed_ || is_over()) return;
  if (queued_.empty()) {
    if (closing_ && !std::exchange(graceful_end_started_, true)) end_gracefully();
    return;
  }
  writing_ = true;
  start([this](void* tag) { start_write(queued_.front().bytes, tag); },
        [this](bool ok) { write_done(ok); });
}

void GrpcStream::write_done(bool ok) {
  writing_ = false;
  if (is_over()) return;
  if (!ok) return fail();
  queued_bytes_ -= queued_.front().size;
  queued_.pop_front();
  if (failed_) return fail();
  write_next();
  if (queued_.empty() && std::exchange(over_limit_, false) && sink_ != nullptr && !closing_) {
    sink_->drained();
  }
}

// ---- Ending ----

// What the peer sent before it ended is delivered first, unless nobody wants it now.
void GrpcStream::fail() {
  failed_ = true;
  if (writing_ || reading_) {
    // The other operation fails by itself when the call is dead; after a half-close it may not.
    if (!closing_) cancel();
    return;
  }
  if (!inbox_.empty() && !closing_) return;
  if (!std::exchange(ended_called_, true)) ended();
}

void GrpcStream::close() {
  if (is_over() || closing_) return;
  closing_ = true;
  if (state_ == State::kBeginning && !accepted()) {
    loop_.post([self = shared_from_this()] {
      self->cancel();
      self->over(Close::kLocal);
    });
    return;
  }
  inbox_.clear();
  close_timer_ = loop_.after(options_.close_timeout, [self = shared_from_this()] {
    self->cancel();
    self->over(Close::kLocal);
  });
  // Never from inside this call: ending may be instantaneous.
  if (state_ == State::kBeginning) return;  // begun() goes on from here
  loop_.post([self = shared_from_this()] {
    self->write_next();
    self->read_next();
  });
}

void GrpcStream::over(Close why) {
  if (is_over()) return;
  state_ = State::kOver;
  loop_.cancel(std::exchange(close_timer_, 0));
  inbox_.clear();
  LinkSink* const sink = std::exchange(sink_, nullptr);
  if (sink != nullptr) sink->closed(closing_ ? Close::kLocal : why);
}

void GrpcStream::abandon() {
  sink_ = nullptr;
  if (is_over()) return;
  state_ = State::kOver;
  loop_.cancel(std::exchange(close_timer_, 0));
  inbox_.clear();
  cancel();
}

}  // namespace barnabas
