// Everything that this broker copies from one other broker: a fetcher and a reporter on one loop,
// and the door to them from other threads.

#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <vector>

#include "broker/partition/follower.h"
#include "broker/replication/fetcher.h"
#include "broker/replication/reporter.h"
#include "common/mutex.h"

namespace barnabas::replication {

class LeaderReplication final : public partition::FollowerNews,
                                public std::enable_shared_from_this<LeaderReplication> {
 public:
  LeaderReplication(const FetcherOptions& options, BrokerId leader, Transport& transport,
                    Executor& loop, std::unique_ptr<Random> random);

  // All thread-safe; carried out on the loop, in order.
  void set_epoch(BrokerEpoch own);
  // Connects at once, also if an earlier attempt is waiting.
  void connect(const Endpoint& leader);
  void assign(std::vector<std::shared_ptr<Follower>> followers);
  void unassign(std::vector<metadata::TopicPartition> ids);
  // Closes the connections and lets every follower go.
  void stop();

  void flushed(const std::shared_ptr<Follower>& follower) override;

 private:
  void post(absl::AnyInvocable<void(Fetcher&, Reporter&)> what);
  void drain_news();

  Executor& loop_;
  const std::unique_ptr<Random> random_;
  // On the loop; nullptr once stopped.
  std::unique_ptr<Fetcher> fetcher_;
  std::unique_ptr<Reporter> reporter_;

  Mutex mutex_;
  std::vector<metadata::TopicPartition> news_ GUARDED_BY(mutex_);
  bool posted_ GUARDED_BY(mutex_) = false;
};

}  // namespace barnabas::replication
