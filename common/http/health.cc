#include "common/http/health.h"

#include <fmt/format.h>

#include <string_view>

namespace barnabas::http {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

Response Health::response() const {
  std::string body = fmt::format("{{\"status\":\"{}\",\"reasons\":[", ok() ? "ok" : "unavailable");
  for (size_t i = 0; i < reasons_.size(); ++i) {
    if (i > 0) body += ',';
    body += quoted(reasons_[i]);
  }
  body += ']';
  for (const auto& [name, value] : facts_) body += ',' + quoted(name) + ':' + quoted(value);
  return {ok() ? 200 : 503, "application/json", body + "}\n"};
}

}  // namespace barnabas::http
