#include "controller/sessions.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <vector>

#include "controller/decide/alter_partition.h"
#include "controller/decide/producer_ids.h"
#include "metadata/records.h"

namespace barnabas::controller {

using proto::BrokerMessage;
using proto::ControllerMessage;

struct Sessions::Session final : public LinkSink {
  Session(Sessions& sessions, SessionId number, LinkPtr accepted)
      : owner(sessions), id(number), link(std::move(accepted)) {}

  void opened() override {}
  void frame(Buffer bytes) override { owner.receive(*this, bytes); }
  void drained() override {
    if (!cursor) return;
    cursor->drained();
    owner.push(*this);
  }
  void closed(Close why) override { owner.closed(id, why); }

  Sessions& owner;
  const SessionId id;
  LinkPtr link;
  bool waiting = false;  // for its registration
  std::optional<Incarnation> who;
  std::optional<FeedCursor> cursor;
  bool closing = false;
  bool stopping = false;
  uint64_t heartbeat_sequence = 0;
  uint64_t controllers_version = 0;  // that it has been told of
};

Sessions::Sessions(Ledger& ledger, MetadataFeed& feed, Brokers& brokers, Admin& admin,
                   Executor& loop, const Limits& limits)
    : ledger_(ledger),
      feed_(feed),
      brokers_(brokers),
      admin_(admin),
      loop_(loop),
      limits_(limits) {}

Sessions::~Sessions() = default;

void Sessions::accept(LinkPtr link) {
  if (sessions_.size() >= kMaxSessions) {
    LOG_EVERY_N(WARNING, 100) << "more than " << kMaxSessions << " broker sessions; "
                              << link->peer() << " is turned away";
    return;  // destroying the link closes it
  }
  const SessionId id = ++last_;
  auto session = std::make_unique<Session>(*this, id, std::move(link));
  Session& placed = *session;
  sessions_.emplace(id, std::move(session));
  placed.link->start(placed);
}

Sessions::Session* Sessions::find(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() || found->second->closing ? nullptr : found->second.get();
}

void Sessions::send(Session& session, const ControllerMessage& message) {
  session.link->send({Buffer::own(message.SerializeAsString())});
}

void Sessions::turn_away(Session& session) {
  if (session.closing) return;
  ControllerMessage message;
  *message.mutable_not_active()->mutable_leader() = admin_.leader_hint();
  send(session, message);
  session.closing = true;
  session.link->close();
}

void Sessions::refuse(Session& session, const Failure& failure, bool final) {
  LOG(WARNING) << "a broker at " << session.link->peer() << " is refused: " << failure.message;
  ControllerMessage message;
  set_error(message.mutable_refused()->mutable_error(), failure);
  message.mutable_refused()->set_final(final);
  send(session, message);
  session.closing = true;
  session.link->close();
}

void Sessions::closed(SessionId id, Close why) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  // Lives until the end of this function: the link is inside.
  const std::unique_ptr<Session> session = std::move(found->second);
  sessions_.erase(found);
  if (!session->who) return;
  const auto joined = joined_.find(session->who->broker);
  if (joined == joined_.end() || joined->second != id) return;
  joined_.erase(joined);
  if (!ledger_.is_active()) return;
  LOG(INFO) << "the link of broker " << session->who->broker << " has closed: " << to_string(why);
  brokers_.closed(*session->who);
}

void Sessions::passive() {
  joined_.clear();
  for (const auto& [id, session] : sessions_) turn_away(*session);
}

