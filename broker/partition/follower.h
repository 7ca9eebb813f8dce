// A replica as the fetcher and the reporter of its leader's broker see it.
//
// The fetcher asks for a position, sends it to the leader, and brings back what came; the reporter
// asks for the durable end that the leader does not know yet. Both may be late: every call names
// the leader or the position it is about, and what no longer fits is dropped.
//
// All functions are thread-safe.

#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "broker/partition/replication_types.h"
#include "common/ids.h"
#include "storage/log/log.h"

namespace barnabas::partition {

// Where this replica stands, and what it knows: one line of a fetch request.
struct FetchPosition {
  LeaderEpoch leader_epoch;
  Offset offset;
  LeaderEpoch last_epoch;  // of the record before `offset`; -1: there is none
  Offset log_start;
  Offset high_watermark;
  // The log is known to equal the leader's. Until then the leader should answer at once, because
  // nothing can be reported or learned before.
  bool agreed = false;
};

// One line of a fetch answer.
struct FetchedData {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  Offset high_watermark = kNoOffset;
  Offset log_start = kNoOffset;
  std::optional<storage::EpochEnd> diverging;
  std::string_view records;
};

enum class AfterFetch {
  kGoOn,  // ask again with the present position
  kWait,  // the leader cannot serve it now, or the disk is full: not before a little while
};

class Follower;

// Hears when a follower has something to do again. Called from any thread, under no lock; must
// only post.
class FollowerNews {
 public:
  virtual ~FollowerNews() = default;
  // More has become durable: a report is due, and a paused fetch may go on.
  virtual void flushed(const std::shared_ptr<Follower>& follower) = 0;
};

class Follower {
 public:
  virtual ~Follower() = default;
  virtual const metadata::TopicPartition& id() const = 0;

  // Whom to tell; nothing is told before the first call.
  virtual void set_news(std::weak_ptr<FollowerNews> news) = 0;

  // nullopt: does not follow `leader` now, or has too much unflushed to take more (S20).
  virtual std::optional<FetchPosition> fetch_position(BrokerId leader) = 0;
  // What the leader answered to `asked`. Truncates where the logs diverge, by epoch and end offset
  // only.
  virtual AfterFetch fetched(BrokerId leader, const FetchPosition& asked,
                             const FetchedData& data) = 0;

  // What `leader` should know and has not acknowledged; nullopt: nothing.
  virtual std::optional<DurableReport> report_due(BrokerId leader) = 0;
  virtual void report_answered(BrokerId leader, const DurableReport& sent,
                               const DurableReportAnswer& answer) = 0;
};

}  // namespace barnabas::partition
