#include "tests/simulation/checks/replica_contents.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/status.h"
#include "kafka/records/batch.h"

namespace barnabas::simulation {

absl::StatusOr<std::string> read_batches(storage::Disk& disk, const std::string& directory,
                                         Offset end) {
  ASSIGN_OR_RETURN(std::vector<std::string> names, disk.list(directory));
  std::sort(names.begin(), names.end());
  std::string out;
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, ".log")) continue;
    ASSIGN_OR_RETURN(const std::string bytes,
                     storage::read_file(disk, absl::StrCat(directory, "/", name)));
    kafka::BatchStream batches(bytes);
    while (const auto batch = batches.next()) {
      if (batch->last_offset() >= end) return out;
      out.append(batch->bytes());
    }
  }
  return out;
}

void ReplicaContents::holds(const std::string& partition, const std::string& replica,
                            std::string content) {
  held_.push_back({partition, replica, std::move(content)});
}

void ReplicaContents::judge() {
  std::map<std::string, const Held*> first;
  for (const Held& held : held_) {
    const Held& other = *first.emplace(held.partition, &held).first->second;
    if (held.content == other.content) continue;
    const size_t shorter = std::min(held.content.size(), other.content.size());
    size_t at = 0;
    while (at < shorter && held.content[at] == other.content[at]) ++at;
    findings_.report("I39 replicas are identical below the high watermark",
                     absl::StrCat(held.partition, ": ", other.replica, " has ",
                                  other.content.size(), " bytes and ", held.replica, " ",
                                  held.content.size(), "; they differ from byte ", at, " on"));
  }
  held_.clear();
}

}  // namespace barnabas::simulation
