#include "raft/core/log_view.h"

#include <absl/status/status.h>
#include <glog/logging.h>

#include <algorithm>

namespace barnabas::raft {
namespace {

// Enough for followers that are a little behind; the others are served from the page cache.
constexpr size_t kMemoryBytes = size_t{4} << 20;
// What an entry costs beside its payload.
constexpr size_t kEntryOverhead = 64;

}  // namespace

LogView::LogView(LogShape shape, const EntrySource& source)
    : source_(source),
      base_(shape.base),
      last_(shape.last),
      durable_(shape.last),
      terms_(std::move(shape.terms)) {
  CHECK(last_ >= base_.index);
}

std::optional<Term> LogView::term_at(LogIndex index) const {
  if (index == base_.index) return base_.term;
  if (index < base_.index || index > last_) return std::nullopt;
  const auto after = std::upper_bound(
      terms_.begin(), terms_.end(), index,
      [](LogIndex wanted, const TermStart& start) { return wanted < start.first; });
  CHECK(after != terms_.begin());
  return std::prev(after)->term;
}

EntryId LogView::last_not_above(LogIndex index, Term term) const {
  LogIndex at = std::min(index, last_);
  while (at > base_.index) {
    const Term here = *term_at(at);
    if (here <= term) return {at, here};
    const auto start = std::find_if(terms_.begin(), terms_.end(),
                                    [&](const TermStart& start) { return start.term == here; });
    at = LogIndex{start->first.value() - 1};
  }
  return base_;
}

void LogView::append(Entry entry) {
  CHECK(entry.index == last_.next());
  const Term last_term = *term_at(last_);
  CHECK(entry.term >= last_term) << "an entry of an older term cannot follow";
  if (terms_.empty() || entry.term > terms_.back().term) {
    terms_.push_back({entry.term, entry.index});
  }
  last_ = entry.index;
  recent_bytes_ += entry.payload.size() + kEntryOverhead;
  recent_.push_back(std::move(entry));
  trim_memory();
}

void LogView::truncate_above(LogIndex keep) {
  CHECK(keep >= base_.index && keep <= last_);
  while (!recent_.empty() && recent_.back().index > keep) {
    recent_bytes_ -= recent_.back().payload.size() + kEntryOverhead;
    recent_.pop_back();
  }
  while (!terms_.empty() && terms_.back().first > keep) terms_.pop_back();
  last_ = keep;
  durable_ = std::min(durable_, keep);
}

void LogView::mark_durable(LogIndex index) {
  CHECK(index <= last_);
  durable_ = std::max(durable_, index);
  trim_memory();
}

void LogView::restart_behind(const EntryId& base) {
  base_ = base;
  last_ = base.index;
  durable_ = base.index;
  terms_.clear();
  recent_.clear();
  recent_bytes_ = 0;
}

void LogView::compact(const EntryId& base) {
  CHECK(base.index >= base_.index && base.index <= durable_);
  CHECK(matches(base));
  base_ = base;
  while (!recent_.empty() && recent_.front().index <= base.index) {
    recent_bytes_ -= recent_.front().payload.size() + kEntryOverhead;
    recent_.pop_front();
  }
  // The leadership that spans the base now begins behind it.
  while (terms_.size() > 1 && terms_[1].first <= base.index.next()) terms_.erase(terms_.begin());
  if (!terms_.empty() && terms_.front().first <= base.index) {
    terms_.front().first = base.index.next();
  }
  if (!terms_.empty() && terms_.front().first > last_) terms_.clear();
}

absl::StatusOr<std::vector<Entry>> LogView::read(LogIndex from, LogIndex below,
                                                 size_t max_bytes) const {
  CHECK(from > base_.index && below <= last_.next());
  std::vector<Entry> out;
  if (from >= below) return out;
  if (recent_.empty() || from < recent_.front().index) {
    absl::StatusOr<std::vector<Entry>> stored = source_.read(from, below, max_bytes);
    if (!stored.ok()) return stored.status();
    if (stored->empty() || stored->front().index != from || !matches(stored->back().id())) {
      return absl::DataLossError("the Raft log's store does not hold the entries that it took");
    }
    return stored;
  }
  size_t bytes = 0;
  const auto offset = distance(recent_.front().index, from);
  for (auto at = recent_.begin() + offset; at != recent_.end() && at->index < below; ++at) {
    bytes += at->payload.size() + kEntryOverhead;
    if (!out.empty() && bytes > max_bytes) break;
    out.push_back(*at);
  }
  return out;
}

void LogView::trim_memory() {
  while (recent_bytes_ > kMemoryBytes && !recent_.empty() && recent_.front().index <= durable_) {
    recent_bytes_ -= recent_.front().payload.size() + kEntryOverhead;
    recent_.pop_front();
  }
}

}  // namespace barnabas::raft
