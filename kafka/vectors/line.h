// Fields of one line of a vector file.

#pragma once

#include <absl/strings/escaping.h>

#include <nlohmann/json.hpp>
#include <string>

namespace barnabas::kafka {

// The bytes of a field in hexadecimal.
inline std::string hex_of(const nlohmann::json& line, const char* field) {
  return absl::HexStringToBytes(line.at(field).get_ref<const std::string&>());
}

}  // namespace barnabas::kafka
