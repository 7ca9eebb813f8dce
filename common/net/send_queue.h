// Frames on their way out of one socket, each behind its 4-byte length.
//
// The kernel gathers straight from the pieces of the queued chains; nothing is copied here, except
// borrowed pieces (whose owner promises nothing beyond send()). Several frames leave in one call.

#pragma once

#include <cstddef>
#include <deque>

#include "common/buffer.h"

namespace barnabas {

class SendQueue {
 public:
  // The chain must hold at most INT32_MAX bytes.
  void push(BufferChain chain);

  enum class Result { kEmpty, kBlocked, kError };
  // Sends until nothing is left, the kernel takes no more, or an error, which errno then names.
  // `written` grows by what the kernel took.
  Result flush(int socket, size_t& written);

  bool empty() const { return frames_.empty(); }
  // Bytes not yet taken by the kernel, length prefixes included.
  size_t bytes() const { return bytes_; }
  void clear();

 private:
  struct Frame {
    char header[4];
    BufferChain chain;
    size_t size;  // with the header
  };

  std::deque<Frame> frames_;
  size_t front_sent_ = 0;  // of the first frame
  size_t bytes_ = 0;
};

}  // namespace barnabas
