// What was typed after the mode: names and values, as text until somebody needs a number.

#pragma once

#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace barnabas::kload {

struct Options {
  std::map<std::string, std::string> values;
  std::vector<std::string> sets;
  std::string text(const std::string& name, const std::string& fallback) const {
    auto it = values.find(name);
    return it == values.end() ? fallback : it->second;
  }
  int64_t number(const std::string& name, int64_t fallback) const {
    auto it = values.find(name);
    return it == values.end() ? fallback : std::strtoll(it->second.c_str(), nullptr, 10);
  }
};

// Ends the process with a sentence on stderr.
[[noreturn]] void die(const std::string& message);
int64_t now_ns();
std::vector<std::string> split(const std::string& text, char separator);

}  // namespace barnabas::kload
