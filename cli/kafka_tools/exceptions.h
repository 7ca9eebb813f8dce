// How Java clients name the protocol's errors, for scripts that look for these names.

#pragma once

#include <cstdint>
#include <string_view>

namespace barnabas::cli::kafka_tools {

struct JavaException {
  std::string_view name;      // "GroupNotEmptyException"
  std::string_view sentence;  // where the broker sent none; empty: none is known
};

JavaException exception_of(int16_t code);

}  // namespace barnabas::cli::kafka_tools
