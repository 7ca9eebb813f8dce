// Tells one leader broker how far this broker's disk has come with what it copies from there (S16).
//
// A connection of its own, so that a report never waits behind a parked fetch; at most one report
// outstanding, so that under load each one carries more partitions instead of queueing. Sent as
// soon as a flush completes. The answer brings the high watermark.
//
// Lives on one loop.

#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "broker/partition/follower.h"
#include "broker/replication/request_link.h"

namespace barnabas::replication {

using partition::Follower;

class Reporter final : private RequestLinkEvents {
 public:
  static constexpr size_t kMaxLines = 10'000;  // of one report; the rest goes with the next
  static constexpr Duration kFirstBackoff = std::chrono::milliseconds(5);
  static constexpr Duration kLastBackoff = std::chrono::seconds(1);

  Reporter(BrokerId self, BrokerId leader, Transport& transport, Executor& loop, Random& random);
  ~Reporter();

  void set_epoch(BrokerEpoch own) { own_epoch_ = own; }
  void connect(const Endpoint& leader) { link_.connect(leader); }
  void assign(const std::vector<std::shared_ptr<Follower>>& followers);
  void unassign(const std::vector<metadata::TopicPartition>& ids);
  // Something of it may have become durable.
  void due(const std::vector<metadata::TopicPartition>& ids);

 private:
  struct Entry {
    std::shared_ptr<Follower> follower;
    std::optional<partition::DurableReport> sent;  // outstanding
    Instant not_before;
    Duration backoff = kFirstBackoff;
  };

  void link_ready() override { send(); }
  void link_answered(Buffer frame) override;
  void link_lost() override;

  void send();
  void send_at(Instant when);
  absl::Status read_answer(const Buffer& frame);
  void put_off(Entry& entry);

  const BrokerId self_;
  const BrokerId leader_;
  Executor& loop_;
  RequestLink link_;
  BrokerEpoch own_epoch_ = kNoBrokerEpoch;
  std::map<metadata::TopicPartition, Entry> entries_;
  std::set<metadata::TopicPartition> due_;
  std::vector<metadata::TopicPartition> outstanding_;
  TimerId timer_ = 0;
  Instant timer_at_;
};

}  // namespace barnabas::replication
