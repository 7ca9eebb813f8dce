// bazel run --config=opt //kafka:check_vectors -- FILE...
//
// Checks vector files against this implementation. Every disagreement is one line on the standard
// error; the last line of the output is `N passed, N failed`. Exits with 1 if anything failed.

#include <absl/strings/str_cat.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "kafka/vectors/checker.h"
#include "kafka/vectors/vector_file.h"

namespace barnabas::kafka {
namespace {

struct Tally {
  int64_t passed = 0;
  int64_t failed = 0;
  std::map<std::string, int64_t> skipped;  // by reason
};

void check_file(const std::string& path, Tally& tally) {
  const absl::StatusOr<std::string> text = read_vector_file(path);
  if (!text.ok()) {
    std::cerr << path << ": " << text.status().message() << "\n";
    ++tally.failed;
    return;
  }
  int64_t number = 0;
  for (const std::string_view line : split_lines(*text)) {
    ++number;
    const absl::Status status = check_line(line);
    if (status.ok()) {
      ++tally.passed;
    } else if (absl::IsCancelled(status)) {
      ++tally.skipped[std::string(status.message())];
    } else {
      ++tally.failed;
      std::cerr << path << ":" << number << ": " << status.message() << "\n  "
                << line.substr(0, 200) << "\n";
    }
  }
}

// `bazel run` starts programs elsewhere; relative names are meant from where the person stands.
std::string absolute(const std::string& path) {
  const char* const where = std::getenv("BUILD_WORKING_DIRECTORY");
  if (where == nullptr) return path;
  return (std::filesystem::path(where) / path).string();
}

}  // namespace
}  // namespace barnabas::kafka

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: check_vectors FILE...   (JSON lines; .gz and .zst are decompressed)\n";
    return 2;
  }
  barnabas::kafka::Tally tally;
  for (int i = 1; i < argc; ++i) {
    barnabas::kafka::check_file(barnabas::kafka::absolute(argv[i]), tally);
  }
  for (const auto& [reason, count] : tally.skipped) {
    std::cout << reason << ": " << count << " lines\n";
  }
  std::cout << tally.passed << " passed, " << tally.failed << " failed\n";
  return tally.failed == 0 ? 0 : 1;
}
