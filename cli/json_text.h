// JSON that is written by hand where no protobuf message exists: strings, and bytes that may not be
// UTF-8. One place, so that every verb escapes alike.

#pragma once

#include <string>
#include <string_view>

namespace barnabas::cli {

bool is_utf8(std::string_view bytes);
// With quotes; control characters, quotes and backslashes escaped. `text` must be UTF-8.
std::string json_string(std::string_view text);
// `"name":"text"`, or `"name_base64":"..."` where the bytes are not UTF-8.
std::string json_bytes_field(std::string_view name, std::string_view bytes);

}  // namespace barnabas::cli
