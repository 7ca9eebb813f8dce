// The links of brokers to this controller, one session each (proto/session.proto).
//
//   new --Register--> waiting --committed--> joined --Follow--> following
//    |                                         ^
//    '-- Attach (same incarnation) ------------'          any --not active--> told so, closed
//
// Nothing is sent that is not committed. A session that breaks takes nothing with it: the broker
// attaches again, here or elsewhere, and goes on where it stopped.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/executor.h"
#include "common/transport.h"
#include "controller/admin.h"
#include "controller/brokers.h"
#include "controller/ledger.h"
#include "controller/metadata_feed.h"
#include "proto/session.pb.h"

namespace barnabas::controller {

class Sessions {
 public:
  Sessions(Ledger& ledger, MetadataFeed& feed, Brokers& brokers, Admin& admin, Executor& loop,
           const Limits& limits);
  ~Sessions();

  void accept(LinkPtr link);
  void passive();
  // After a run of commits: tells everybody.
  void committed();
  size_t size() const { return sessions_.size(); }

  static constexpr size_t kMaxSessions = 4096;

 private:
  struct Session;
  using SessionId = uint64_t;

  void receive(Session& session, const Buffer& frame);
  void register_broker(Session& session, proto::Register command);
  void attach(Session& session, const proto::Attach& command);
  void join(Session& session, Incarnation who);
  void heartbeat(Session& session, const proto::Heartbeat& command);
  void alter_partitions(Session& session, const proto::AlterPartitions& command);
  void allocate_producer_ids(Session& session, const proto::AllocateProducerIds& command);
  void forward_admin(Session& session, const proto::ForwardedAdmin& command);
  void tell_who_may_stop();
  // Where the controllers are; looked up now and then, because they hardly ever change.
  const std::vector<std::string>& controllers();
  void push(Session& session);
  FeedCursor::Snapshot snapshot();
  void send(Session& session, const proto::ControllerMessage& message);
  void refuse(Session& session, const Failure& failure, bool final);
  void turn_away(Session& session);
  void closed(SessionId id, Close why);
  Session* find(SessionId id);

  Ledger& ledger_;
  MetadataFeed& feed_;
  Brokers& brokers_;
  Admin& admin_;
  Executor& loop_;
  const Limits& limits_;
  std::map<SessionId, std::unique_ptr<Session>> sessions_;
  std::map<BrokerId, SessionId> joined_;
  SessionId last_ = 0;
  std::vector<std::string> controllers_;
  uint64_t controllers_version_ = 0;
  std::optional<Instant> controllers_looked_at_;
  // The last snapshot made, as long as somebody still sends it.
  LogIndex snapshot_index_;
  Term snapshot_term_;
  std::weak_ptr<const std::string> snapshot_bytes_;
};

}  // namespace barnabas::controller
