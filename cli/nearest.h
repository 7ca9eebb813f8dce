// The word somebody probably meant.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace barnabas::cli {

// The candidate with the fewest edits (insert, delete, replace, swap of neighbours) from `word`;
// empty if none is near enough to be worth naming (a third of the word's length, at least 2 edits).
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace barnabas::cli
