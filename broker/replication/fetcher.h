// Copies from one leader broker everything that this broker follows there.
//
// One connection, one incremental fetch session (KIP-227), exactly one fetch outstanding (S16),
// parked by the leader until there is something new. What the request does not repeat has not
// changed; where the leader keeps no session (id 0) each request repeats everything.
//
//   answer -> each partition appends or truncates -> the next request at once
//
// A partition that the leader cannot serve now leaves the session for a while; the request that is
// parked meanwhile waits no longer than that. A partition that is newly assigned must not wait for
// a parked request: the connection is replaced.
//
// Lives on one loop.

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "broker/partition/follower.h"
#include "broker/replication/lost_leaders.h"
#include "broker/replication/request_link.h"
#include "common/uuid.h"

namespace barnabas::replication {

using partition::Follower;

struct FetcherOptions {
  BrokerId self;
  Uuid directory;
  Duration wait{std::chrono::milliseconds(500)};  // replica.fetch.wait.max.ms
  size_t partition_bytes = size_t{1} << 20;       // replica.fetch.max.bytes
  size_t response_bytes = size_t{10} << 20;       // replica.fetch.response.max.bytes
  LostLeaders* lost_leaders = nullptr;            // told when a leader is lost; none: nobody asks
};

class Fetcher final : private RequestLinkEvents {
 public:
  // After a refusal; doubles up to the last one.
  static constexpr Duration kFirstBackoff = std::chrono::milliseconds(5);
  static constexpr Duration kLastBackoff = std::chrono::seconds(1);
  // How long an outstanding request may still bring data before an assignment cuts it short.
  static constexpr Duration kGrace = std::chrono::milliseconds(10);

  Fetcher(FetcherOptions options, BrokerId leader, Transport& transport, Executor& loop,
          Random& random);
  ~Fetcher();

  void set_epoch(BrokerEpoch own) { own_epoch_ = own; }
  void connect(const Endpoint& leader) { link_.connect(leader); }
  void assign(const std::vector<std::shared_ptr<Follower>>& followers);
  void unassign(const std::vector<metadata::TopicPartition>& ids);
  // A paused partition may be able to go on.
  void poke();

 private:
  struct Entry {
    std::shared_ptr<Follower> follower;
    Instant not_before;
    Duration backoff = kFirstBackoff;
    // As it stands in the leader's session, or as sent in the outstanding full request.
    std::optional<partition::FetchPosition> sent;
    bool in_request = false;
  };
  using Entries = std::map<metadata::TopicPartition, Entry>;

  void link_ready() override;
  void link_answered(Buffer frame) override;
  void link_lost() override;
  void link_closed_by_peer() override;

  void poll();
  void poll_at(Instant when);
  void reset_session();
  void hurry();
  absl::Status read_answer(const Buffer& frame);
  void bring(const metadata::TopicPartition& id, const partition::FetchedData& data);
  void put_off(Entry& entry);

  const FetcherOptions options_;
  const BrokerId leader_;
  Executor& loop_;
  RequestLink link_;
  BrokerEpoch own_epoch_ = kNoBrokerEpoch;
  Entries entries_;
  std::vector<metadata::TopicPartition> forgotten_;  // in the session, to be named in the next one
  int32_t session_id_ = 0;
  int32_t session_epoch_ = 0;
  Instant sent_at_;
  Duration asked_wait_{};
  // The whole request was refused: not before this moment again.
  Instant refused_until_;
  Duration refused_backoff_ = kFirstBackoff;
  bool quiet_ = false;  // the last answer had nothing in it
  TimerId timer_ = 0;
  Instant timer_at_;
  TimerId hurry_timer_ = 0;
};

}  // namespace barnabas::replication
