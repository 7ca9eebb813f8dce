#include "tests/tools/ledger_lines.h"

#include <algorithm>
#include <filesystem>

#include "tests/tools/ledger_client.h"

namespace barnabas::tests {
namespace {

constexpr size_t kLongestLine = 100'000;  // well below every limit on a record

}  // namespace

Lines::Lines(const std::string& source, size_t size) : size_(size) {
  if (source.empty()) return;
  std::error_code error;
  if (std::filesystem::is_regular_file(source, error)) {
    files_ = {source};
  } else {
    for (auto it = std::filesystem::recursive_directory_iterator(
             source, std::filesystem::directory_options::skip_permission_denied, error);
         it != std::filesystem::recursive_directory_iterator(); it.increment(error)) {
      if (it->is_regular_file(error)) files_.push_back(it->path().string());
    }
    std::sort(files_.begin(), files_.end());
  }
  if (files_.empty()) die("there are no files under " + source);
  in_.open(files_[0]);
}

std::string Lines::next() {
  if (files_.empty()) return made_up();
  std::string line;
  for (size_t tried = 0; tried <= files_.size(); ++tried) {
    while (std::getline(in_, line)) {
      if (line.size() <= kLongestLine) return line;
    }
    at_ = (at_ + 1) % files_.size();
    in_ = std::ifstream(files_[at_]);
  }
  die("there is no line in any file");
}

std::string Lines::made_up() {
  // Cheap, incompressible enough, and different for each record.
  std::string line = std::to_string(made_++) + ' ';
  uint64_t state = made_ * 0x9e3779b97f4a7c15ULL;
  while (line.size() < size_) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    line += static_cast<char>('!' + state % 90);
  }
  return line;
}

}  // namespace barnabas::tests
