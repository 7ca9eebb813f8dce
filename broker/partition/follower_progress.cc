#include "broker/partition/follower_progress.h"

#include <algorithm>

namespace barnabas::partition {

void LogEndSamples::note(Instant now, Offset end) {
  if (!samples_.empty() && now - samples_.back().at < spacing_) return;
  samples_.push_back({now, end});
  while (samples_.front().at < now - window_) samples_.pop_front();
}

std::optional<Instant> LogEndSamples::latest_within(Offset end) const {
  for (auto sample = samples_.rbegin(); sample != samples_.rend(); ++sample) {
    if (sample->end <= end) return sample->at;
  }
  return std::nullopt;
}

std::optional<Offset> FollowerProgress::durable_end() const {
  if (!fetched_.has_value() || !reported_.has_value()) return std::nullopt;
  return std::min(*fetched_, *reported_);
}

void FollowerProgress::fetched(Offset offset, Instant now) {
  if (!fetched_.has_value() || offset > *fetched_) fetched_ = offset;
  renew_flush_watch(now);
}

void FollowerProgress::reported(Offset durable_end, Instant now) {
  if (!reported_.has_value() || durable_end > *reported_) reported_ = durable_end;
  renew_flush_watch(now);
}

void FollowerProgress::renew_flush_watch(Instant now) {
  if (awaited_.has_value() && reported_.has_value() && *reported_ >= *awaited_) {
    // An answer that came too late is the end of a fit, and health is counted from it.
    if (!well_since_.has_value() || now - awaited_since_ > flush_lag_max_) well_since_ = now;
    awaited_.reset();
  }
  if (!fetched_.has_value() || awaited_.has_value()) return;
  if (!reported_.has_value() || *reported_ < *fetched_) {
    awaited_ = fetched_;
    awaited_since_ = now;
  }
}

void FollowerProgress::observe(Offset leader_end, const LogEndSamples& samples, bool durable,
                               Instant now) {
  const std::optional<Offset> reached = end(durable);
  if (!reached.has_value()) return;
  if (*reached >= leader_end) {
    caught_up_at_ = now;
  } else if (std::optional<Instant> at = samples.latest_within(*reached)) {
    caught_up_at_ = std::max(caught_up_at_, *at);
  }
}

bool FollowerProgress::flush_is_stuck(Instant now) const {
  return awaited_.has_value() && now - awaited_since_ > flush_lag_max_;
}

bool FollowerProgress::is_well(Instant now) const {
  if (!barred_) return true;
  return !flush_is_stuck(now) && well_since_.has_value() && now - *well_since_ >= flush_lag_max_;
}

}  // namespace barnabas::partition
