#include "tests/simulation/checks/fixed_offsets.h"

#include <absl/strings/str_cat.h>

namespace barnabas::simulation {

void FixedOffsets::seen(const Place& place, Offset offset, LeaderEpoch epoch,
                        std::string_view value) {
  ++count_;
  const auto [found, is_new] = records_[place].emplace(offset, Record{epoch, std::string(value)});
  if (is_new) return;
  const Record& before = found->second;
  if (before.epoch == epoch && before.value == value) return;
  findings_.report(
      "I40 the same offset gives the same record for ever",
      absl::StrCat(place.text(), " offset ", offset.value(), " was '", before.value.substr(0, 20),
                   "' of epoch ", before.epoch.value(), " and is '",
                   std::string(value.substr(0, 20)), "' of epoch ", epoch.value()));
}

}  // namespace barnabas::simulation
