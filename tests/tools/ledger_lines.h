// Where `ledger produce` takes its records from: every line of the text files under a directory, in
// an order that is the same on each run, over and over.

#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

namespace barnabas::tests {

class Lines {
 public:
  // A directory, a file, or empty: lines that are made up, `size` bytes each.
  Lines(const std::string& source, size_t size);

  // Never ends: after the last line comes the first.
  std::string next();
  size_t files() const { return files_.size(); }

 private:
  std::string made_up();

  std::vector<std::string> files_;
  size_t at_ = 0;
  std::ifstream in_;
  size_t size_;
  uint64_t made_ = 0;
};

}  // namespace barnabas::tests
