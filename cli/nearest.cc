#include "cli/nearest.h"

#include <algorithm>
#include <cstddef>

#include "common/nearest.h"

namespace barnabas::cli {

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  size_t best = std::max<size_t>(2, word.size() / 3) + 1;
  std::string found;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(word, candidate);
    // Two edits turn any short word into any other.
    if (distance < best && distance < std::max<size_t>(candidate.size(), 2)) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

}  // namespace barnabas::cli
