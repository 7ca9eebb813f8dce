// Cuts a byte stream into Kafka's frames: a 4-byte big-endian length, then that many bytes.
//
// Each frame comes out in one allocation of its own, of just its size, not zeroed. Bytes of a
// frame that is not complete can be received straight into it (room()), so a large frame is not
// copied. A declared length is believed only as far as the peer has shown that it delivers: memory
// is taken for the largest frame that has arrived whole on this connection (64 KiB at first), and
// doubles as bytes really come. A hundred thousand connections that each declare 100 MiB and send
// nothing thus cost 64 KiB each.
//
// Pure: no socket, no clock.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "common/buffer.h"

namespace barnabas {

class FrameReader {
 public:
  static constexpr size_t kFirstStep = 64 * 1024;

  // A frame of more than `limit` bytes is refused when its length is read.
  explicit FrameReader(size_t limit) : limit_(limit) {}

  enum class Result {
    kFrame,     // `frame` holds the next one
    kNeedMore,  // all of `bytes` is consumed
    kBad,       // the length is negative or above the limit: the stream is unusable
  };
  // Takes from the front of `bytes` up to the end of the next frame.
  Result next(std::string_view& bytes, Buffer& frame);

  // Where the next bytes of the incomplete frame belong; empty between frames. What is received
  // here is announced by filled(), after which next() must be called.
  std::span<char> room();
  void filled(size_t count) { have_ += count; }

  // The length that was refused.
  int32_t refused_length() const { return refused_length_; }

 private:
  // Between frames: false. Otherwise length_ is known and frame_ has room for capacity_ of it.
  bool begin(std::string_view& bytes);
  void reserve(size_t capacity);

  const size_t limit_;
  size_t proven_ = kFirstStep;
  int32_t refused_length_ = 0;

  char header_[4];
  size_t header_have_ = 0;
  bool inside_ = false;
  size_t length_ = 0;
  size_t have_ = 0;
  size_t capacity_ = 0;
  std::shared_ptr<char[]> frame_;
};

}  // namespace barnabas
