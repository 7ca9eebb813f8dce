#include "benchmarks/kload/options.h"

#include <chrono>
#include <cstdio>
#include <sstream>

namespace barnabas::kload {

void die(const std::string& message) {
  std::fprintf(stderr, "kload: %s\n", message.c_str());
  std::exit(1);
}

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

}  // namespace barnabas::kload
