#include "storage/log/file_names.h"

#include <charconv>
#include <cstdint>
#include <cstdio>

namespace barnabas::storage {
namespace {
constexpr size_t kDigits = 20;
}

std::string offset_path(const std::string& directory, Offset base, std::string_view suffix) {
  char digits[kDigits + 1];
  std::snprintf(digits, sizeof digits, "%020lld", static_cast<long long>(base.value()));
  std::string path;
  path.reserve(directory.size() + 1 + kDigits + suffix.size());
  return path.append(directory).append("/").append(digits, kDigits).append(suffix);
}

std::optional<Offset> parse_offset_name(std::string_view name, std::string_view suffix) {
  if (name.size() != kDigits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, value);
  if (error != std::errc() || end != name.data() + kDigits || value < 0) return std::nullopt;
  return Offset{value};
}

}  // namespace barnabas::storage