void Sessions::receive(Session& session, const Buffer& frame) {
  if (session.closing) return;
  if (!ledger_.is_active()) return turn_away(session);
  BrokerMessage message;
  if (!message.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) {
    LOG(WARNING) << session.link->peer() << " sent what is no message of a broker";
    session.closing = true;
    return session.link->close();
  }
  const bool opening = message.has_register_() || message.has_attach();
  if (opening == (session.who || session.waiting)) {
    LOG(WARNING) << session.link->peer() << " sent a message out of order";
    session.closing = true;
    return session.link->close();
  }
  switch (message.kind_case()) {
    case BrokerMessage::kRegister:
      return register_broker(session, std::move(*message.mutable_register_()));
    case BrokerMessage::kAttach:
      return attach(session, message.attach());
    case BrokerMessage::kFollow:
      session.cursor.emplace(LogIndex{message.follow().applied()});
      return push(session);
    case BrokerMessage::kHeartbeat:
      return heartbeat(session, message.heartbeat());
    case BrokerMessage::kAlterPartitions:
      return alter_partitions(session, message.alter_partitions());
    case BrokerMessage::kAllocateProducerIds:
      return allocate_producer_ids(session, message.allocate_producer_ids());
    case BrokerMessage::kAdmin:
      return forward_admin(session, message.admin());
    case BrokerMessage::KIND_NOT_SET:
      LOG(WARNING) << session.link->peer() << " sent a message of an unknown kind";
  }
}

void Sessions::register_broker(Session& session, proto::Register command) {
  session.waiting = true;
  command.set_peer_host(session.link->peer().host);
  const BrokerId broker{command.broker()};
  brokers_.register_broker(
      command, [this, id = session.id, broker](std::optional<Brokers::Outcome> outcome) {
        Session* found = find(id);
        if (found == nullptr) return;
        found->waiting = false;
        if (!outcome) return turn_away(*found);
        if (outcome->failure.failed()) return refuse(*found, outcome->failure, outcome->final);
        join(*found, {broker, outcome->epoch});
      });
}

void Sessions::attach(Session& session, const proto::Attach& command) {
  if (command.cluster_id() != brokers_.cluster_id()) {
    return refuse(
        session,
        {ErrorCode::kInconsistentClusterId, absl::StrCat("This is cluster ", brokers_.cluster_id(),
                                                         ", not ", command.cluster_id(), ".")},
        /*final=*/true);
  }
  const metadata::BrokerImage* broker = ledger_.committed().broker(BrokerId{command.broker()});
  if (broker == nullptr) {
    return refuse(session,
                  {ErrorCode::kBrokerIdNotRegistered,
                   absl::StrCat("Broker ", command.broker(), " is not registered.")},
                  /*final=*/false);
  }
  if (broker->epoch.value() != command.epoch() ||
      broker->incarnation.view() != command.incarnation()) {
    // S12: another process has taken the place of this one.
    return refuse(session,
                  {ErrorCode::kStaleBrokerEpoch,
                   absl::StrCat("Epoch ", command.epoch(), " of broker ", command.broker(),
                                " is over; another process is registered with epoch ",
                                broker->epoch.value(), ".")},
                  /*final=*/broker->epoch.value() > command.epoch());
  }
  join(session, {broker->id, broker->epoch});
}

void Sessions::join(Session& session, Incarnation who) {
  if (const auto before = joined_.find(who.broker); before != joined_.end()) {
    if (Session* old = find(before->second)) {
      if (old->who->epoch < who.epoch) {
        refuse(*old,
               {ErrorCode::kDuplicateBrokerRegistration,
                absl::StrCat("Another process has registered as broker ", who.broker.value(), ".")},
               /*final=*/true);
      } else {
        old->closing = true;
        old->link->close();
      }
    }
  }
  joined_[who.broker] = session.id;
  session.who = who;
  brokers_.attached(who);
  ControllerMessage message;
  proto::Registered* registered = message.mutable_registered();
  registered->set_cluster_id(brokers_.cluster_id());
  registered->set_epoch(who.epoch.value());
  registered->set_index(who.epoch.value());
  for (const std::string& endpoint : controllers()) registered->add_controllers(endpoint);
  session.controllers_version = controllers_version_;
  send(session, message);
}

const std::vector<std::string>& Sessions::controllers() {
  constexpr Duration kLookEvery = std::chrono::milliseconds(500);
  const Instant now = loop_.now();
  if (controllers_looked_at_.has_value() && now - *controllers_looked_at_ < kLookEvery) {
    return controllers_;
  }
  controllers_looked_at_ = now;
  std::vector<std::string> seen = admin_.voter_endpoints();
  if (seen != controllers_) {
    controllers_ = std::move(seen);
    ++controllers_version_;
  }
  return controllers_;
}

