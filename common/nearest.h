// The word that was probably meant by a misspelt one.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace barnabas {

// How many single-character edits (insert, delete, replace, swap of neighbours) lie between.
size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that `word` is most likely meant to be, unless none is near.
std::optional<std::string> nearest_match(std::string_view word,
                                         const std::vector<std::string>& candidates);

}  // namespace barnabas
