#include "tests/simulation/checks/acknowledged_records.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>

namespace barnabas::simulation {
namespace {

constexpr char kOnce[] = "I35 every acknowledged record is there once, unchanged, at its offset";
constexpr char kOrder[] = "I43 a producer's records stand in order, once each, without a gap";

}  // namespace

void AcknowledgedRecords::sent(const Partition& partition, std::string_view value, int producer,
                               int32_t sequence) {
  entries_[partition].emplace(std::string(value), Entry{producer, sequence});
}

void AcknowledgedRecords::acknowledged(const Partition& partition, std::string_view value,
                                       Offset offset) {
  Entry& entry = entries_.at(partition).find(value)->second;
  entry.acknowledged = true;
  entry.offset = offset;
  Offset& end = ends_[partition];
  end = std::max(end, offset.next());
  ++acknowledged_;
}

Offset AcknowledgedRecords::known_end(const Partition& partition) const {
  const auto found = ends_.find(partition);
  return found == ends_.end() ? Offset(0) : found->second;
}

void AcknowledgedRecords::judge(const Partition& partition, const std::vector<Stored>& content,
                                Findings& findings) const {
  const std::string where = absl::StrCat(partition.first, "-", partition.second);
  const auto ledger = entries_.find(partition);
  std::set<std::string_view> seen;
  std::map<int, int32_t> next;  // of each producer
  for (const Stored& record : content) {
    const std::string at = absl::StrCat(where, " offset ", record.offset.value());
    const auto found = ledger == entries_.end() ? decltype(ledger->second.end())()
                                                : ledger->second.find(record.value);
    if (ledger == entries_.end() || found == ledger->second.end()) {
      return findings.report(kOnce, absl::StrCat(at, " holds what nobody sent there"));
    }
    const Entry& entry = found->second;
    if (!seen.insert(found->first).second) {
      return findings.report(kOrder, absl::StrCat(at, " repeats sequence ", entry.sequence,
                                                  " of producer ", entry.producer));
    }
    int32_t& expected = next[entry.producer];
    if (entry.sequence != expected) {
      return findings.report(kOrder,
                             absl::StrCat(at, " has sequence ", entry.sequence, " of producer ",
                                          entry.producer, ", expected ", expected));
    }
    ++expected;
    if (entry.offset != kNoOffset && entry.offset != record.offset) {
      return findings.report(
          kOnce, absl::StrCat(at, " holds what was acknowledged at offset ", entry.offset.value()));
    }
  }
  if (ledger == entries_.end()) return;
  for (const auto& [value, entry] : ledger->second) {
    if (entry.acknowledged && seen.count(value) == 0) {
      return findings.report(
          kOnce, absl::StrCat(where, " lacks sequence ", entry.sequence, " of producer ",
                              entry.producer, ", acknowledged at offset ", entry.offset.value()));
    }
  }
}

}  // namespace barnabas::simulation
