#include "tests/simulation/checks/replica_bounds.h"

#include <absl/strings/str_cat.h>

namespace barnabas::simulation {

void ReplicaBounds::shows(const std::string& process, const Place& place, const Replica& replica) {
  ++count_;
  if (replica.log_start > replica.log_end || replica.durable_end > replica.log_end ||
      replica.high_watermark > replica.log_end) {
    findings_.report(
        "I13 what is on disk and what is committed lie within the log",
        absl::StrCat(place.text(), " at ", process, ": log ", replica.log_start.value(), " to ",
                     replica.log_end.value(), ", on disk to ", replica.durable_end.value(),
                     ", high watermark ", replica.high_watermark.value()));
  }
  if (!replica.leading) return;
  Offset& highest =
      led_.emplace(std::tuple(place, replica.epoch, process), Offset(0)).first->second;
  if (replica.high_watermark < highest) {
    findings_.report(
        "I38 the high watermark of a leadership never goes back",
        absl::StrCat(place.text(), " epoch ", replica.epoch, " at ", process, ": from ",
                     highest.value(), " to ", replica.high_watermark.value()));
  }
  highest = replica.high_watermark;
}

}  // namespace barnabas::simulation
