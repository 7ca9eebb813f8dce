// Columns for people: numbers to the right, text to the left, no wider than the terminal. Where
// there is no terminal nothing is cut off.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace barnabas::cli {

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kLeft;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  // `width` 0: as wide as needed. Otherwise the widest columns of text give way, their cells ending
  // in "~". Titles are bold where `colour` is set, and absent without `headers`. Each line ends
  // with a line break and has no blanks before it. A column whose every cell is empty is left out.
  std::string render(size_t width, bool colour, bool headers = true) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace barnabas::cli
