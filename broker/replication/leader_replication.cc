#include "broker/replication/leader_replication.h"

#include <utility>

namespace barnabas::replication {

LeaderReplication::LeaderReplication(const FetcherOptions& options, BrokerId leader,
                                     Transport& transport, Executor& loop,
                                     std::unique_ptr<Random> random)
    : loop_(loop),
      random_(std::move(random)),
      fetcher_(std::make_unique<Fetcher>(options, leader, transport, loop, *random_)),
      reporter_(std::make_unique<Reporter>(options.self, leader, transport, loop, *random_)) {}

void LeaderReplication::post(absl::AnyInvocable<void(Fetcher&, Reporter&)> what) {
  loop_.post([self = shared_from_this(), what = std::move(what)]() mutable {
    if (self->fetcher_ != nullptr) what(*self->fetcher_, *self->reporter_);
  });
}

void LeaderReplication::set_epoch(BrokerEpoch own) {
  post([own](Fetcher& fetcher, Reporter& reporter) {
    fetcher.set_epoch(own);
    reporter.set_epoch(own);
  });
}

void LeaderReplication::connect(const Endpoint& leader) {
  post([leader](Fetcher& fetcher, Reporter& reporter) {
    fetcher.connect(leader);
    reporter.connect(leader);
  });
}

void LeaderReplication::assign(std::vector<std::shared_ptr<Follower>> followers) {
  post([self = weak_from_this(), followers = std::move(followers)](Fetcher& fetcher,
                                                                   Reporter& reporter) {
    for (const std::shared_ptr<Follower>& follower : followers) follower->set_news(self);
    fetcher.assign(followers);
    reporter.assign(followers);
  });
}

void LeaderReplication::unassign(std::vector<metadata::TopicPartition> ids) {
  post([ids = std::move(ids)](Fetcher& fetcher, Reporter& reporter) {
    fetcher.unassign(ids);
    reporter.unassign(ids);
  });
}

void LeaderReplication::stop() {
  loop_.post([self = shared_from_this()] {
    self->fetcher_.reset();
    self->reporter_.reset();
  });
}

// Flushes of many partitions end together: one task takes the news of all.
void LeaderReplication::flushed(const std::shared_ptr<Follower>& follower) {
  {
    MutexLock lock(mutex_);
    news_.push_back(follower->id());
    if (std::exchange(posted_, true)) return;
  }
  loop_.post([self = shared_from_this()] { self->drain_news(); });
}

void LeaderReplication::drain_news() {
  std::vector<metadata::TopicPartition> news;
  {
    MutexLock lock(mutex_);
    news.swap(news_);
    posted_ = false;
  }
  if (fetcher_ == nullptr) return;
  reporter_->due(news);
  fetcher_->poke();
}

}  // namespace barnabas::replication
