// Brings leadership back to preferred replicas: some time after one is in sync again, so that a
// replica which comes and goes does not take its partitions with it each time.

#pragma once

#include <absl/container/btree_map.h>

#include "common/executor.h"
#include "controller/decide/decided.h"
#include "controller/ledger.h"

namespace barnabas::controller {

class Balance {
 public:
  Balance(Ledger& ledger, Executor& loop, const Limits& limits, Duration delay)
      : ledger_(ledger), loop_(loop), limits_(limits), delay_(delay) {}
  ~Balance() { loop_.cancel(timer_); }

  void active();
  void passive();
  void committed(const metadata::Delta& delta);  // while active

 private:
  void consider(const metadata::TopicPartition& id, const metadata::PartitionImage& partition);
  void arm();
  void elect();

  Ledger& ledger_;
  Executor& loop_;
  const Limits& limits_;
  const Duration delay_;
  absl::btree_map<metadata::TopicPartition, Instant> due_;
  TimerId timer_ = 0;
};

}  // namespace barnabas::controller
