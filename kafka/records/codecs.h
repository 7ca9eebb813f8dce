// One pair of functions per codec; compression.h is the door. `bound` is the most that may come
// out: RESOURCE_EXHAUSTED beyond, DATA_LOSS for what cannot be read.

#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace barnabas::kafka {

absl::StatusOr<std::string> gzip_decompress(std::string_view input, size_t bound);
absl::StatusOr<std::string> gzip_compress(std::string_view input);
absl::StatusOr<std::string> snappy_decompress(std::string_view input, size_t bound);
absl::StatusOr<std::string> snappy_compress(std::string_view input);
absl::StatusOr<std::string> lz4_decompress(std::string_view input, size_t bound);
absl::StatusOr<std::string> lz4_compress(std::string_view input);
absl::StatusOr<std::string> zstd_decompress(std::string_view input, size_t bound);
absl::StatusOr<std::string> zstd_compress(std::string_view input);

absl::Status too_large(std::string_view codec, size_t bound);
absl::Status damaged(std::string_view codec, std::string_view reason);

// Output of a streaming decoder: grows by doubling up to the bound.
class BoundedOutput {
 public:
  BoundedOutput(size_t input_size, size_t bound);

  // Room behind what was produced; never empty unless the bound is reached.
  char* space() { return out_.data() + used_; }
  size_t space_size() const { return out_.size() - used_; }
  void produced(size_t count) { used_ += count; }
  // Makes room again; false if there is no more to have.
  bool grow();
  std::string take();

 private:
  std::string out_;
  size_t used_ = 0;
  size_t bound_;
};

}  // namespace barnabas::kafka
