// What a leader knows about one follower, within one leader epoch (a new leader knows nothing,
// S15).
//
//   fetched end    proved by the follower's fetches: everything below is in its log and equals ours
//   durable end    min(what it has reported as on its disk, the fetched end)
//   caught up at   the latest moment t at which it is known to have had on disk all that the
//                  leader's log held at t (S20): "how far behind" is measured in time, so that a
//                  steady stream of records does not make a healthy follower look slow
//
// A follower whose disk no longer follows what it fetches is `stuck` after the flush-lag limit, a
// good deal before the replica-lag limit would notice, and must then be well for as long again
// before it may return.
//
// Pure: time is passed in.

#pragma once

#include <algorithm>
#include <deque>
#include <optional>

#include "common/clock.h"
#include "common/ids.h"

namespace barnabas::partition {

// A few (time, log end) pairs of the leader: "at this moment the log ended here".
class LogEndSamples {
 public:
  // Keeps at most one sample per `spacing`, and no more than reach back `window`.
  LogEndSamples(Duration window, Duration spacing) : window_(window), spacing_(spacing) {}
  void note(Instant now, Offset end);
  // The newest moment at which the log ended at or below `end`; nullopt: before all samples.
  std::optional<Instant> latest_within(Offset end) const;

 private:
  struct Sample {
    Instant at;
    Offset end;
  };
  Duration window_;
  Duration spacing_;
  std::deque<Sample> samples_;
};

class FollowerProgress {
 public:
  // `now` counts as caught up: a new leader gives everybody the whole replica-lag limit.
  FollowerProgress(BrokerId broker, BrokerEpoch epoch, Duration flush_lag_max, Instant now)
      : broker_(broker), epoch_(epoch), flush_lag_max_(flush_lag_max), caught_up_at_(now) {}

  BrokerId broker() const { return broker_; }
  BrokerEpoch epoch() const { return epoch_; }

  // A fetch from `offset` that has passed the divergence check.
  void fetched(Offset offset, Instant now);
  // A report that has passed the checks of S15.
  void reported(Offset durable_end, Instant now);

  // Where its log starts; kNoOffset: says nothing.
  void starts_at(Offset log_start) { log_start_ = std::max(log_start_, log_start); }
  Offset log_start() const { return log_start_; }

  std::optional<Offset> fetched_end() const { return fetched_; }
  std::optional<Offset> durable_end() const;
  // What counts: the durable end, or in `replicated` mode the fetched end.
  std::optional<Offset> end(bool durable) const { return durable ? durable_end() : fetched_; }

  // Renews the caught-up time from the leader's log end and its history.
  void observe(Offset leader_end, const LogEndSamples& samples, bool durable, Instant now);
  Instant caught_up_at() const { return caught_up_at_; }

  // Has fetched what its disk has not followed for longer than the limit?
  bool flush_is_stuck(Instant now) const;
  // It left the set for that reason.
  void bar() {
    barred_ = true;
    well_since_.reset();
  }
  // May it be admitted again, as far as its disk is concerned?
  bool is_well(Instant now) const;

 private:
  void renew_flush_watch(Instant now);

  BrokerId broker_;
  BrokerEpoch epoch_;
  Duration flush_lag_max_;
  std::optional<Offset> fetched_;
  std::optional<Offset> reported_;
  Offset log_start_ = kNoOffset;
  Instant caught_up_at_;
  // The oldest fetched end that its disk has not reached, and since when.
  std::optional<Offset> awaited_;
  Instant awaited_since_;
  std::optional<Instant> well_since_;
  bool barred_ = false;
};

}  // namespace barnabas::partition
