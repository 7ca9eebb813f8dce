#include "tests/simulation/checks/excused_loss.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>

namespace barnabas::simulation {

void ExcusedLoss::sent(const std::string& partition, const std::string& value, Lineage lineage) {
  records_[partition][value] = {++last_number_, lineage, false};
}

void ExcusedLoss::acknowledged(const std::string& partition, const std::string& value) {
  records_[partition][value].acknowledged = true;
  ++acknowledged_;
}

void ExcusedLoss::served(const std::string& partition, const std::string& value) {
  if (records_[partition].count(value) != 0) return;
  findings_.report("I53 nothing is there that nobody sent", absl::StrCat(partition, ": ", value));
}

void ExcusedLoss::judge(const std::string& partition, const std::vector<std::string>& content,
                        Lineage lineage, bool excused) {
  const std::map<std::string, Record>& records = records_[partition];
  std::set<std::string> there;
  uint64_t last = 0;
  for (const std::string& value : content) {
    const auto record = records.find(value);
    if (record == records.end()) {
      return findings_.report("I53 nothing is there that nobody sent",
                              absl::StrCat(partition, ": ", value));
    }
    if (!there.insert(value).second) {
      return findings_.report("I43 what was sent once is there once",
                              absl::StrCat(partition, ": ", value, " is there twice"));
    }
    if (record->second.acknowledged && record->second.number < last) {
      return findings_.report("I43 records stand in the order in which they were sent",
                              absl::StrCat(partition, ": ", value, " stands too late"));
    }
    last = std::max(last, record->second.number);
  }
  for (const auto& [value, record] : records) {
    if (!record.acknowledged || there.count(value) != 0) continue;
    ++lost_;
    if (excused || record.lineage < lineage) continue;
    findings_.report(
        "S13 acknowledged records are lost only where the lineage has moved",
        absl::StrCat(partition, ": ", value, ", acknowledged in lineage ", record.lineage.value(),
                     ", is gone, and the lineage is ", lineage.value()));
  }
}

}  // namespace barnabas::simulation
