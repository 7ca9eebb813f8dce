// The lines of a vector file, which may be compressed (.gz, .zst).

#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

namespace barnabas::kafka {

// NOT_FOUND if the file cannot be opened, DATA_LOSS if it cannot be decompressed.
absl::StatusOr<std::string> read_vector_file(const std::string& path);

// Without line ends and without empty lines; views into `text`.
std::vector<std::string_view> split_lines(std::string_view text);

}  // namespace barnabas::kafka
