#include "storage/log/epoch_cache.h"

#include <absl/status/status.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>

namespace barnabas::storage {
namespace {

constexpr int kVersion = 0;

absl::Status malformed(absl::string_view line) {
  return absl::DataLossError(
      absl::StrCat("a leader epoch checkpoint with the line \"", line, "\""));
}

}  // namespace

absl::StatusOr<EpochCache> EpochCache::parse(std::string_view text) {
  const std::vector<absl::string_view> lines =
      absl::StrSplit(absl::string_view(text.data(), text.size()), '\n');
  int version = 0;
  size_t count = 0;
  // The text ends with a line end, so that a cut-off file is known by it.
  if (lines.size() < 3 || !absl::SimpleAtoi(lines[0], &version) || version != kVersion ||
      !absl::SimpleAtoi(lines[1], &count) || lines.size() != count + 3 || !lines.back().empty()) {
    return malformed(lines.front());
  }
  EpochCache cache;
  for (size_t i = 2; i + 1 < lines.size(); ++i) {
    const std::vector<absl::string_view> fields = absl::StrSplit(lines[i], ' ');
    int32_t epoch = 0;
    int64_t start = 0;
    if (fields.size() != 2 || !absl::SimpleAtoi(fields[0], &epoch) || epoch < 0 ||
        !absl::SimpleAtoi(fields[1], &start) || start < 0) {
      return malformed(lines[i]);
    }
    const Entry entry{LeaderEpoch{epoch}, Offset{start}};
    if (!cache.empty() &&
        (entry.epoch <= cache.last() || entry.start < cache.entries_.back().start)) {
      return malformed(lines[i]);
    }
    cache.entries_.push_back(entry);
  }
  return cache;
}

std::string EpochCache::text() const {
  std::string text = absl::StrCat(kVersion, "\n", entries_.size(), "\n");
  for (const Entry& entry : entries_) {
    absl::StrAppend(&text, entry.epoch.value(), " ", entry.start.value(), "\n");
  }
  return text;
}

void EpochCache::begin(LeaderEpoch epoch, Offset start) {
  if (epoch == last()) return;
  while (!entries_.empty() && (entries_.back().epoch >= epoch || entries_.back().start >= start)) {
    entries_.pop_back();
  }
  entries_.push_back({epoch, start});
}

void EpochCache::truncate_end(Offset end) {
  while (!entries_.empty() && entries_.back().start >= end) entries_.pop_back();
}

void EpochCache::truncate_start(Offset start) {
  const auto behind =
      std::upper_bound(entries_.begin(), entries_.end(), start,
                       [](Offset offset, const Entry& entry) { return offset < entry.start; });
  if (behind == entries_.begin()) return;
  const auto holding = std::prev(behind);
  holding->start = start;
  entries_.erase(entries_.begin(), holding);
}

LeaderEpoch EpochCache::epoch_at(Offset offset) const {
  const auto behind =
      std::upper_bound(entries_.begin(), entries_.end(), offset,
                       [](Offset asked, const Entry& entry) { return asked < entry.start; });
  return behind == entries_.begin() ? kNoLeaderEpoch : std::prev(behind)->epoch;
}

EpochCache::End EpochCache::end_of(LeaderEpoch asked, Offset log_end) const {
  if (asked < LeaderEpoch{0} || asked > last()) return {kNoLeaderEpoch, kNoOffset};
  if (asked == last()) return {asked, log_end};
  const auto newer =
      std::upper_bound(entries_.begin(), entries_.end(), asked,
                       [](LeaderEpoch epoch, const Entry& entry) { return epoch < entry.epoch; });
  // Older than all that is known: its records, if any, ended where the first known epoch begins.
  if (newer == entries_.begin()) return {asked, newer->start};
  return {std::prev(newer)->epoch, newer->start};
}

}  // namespace barnabas::storage
