// Where a verb's words go: data to stdout, everything else to stderr. Decided once, from the
// terminal, the environment and the flags, and handed to each verb, so that tests can read it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>

#include "cli/problem.h"
#include "cli/table.h"

namespace barnabas::cli {

// kWide: a table with everything in it, nothing shortened and no number rounded.
enum class Format { kTable, kWide, kJson, kYaml, kJsonl };

struct Output {
  std::ostream& out;
  std::ostream& err;
  Format format = Format::kTable;
  bool quiet = false;
  bool colour = false;  // stdout is a terminal and NO_COLOR is not set
  size_t width = 0;     // of the terminal; 0: there is none
  bool headers = true;  // titles above tables

  // For programs: JSON, or what is made from it.
  bool data() const { return format != Format::kTable && format != Format::kWide; }
  bool wide() const { return format == Format::kWide; }
  // Prints a verb's whole data in the form that was asked for; jsonl has a line for each element
  // of its field `list`.
  void print_data(const std::string& json, const char* list = "") const;
  void print(const Table& table) const;
  // Prints it where and how it belongs; returns its exit code.
  int fail(const Problem& problem) const;
  // A word of progress or advice; nothing under --quiet.
  void note(const std::string& text) const;
  std::string painted(const std::string& text, const char* colour_code) const;
};

// For the process: stdout and stderr as they are.
Output terminal_output(Format format, bool quiet, bool headers = true);

// "1 partition", "3 partitions"
std::string counted(int64_t n, const char* one, const char* many);

inline constexpr const char* kGreen = "32";
inline constexpr const char* kYellow = "33";
inline constexpr const char* kRed = "31";

}  // namespace barnabas::cli