void Sessions::heartbeat(Session& session, const proto::Heartbeat& command) {
  session.heartbeat_sequence = command.sequence();
  ControllerMessage message;
  *message.mutable_heartbeat() = brokers_.heartbeat(*session.who, command);
  session.stopping = command.want_shutdown() && !message.heartbeat().may_shut_down();
  const std::vector<std::string>& endpoints = controllers();
  if (session.controllers_version != controllers_version_) {
    session.controllers_version = controllers_version_;
    for (const std::string& endpoint : endpoints) {
      message.mutable_heartbeat()->add_controllers(endpoint);
    }
  }
  send(session, message);
  tell_who_may_stop();
}

// A broker that waits for its leave need not wait for its next heartbeat.
void Sessions::tell_who_may_stop() {
  for (const auto& [id, session] : sessions_) {
    if (!session->stopping || session->closing || !brokers_.may_stop(*session->who)) continue;
    session->stopping = false;
    ControllerMessage message;
    proto::HeartbeatAnswer* answer = message.mutable_heartbeat();
    answer->set_may_shut_down(true);
    answer->set_commit(ledger_.committed().index().value());
    answer->set_sequence(session->heartbeat_sequence);
    send(*session, message);
  }
}

void Sessions::alter_partitions(Session& session, const proto::AlterPartitions& command) {
  auto decided = decide_alter_partitions(ledger_.working(), session.who->broker, command, limits_);
  ledger_.commit(decided.decision,
                 [this, id = session.id, answer = std::move(decided.answer)](Fate fate) mutable {
                   Session* found = find(id);
                   if (found == nullptr) return;
                   if (fate != Fate::kCommitted) return turn_away(*found);
                   ControllerMessage message;
                   *message.mutable_alter_partitions() = std::move(answer);
                   send(*found, message);
                 });
}

void Sessions::allocate_producer_ids(Session& session, const proto::AllocateProducerIds& command) {
  auto decided = decide_producer_ids(ledger_.working(), session.who->broker, command, limits_);
  ledger_.commit(decided.decision,
                 [this, id = session.id, answer = std::move(decided.answer)](Fate fate) mutable {
                   Session* found = find(id);
                   if (found == nullptr) return;
                   if (fate != Fate::kCommitted) return turn_away(*found);
                   ControllerMessage message;
                   *message.mutable_allocate_producer_ids() = std::move(answer);
                   send(*found, message);
                 });
}

void Sessions::forward_admin(Session& session, const proto::ForwardedAdmin& command) {
  admin_.call(command.request(), [this, id = session.id,
                                  correlation = command.correlation()](proto::AdminAnswer answer) {
    Session* found = find(id);
    if (found == nullptr) return;
    // An unknown outcome is no answer (P32): the broker asks the next active controller, under the
    // same client and sequence.
    const auto code = static_cast<ErrorCode>(answer.error().code());
    if (code == ErrorCode::kRequestTimedOut || code == ErrorCode::kNotController) {
      return turn_away(*found);
    }
    ControllerMessage message;
    message.mutable_admin()->set_correlation(correlation);
    *message.mutable_admin()->mutable_answer() = std::move(answer);
    send(*found, message);
  });
}

void Sessions::committed() {
  for (const auto& [id, session] : sessions_) push(*session);
  tell_who_may_stop();
}

void Sessions::push(Session& session) {
  if (session.closing || !session.cursor) return;
  session.cursor->push(feed_, *session.link, [this] { return snapshot(); });
}

FeedCursor::Snapshot Sessions::snapshot() {
  const metadata::Image& image = ledger_.committed();
  std::shared_ptr<const std::string> bytes = snapshot_bytes_.lock();
  if (bytes == nullptr || snapshot_index_ != image.index()) {
    bytes = std::make_shared<const std::string>(ledger_.snapshot());
    snapshot_bytes_ = bytes;
    snapshot_index_ = image.index();
    snapshot_term_ = ledger_.committed_term();
  }
  return {snapshot_index_, snapshot_term_, std::move(bytes)};
}

}  // namespace barnabas::controller
