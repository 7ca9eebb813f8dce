#include "kafka/vectors/vector_file.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <fstream>
#include <sstream>

#include "common/status.h"
#include "kafka/records/compression.h"

namespace barnabas::kafka {

absl::StatusOr<std::string> read_vector_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot open ", path));
  std::ostringstream content;
  content << file.rdbuf();
  Codec codec = Codec::kNone;
  if (absl::EndsWith(path, ".gz")) codec = Codec::kGzip;
  if (absl::EndsWith(path, ".zst")) codec = Codec::kZstd;
  absl::StatusOr<std::string> text = decompress(codec, content.str());
  if (!text.ok()) return annotate(text.status(), path);
  return text;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace barnabas::kafka
