#include "tests/simulation/checks/processed_records.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace barnabas::simulation {

void ProcessedRecords::begins(const GroupPlace& place, Offset offset) {
  if (offset <= end(place)) return;
  findings_.report(
      "I52 no record is skipped",
      absl::StrCat(place.text(), ": a member goes on from ", offset.value(),
                   "; nobody has processed what lies between ", end(place).value(), " and there"));
}

void ProcessedRecords::processed(const GroupPlace& place, Offset from, Offset to) {
  begins(place, from);
  Offset& end = ends_[place];
  end = std::max(end, to);
}

Offset ProcessedRecords::end(const GroupPlace& place) const {
  const auto found = ends_.find(place);
  return found == ends_.end() ? Offset(0) : found->second;
}

}  // namespace barnabas::simulation
