// acks=all requests of one partition whose records are appended and not yet committed (S21).
//
// They are kept in the order of the offset that they wait for, and belong to one leader epoch: when
// it ends, all of them fail. A duplicate waits here like its original. Deadlines are looked for
// with one timer per partition, because nearly every request leaves long before its own.
//
// No lock of its own: the partition's protects it. Answers are collected as deliveries, which the
// caller carries out after unlocking.

#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "broker/partition/partition.h"
#include "common/clock.h"
#include "common/executor.h"
#include "common/ids.h"

namespace barnabas::partition {

// An answer on its way to the loop of whoever asked.
struct Delivery {
  Executor* loop = nullptr;
  ProduceDone done;
  ProduceAnswer answer;
};
// One task per loop, whatever the number of answers; each loop gets its own in order.
void deliver(std::vector<Delivery> deliveries);

class ParkedProduces {
 public:
  struct Parked {
    Offset end;  // answered once the high watermark has reached it
    Instant deadline;
    Executor* loop = nullptr;
    ProduceDone done;
    ProduceAnswer answer;  // the one that success gives
  };

  void park(Parked parked);
  // Those that wait for no more than `high_watermark` have succeeded.
  void release(Offset high_watermark, std::vector<Delivery>& out);
  void fail_all(const ProduceAnswer& answer, std::vector<Delivery>& out);
  void fail_due(Instant now, const ProduceAnswer& answer, std::vector<Delivery>& out);
  std::optional<Instant> earliest_deadline() const;
  bool empty() const { return parked_.empty(); }
  size_t size() const { return parked_.size(); }

 private:
  std::deque<Parked> parked_;
};

}  // namespace barnabas::partition
