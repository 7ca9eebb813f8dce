// Where a verb's words go: data to stdout, everything else to stderr. Decided once, from the
// terminal, the environment and the flags, and handed to each verb, so that tests can read it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>

#include "cli/problem.h"

namespace barnabas::cli {

enum class Format { kTable, kJson };

struct Output {
  std::ostream& out;
  std::ostream& err;
  Format format = Format::kTable;
  bool quiet = false;
  bool colour = false;  // stdout is a terminal and NO_COLOR is not set
  size_t width = 0;     // of the terminal; 0: there is none

  bool json() const { return format == Format::kJson; }
  // Prints it where and how it belongs; returns its exit code.
  int fail(const Problem& problem) const;
  // A word of progress or advice; nothing under --quiet.
  void note(const std::string& text) const;
  std::string painted(const std::string& text, const char* colour_code) const;
};

// For the process: stdout and stderr as they are.
Output terminal_output(Format format, bool quiet);

// "1 partition", "3 partitions"
std::string counted(int64_t n, const char* one, const char* many);

inline constexpr const char* kGreen = "32";
inline constexpr const char* kYellow = "33";
inline constexpr const char* kRed = "31";

}  // namespace barnabas::cli
