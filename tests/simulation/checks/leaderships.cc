#include "tests/simulation/checks/leaderships.h"

#include <absl/strings/str_cat.h>

namespace barnabas::simulation {

void Leaderships::leads(const Place& place, int32_t epoch, const std::string& process) {
  const auto [found, is_new] = leaders_.emplace(std::pair(place, epoch), process);
  if (is_new || found->second == process) return;
  findings_.report(
      "I36 at most one process accepts records in one epoch",
      absl::StrCat(place.text(), " epoch ", epoch, ": ", found->second, " and ", process));
}

}  // namespace barnabas::simulation
