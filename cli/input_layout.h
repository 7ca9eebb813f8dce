// How produce reads a record from a line: "%k %v %h %p %T", with what stands between them.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace barnabas::cli {

struct InputRecord {
  std::optional<std::string> key;
  std::string value;
  int32_t partition = -1;     // -1: chosen by the key
  int64_t timestamp_ms = -1;  // -1: now
  std::vector<std::pair<std::string, std::string>> headers;
};

// The first mistake as a sentence; empty if there is none. An empty layout means: all is the value.
std::string check_input_layout(std::string_view layout);

class InputLayout {
 public:
  // `layout` has been checked.
  explicit InputLayout(std::string_view layout);
  // Nothing if the line does not fit.
  std::optional<InputRecord> read(std::string_view line) const;

 private:
  struct Piece {
    char field;          // 0: none, `before` ends the line
    std::string before;  // what stands before it
  };
  std::vector<Piece> pieces_;
};

}  // namespace barnabas::cli
