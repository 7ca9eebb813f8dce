#include "tests/simulation/checks/high_watermarks.h"

#include <absl/strings/str_cat.h>

namespace barnabas::simulation {

void HighWatermarks::heard(int reader, const Place& place, int32_t epoch, Offset high_watermark) {
  Offset& highest = highest_.emplace(std::tuple(reader, place, epoch), Offset(0)).first->second;
  if (high_watermark < highest) {
    findings_.report("I38 the high watermark of a leadership never goes back",
                     absl::StrCat(place.text(), " epoch ", epoch, ": from ", highest.value(),
                                  " to ", high_watermark.value()));
  }
  highest = high_watermark;
}

}  // namespace barnabas::simulation
