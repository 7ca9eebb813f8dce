#include "common/net/send_queue.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>

namespace barnabas {
namespace {

// More than a burst of small answers needs, and little enough to stand on the stack.
constexpr size_t kMaxPieces = 128;

struct Pieces {
  iovec at[kMaxPieces];
  size_t count = 0;
  size_t bytes = 0;

  bool full() const { return count == kMaxPieces; }
  // Leaves out the first `skip` bytes and lowers `skip` by what it left out.
  void add(const char* data, size_t size, size_t& skip) {
    const size_t out = std::min(skip, size);
    skip -= out;
    if (size == out || full()) return;
    at[count++] = {const_cast<char*>(data) + out, size - out};
    bytes += size - out;
  }
};

}  // namespace

void SendQueue::push(BufferChain chain) {
  for (Buffer& piece : chain) {
    if (piece.borrowed() && !piece.empty()) piece = Buffer::copy(piece.view());
  }
  const size_t size = total_size(chain);
  Frame& frame = frames_.emplace_back();
  for (int i = 0; i < 4; ++i) frame.header[i] = static_cast<char>(size >> (24 - 8 * i));
  frame.size = size + sizeof frame.header;
  frame.chain = std::move(chain);
  bytes_ += frame.size;
}

SendQueue::Result SendQueue::flush(int socket, size_t& written) {
  while (!frames_.empty()) {
    Pieces pieces;
    size_t skip = front_sent_;
    for (const Frame& frame : frames_) {
      pieces.add(frame.header, sizeof frame.header, skip);
      for (const Buffer& piece : frame.chain) pieces.add(piece.data(), piece.size(), skip);
      if (pieces.full()) break;
    }
    msghdr message{};
    message.msg_iov = pieces.at;
    message.msg_iovlen = pieces.count;
    const ssize_t n = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN ? Result::kBlocked : Result::kError;
    }
    const auto sent = static_cast<size_t>(n);
    written += sent;
    bytes_ -= sent;
    front_sent_ += sent;
    while (!frames_.empty() && front_sent_ >= frames_.front().size) {
      front_sent_ -= frames_.front().size;
      frames_.pop_front();
    }
    // The kernel took less than it was offered: its buffer is full, and it will say when not.
    if (sent < pieces.bytes) return Result::kBlocked;
  }
  return Result::kEmpty;
}

void SendQueue::clear() {
  frames_.clear();
  front_sent_ = 0;
  bytes_ = 0;
}

}  // namespace barnabas
