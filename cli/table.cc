#include "cli/table.h"

#include <algorithm>
#include <numeric>

namespace barnabas::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kNarrowest = 8;  // of a column that gives way

// Code points; wide characters in a topic's configuration are worth no library.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string shortened(const std::string& text, size_t width) {
  if (width_of(text) <= width) return text;
  std::string out;
  size_t taken = 0;
  for (const char c : text) {
    const bool starts = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (starts && taken == width - 1) break;
    if (starts) ++taken;
    out += c;
  }
  return out + "~";
}

std::string line(const std::vector<std::string>& cells, const std::vector<size_t>& widths,
                 const std::vector<Column>& columns, const std::vector<bool>& shown) {
  std::string out;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (!shown[i]) continue;
    const std::string cell = shortened(cells[i], widths[i]);
    const std::string blanks(widths[i] - width_of(cell), ' ');
    if (!out.empty()) out.append(kGap, ' ');
    out += columns[i].align == Align::kRight ? blanks + cell : cell + blanks;
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

}  // namespace

std::string Table::render(size_t width, bool colour, bool headers) const {
  std::vector<size_t> widths(columns_.size(), 0);
  std::vector<bool> shown(columns_.size(), rows_.empty());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i]));
      if (!row[i].empty()) shown[i] = true;
    }
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    widths[i] = shown[i] ? std::max(widths[i], width_of(columns_[i].title)) : 0;
  }
  const auto gaps = static_cast<size_t>(std::count(shown.begin(), shown.end(), true));
  const auto total = [&] {
    return std::accumulate(widths.begin(), widths.end(), size_t{0}) +
           (gaps > 0 ? gaps - 1 : 0) * kGap;
  };
  while (width > 0 && total() > width) {
    size_t widest = columns_.size();
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].align == Align::kRight || widths[i] <= kNarrowest) continue;
      if (widest == columns_.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
  }

  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  std::string out;
  if (headers) {
    out = line(titles, widths, columns_, shown);
    if (colour) out = "\033[1m" + out + "\033[0m";
    out += '\n';
  }
  for (const auto& row : rows_) out += line(row, widths, columns_, shown) + '\n';
  return out;
}

}  // namespace barnabas::cli
