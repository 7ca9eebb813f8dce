#include "common/histogram.h"

#include <utility>

namespace barnabas {

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot out;
  out.bounds = bounds_;
  out.sum = sum_.value();
  out.counts.reserve(bounds_.size() + 1);
  for (size_t i = 0; i <= bounds_.size(); ++i) {
    out.counts.push_back(counts_[i].value());
    out.count += out.counts.back();
  }
  return out;
}

double Histogram::Snapshot::quantile(double q) const {
  if (count <= 0) return 0;
  const double wanted = q * static_cast<double>(count);
  double below = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const auto here = static_cast<double>(counts[i]);
    if (here > 0 && below + here >= wanted) {
      const double low = i == 0 ? 0 : static_cast<double>(bounds[i - 1]);
      // Of the last bucket only its lower end is known.
      const double high = i < bounds.size() ? static_cast<double>(bounds[i]) : low;
      return low + (high - low) * (wanted - below) / here;
    }
    below += here;
  }
  return static_cast<double>(bounds.back());
}

Histogram::Snapshot Histogram::Snapshot::since(const Snapshot& earlier) const {
  if (earlier.counts.size() != counts.size()) return *this;
  Snapshot out = *this;
  out.sum -= earlier.sum;
  out.count -= earlier.count;
  for (size_t i = 0; i < counts.size(); ++i) out.counts[i] -= earlier.counts[i];
  return out;
}

Histogram::Snapshot RecentHistogram::recent(const Histogram::Snapshot& all, Instant now) {
  if (!newer_at_.has_value()) {
    newer_ = all;
    newer_at_ = now;
  } else if (now - *newer_at_ >= window_) {
    older_ = std::exchange(newer_, all);
    newer_at_ = now;
  }
  return all.since(older_);
}

}  // namespace barnabas
