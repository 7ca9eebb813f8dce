#include "tests/simulation/checks/equal_images.h"

#include <absl/strings/str_cat.h>

namespace barnabas::simulation {

void EqualImages::holds(const std::string& process, const metadata::Image& image) {
  const auto [at, is_new] = looked_at_.emplace(process, LogIndex(-1));
  if (at->second == image.index()) return;
  at->second = image.index();
  holds(process, image.index(), image.hash());
}

void EqualImages::holds(const std::string& process, LogIndex index, uint64_t hash) {
  const auto [found, is_new] = images_.emplace(index, std::pair(hash, process));
  if (is_new || found->second.first == hash) return;
  findings_.report("I22 equal applied index means equal image",
                   absl::StrCat("at index ", index.value(), " ", found->second.second, " and ",
                                process, " differ"));
}

}  // namespace barnabas::simulation
