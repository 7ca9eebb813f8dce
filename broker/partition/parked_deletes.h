// DeleteRecords requests of one partition that wait until all in-sync replicas start high enough.
// There are few, so they are kept as they came.
//
// No lock of its own: the partition's protects it. Answers are collected as tasks, which the caller
// posts after unlocking.

#pragma once

#include <utility>
#include <vector>

#include "broker/partition/partition.h"
#include "common/clock.h"
#include "common/executor.h"
#include "common/ids.h"

namespace barnabas::partition {

using LoopTask = std::pair<Executor*, Task>;

class ParkedDeletes {
 public:
  struct Parked {
    Offset to;
    Instant deadline;
    Executor* loop = nullptr;
    DeleteRecordsDone done;
  };

  void park(Parked parked) { parked_.push_back(std::move(parked)); }
  // Those that wait for no more than `low_watermark` have succeeded.
  void release(Offset low_watermark, std::vector<LoopTask>& out);
  void fail_all(kafka::ErrorCode error, std::vector<LoopTask>& out);
  // `low_watermark`: how far it has come so far.
  void fail_due(Instant now, Offset low_watermark, std::vector<LoopTask>& out);
  bool empty() const { return parked_.empty(); }

 private:
  template <class Choose>
  void answer(Choose chosen, const DeleteRecordsAnswer& with, std::vector<LoopTask>& out);

  std::vector<Parked> parked_;
};

}  // namespace barnabas::partition
