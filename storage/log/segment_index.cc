#include "storage/log/segment_index.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <limits>

#include "common/bytes.h"
#include "common/status.h"

namespace barnabas::storage {
namespace {

template <class Entry>
std::optional<Entry> floor_of(const std::vector<Entry>& entries, int64_t key) {
  const auto behind =
      std::upper_bound(entries.begin(), entries.end(), key,
                       [](int64_t asked, const Entry& entry) { return asked < entry.key(); });
  if (behind == entries.begin()) return std::nullopt;
  return *std::prev(behind);
}

template <class Entry>
absl::StatusOr<Entry> read_entry(const File& file, uint64_t number) {
  char bytes[Entry::kSize];
  ASSIGN_OR_RETURN(const size_t got, file.read(number * Entry::kSize, absl::MakeSpan(bytes)));
  if (got != Entry::kSize) return absl::DataLossError("an index file became shorter");
  return Entry::decode(bytes);
}

template <class Entry>
absl::StatusOr<uint64_t> count_entries(const File& file) {
  const uint64_t size = file.size();
  if (size % Entry::kSize != 0) {
    return absl::DataLossError(
        absl::StrCat("an index file of ", size, " bytes has no whole number of entries"));
  }
  return size / Entry::kSize;
}

template <class Entry>
absl::StatusOr<std::optional<Entry>> floor_in_file(const File& file, int64_t key) {
  ASSIGN_OR_RETURN(uint64_t above, count_entries<Entry>(file));
  uint64_t below = 0;  // entries before this number have keys <= `key`
  std::optional<Entry> best;
  while (below < above) {
    const uint64_t middle = below + (above - below) / 2;
    ASSIGN_OR_RETURN(const Entry entry, read_entry<Entry>(file, middle));
    if (entry.key() <= key) {
      best = entry;
      below = middle + 1;
    } else {
      above = middle;
    }
  }
  return best;
}

template <class Entry>
std::string encode_all(const std::vector<Entry>& entries) {
  std::string bytes(entries.size() * Entry::kSize, '\0');
  char* at = bytes.data();
  for (const Entry& entry : entries) {
    entry.encode(at);
    at += Entry::kSize;
  }
  return bytes;
}

// False if `bytes` are no whole number of entries with growing keys.
template <class Entry>
bool decode_all(std::string_view bytes, std::vector<Entry>& entries) {
  if (bytes.size() % Entry::kSize != 0) return false;
  entries.clear();
  entries.reserve(bytes.size() / Entry::kSize);
  for (size_t at = 0; at < bytes.size(); at += Entry::kSize) {
    entries.push_back(Entry::decode(bytes.data() + at));
    const size_t count = entries.size();
    if (entries.back().key() < 0) return false;
    if (count > 1 && entries[count - 1].key() <= entries[count - 2].key()) return false;
  }
  return true;
}

}  // namespace

OffsetEntry OffsetEntry::decode(const char* at) {
  return {load_big_endian<int32_t>(at), load_big_endian<int32_t>(at + 4)};
}

void OffsetEntry::encode(char* at) const {
  store_big_endian(at, relative_last_offset);
  store_big_endian(at + 4, position);
}

TimeEntry TimeEntry::decode(const char* at) {
  return {load_big_endian<int64_t>(at), load_big_endian<int32_t>(at + 8)};
}

void TimeEntry::encode(char* at) const {
  store_big_endian(at, timestamp);
  store_big_endian(at + 8, relative_offset);
}

void SegmentIndex::add(const kafka::BatchView& batch, Offset base_offset, uint64_t position,
                       int32_t interval_bytes) {
  const Offset last_offset = advance(base_offset, int64_t{batch.last_offset_delta()});
  if (batch.max_timestamp() > largest_.timestamp) {
    largest_ = {batch.max_timestamp(), last_offset};
  }
  if (bytes_since_entry_ > static_cast<uint64_t>(std::max(interval_bytes, 0))) {
    offsets_.push_back(
        {static_cast<int32_t>(distance(base_, last_offset)), static_cast<int32_t>(position)});
    add_time_entry();
    bytes_since_entry_ = 0;
  }
  bytes_since_entry_ += batch.size();
}

bool SegmentIndex::restore(std::string_view offsets, std::string_view times, uint64_t size) {
  if (!decode_all(offsets, offsets_) || !decode_all(times, times_)) return false;
  std::erase_if(offsets_, [&](const OffsetEntry& entry) {
    return static_cast<uint64_t>(entry.position) >= size;
  });
  // Time entries are only kept if they name a batch that the offsets still know; the rest comes
  // back with the batches that are added again.
  const int64_t last = offsets_.empty() ? -1 : offsets_.back().key();
  std::erase_if(times_, [&](const TimeEntry& entry) { return entry.relative_offset > last; });
  bytes_since_entry_ = 0;
  largest_ = {};
  if (!times_.empty()) {
    largest_ = {times_.back().timestamp, advance(base_, int64_t{times_.back().relative_offset})};
  }
  for (size_t i = 1; i < offsets_.size(); ++i) {
    if (offsets_[i].position <= offsets_[i - 1].position) return false;
  }
  return true;
}

std::optional<OffsetEntry> SegmentIndex::last_offset_entry() const {
  if (offsets_.empty()) return std::nullopt;
  return offsets_.back();
}

void SegmentIndex::seal() { add_time_entry(); }

void SegmentIndex::add_time_entry() {
  if (largest_.timestamp < 0) return;
  if (!times_.empty() && times_.back().timestamp >= largest_.timestamp) return;
  times_.push_back({largest_.timestamp, static_cast<int32_t>(distance(base_, largest_.offset))});
}

std::optional<OffsetEntry> SegmentIndex::floor_offset(int64_t relative_offset) const {
  return floor_of(offsets_, relative_offset);
}

std::optional<TimeEntry> SegmentIndex::floor_time(int64_t timestamp) const {
  return floor_of(times_, timestamp);
}

std::string SegmentIndex::offset_bytes() const { return encode_all(offsets_); }
std::string SegmentIndex::time_bytes() const { return encode_all(times_); }

absl::StatusOr<std::optional<OffsetEntry>> floor_in_offset_index(const File& file,
                                                                 int64_t relative_offset) {
  return floor_in_file<OffsetEntry>(file, relative_offset);
}

absl::StatusOr<std::optional<TimeEntry>> floor_in_time_index(const File& file, int64_t timestamp) {
  return floor_in_file<TimeEntry>(file, timestamp);
}

absl::StatusOr<std::optional<TimeEntry>> last_of_time_index(const File& file) {
  return floor_in_time_index(file, std::numeric_limits<int64_t>::max());
}

}  // namespace barnabas::storage
