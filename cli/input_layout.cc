#include "cli/input_layout.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include "cli/record_layout.h"

namespace barnabas::cli {
namespace {

constexpr std::string_view kFields = "kvhpT";

absl::string_view view(std::string_view text) { return {text.data(), text.size()}; }

// "a=b,c=d"; empty: none.
bool read_headers(std::string_view text, InputRecord& record) {
  if (text.empty()) return true;
  for (const absl::string_view word : absl::StrSplit(view(text), ',')) {
    const size_t at = word.find('=');
    if (at == absl::string_view::npos || at == 0) return false;
    record.headers.emplace_back(std::string(word.substr(0, at)), std::string(word.substr(at + 1)));
  }
  return true;
}

bool put(char field, std::string_view text, InputRecord& record) {
  switch (field) {
    case 'k':
      record.key = std::string(text);
      return true;
    case 'v':
      record.value = std::string(text);
      return true;
    case 'h':
      return read_headers(text, record);
    case 'p':
      return absl::SimpleAtoi(view(text), &record.partition) && record.partition >= 0;
    default:
      return absl::SimpleAtoi(view(text), &record.timestamp_ms) && record.timestamp_ms >= 0;
  }
}

}  // namespace

std::string check_input_layout(std::string_view layout) {
  std::string seen;
  bool behind_field = false;
  for (size_t i = 0; i < layout.size(); ++i) {
    if (layout[i] != '%' && layout[i] != '\\') {
      behind_field = false;
      continue;
    }
    const char kind = layout[i];
    if (++i == layout.size()) {
      return absl::StrCat("it ends in the middle of a ", std::string(1, kind));
    }
    const std::string name(1, layout[i]);
    if (kind == '\\') {
      if (!unescaped(layout[i]).has_value()) {
        return absl::StrCat("\\", name, " is nothing; \\n \\t \\r \\0 \\\\ are");
      }
      behind_field = false;
      continue;
    }
    if (name == "%") {
      behind_field = false;
      continue;
    }
    if (kFields.find(layout[i]) == std::string_view::npos) {
      return absl::StrCat("%", name,
                          " cannot be read; %k key, %v value, %h headers, %p partition, %T time in "
                          "ms, %% a percent sign can");
    }
    if (seen.find(name) != std::string::npos) return absl::StrCat("%", name, " is there twice");
    if (behind_field) return absl::StrCat("nothing stands before %", name, " to part it");
    seen += name;
    behind_field = true;
  }
  if (!layout.empty() && seen.empty()) return "it has no field: %k %v %h %p %T";
  return "";
}

InputLayout::InputLayout(std::string_view layout) {
  std::string before;
  for (size_t i = 0; i < layout.size(); ++i) {
    if (layout[i] == '\\' && i + 1 < layout.size()) {
      before += unescaped(layout[++i]).value_or('?');
    } else if (layout[i] == '%' && i + 1 < layout.size() && layout[i + 1] != '%') {
      pieces_.push_back({layout[++i], before});
      before.clear();
    } else {
      if (layout[i] == '%') ++i;
      before += layout[i];
    }
  }
  // Lines come without their line breaks.
  while (!before.empty() && (before.back() == '\n' || before.back() == '\r')) before.pop_back();
  pieces_.push_back({0, before});
}

std::optional<InputRecord> InputLayout::read(std::string_view line) const {
  InputRecord record;
  if (pieces_.size() == 1) {  // no layout
    record.value = std::string(line);
    return record;
  }
  if (!line.starts_with(pieces_[0].before)) return std::nullopt;
  line.remove_prefix(pieces_[0].before.size());
  for (size_t i = 0; i + 1 < pieces_.size(); ++i) {
    const std::string& after = pieces_[i + 1].before;
    size_t end = line.size();
    if (i + 2 == pieces_.size()) {  // the last field takes what is left
      if (!line.ends_with(after)) return std::nullopt;
      end -= after.size();
    } else {
      end = line.find(after);
      if (end == std::string_view::npos) return std::nullopt;
    }
    if (!put(pieces_[i].field, line.substr(0, end), record)) return std::nullopt;
    line.remove_prefix(end + after.size());
  }
  return record;
}

}  // namespace barnabas::cli
