#include "kafka/records/codecs.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

namespace barnabas::kafka {
namespace {

absl::string_view text(std::string_view view) { return {view.data(), view.size()}; }

}  // namespace

absl::Status too_large(std::string_view codec, size_t bound) {
  return absl::ResourceExhaustedError(absl::StrCat("the ", text(codec),
                                                   " data would decompress to more than ", bound,
                                                   " bytes, the limit for data of its size"));
}

absl::Status damaged(std::string_view codec, std::string_view reason) {
  return absl::DataLossError(
      absl::StrCat("the ", text(codec), " data cannot be decompressed: ", text(reason)));
}

BoundedOutput::BoundedOutput(size_t input_size, size_t bound) : bound_(bound) {
  out_.resize(std::min(bound, std::max<size_t>(256, input_size * 4)));
}

bool BoundedOutput::grow() {
  if (used_ < out_.size()) return true;
  if (out_.size() >= bound_) return false;
  out_.resize(std::min(bound_, out_.size() * 2));
  return true;
}

std::string BoundedOutput::take() {
  out_.resize(used_);
  return std::move(out_);
}

}  // namespace barnabas::kafka
