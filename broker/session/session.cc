#include "broker/session/session.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <set>
#include <utility>

#include "broker/session/session_errors.h"

namespace barnabas::broker {
namespace {

// Of why a replica is out of service: it is repeated in every heartbeat.
constexpr size_t kMaxReason = 300;

using kafka::ErrorCode;

proto::BrokerMessage to_message(uint64_t correlation, BrokerEpoch epoch,
                                const ProposalQueue::Batch& batch) {
  proto::BrokerMessage message;
  proto::AlterPartitions& out = *message.mutable_alter_partitions();
  out.set_correlation(correlation);
  out.set_epoch(epoch.value());
  for (const partition::InSyncProposal& proposal : batch) {
    proto::AlterPartition& line = *out.add_partitions();
    line.set_topic_id(proposal.partition.topic.bytes());
    line.set_index(proposal.partition.index.value());
    line.set_leader_epoch(proposal.leader_epoch.value());
    line.set_partition_epoch(proposal.partition_epoch.value());
    line.set_recovered(proposal.recovered);
    line.set_durable(proposal.durable);
    for (const auto& member : proposal.in_sync) {
      proto::InSyncMember& to = *line.add_in_sync();
      to.set_broker(member.broker.value());
      to.set_epoch(member.epoch.value());
    }
  }
  return message;
}

}  // namespace

Session::Session(SessionOptions options, Transport& transport, Executor& loop, Random& random,
                 SessionEvents& events)
    : options_(std::move(options)),
      transport_(transport),
      loop_(loop),
      events_(events),
      random_(random.fork("controller session")),
      cluster_id_(options_.cluster_id),
      waiters_(loop),
      admin_(loop, *random_,
             [this](uint64_t correlation, const proto::AdminRequest& request) {
               proto::BrokerMessage message;
               message.mutable_admin()->set_correlation(correlation);
               *message.mutable_admin()->mutable_request() = request;
               send(message);
             }),
      proposals_(
          [this](uint64_t correlation, const ProposalQueue::Batch& batch) {
            send(to_message(correlation, epoch_, batch));
          },
          [this](const partition::InSyncProposal& proposal, ErrorCode error) {
            events_.proposal_answered(proposal, error);
          }) {}

Session::~Session() {
  loop_.cancel(heartbeat_timer_);
  for (auto& [endpoint, candidate] : candidates_) loop_.cancel(candidate.timer);
  for (auto& [correlation, asked] : producer_ids_) loop_.cancel(asked.timer);
}

void Session::post(Task task) {
  loop_.post([alive = std::weak_ptr<char>(alive_), task = std::move(task)]() mutable {
    if (alive.lock() != nullptr) task();
  });
}

void Session::send(const proto::BrokerMessage& message) {
  if (active_ != nullptr) active_->send(message);
}

// ---- Searching ----

void Session::start(std::vector<metadata::ListenerAddress> listeners) {
  listeners_ = std::move(listeners);
  for (const Endpoint& endpoint : options_.controllers) candidates_[endpoint];
  search();
}

void Session::search() {
  for (auto& [endpoint, candidate] : candidates_) {
    candidate.backoff = options_.backoff_min;
    if (candidate.link == nullptr) dial(endpoint);
  }
}

void Session::dial(const Endpoint& to) {
  if (stopped_ || active_ != nullptr) return;
  Candidate& candidate = candidates_[to];
  loop_.cancel(candidate.timer);
  candidate.link = std::make_unique<ControllerLink>(to, transport_, loop_, *this);
  candidate.timer = loop_.after(options_.attempt_limit, [this, to] {
    retire(std::move(candidates_[to].link));
    retry_later(to);
  });
}

void Session::retry_later(const Endpoint& to) {
  if (stopped_ || active_ != nullptr) return;
  Candidate& candidate = candidates_[to];
  loop_.cancel(candidate.timer);
  const Duration wait =
      candidate.backoff +
      Duration(random_->below(static_cast<uint64_t>(options_.backoff_min.count()) / 2 + 1));
  candidate.backoff =
      std::clamp(candidate.backoff * 3 / 2, options_.backoff_min, options_.backoff_max);
  candidate.timer = loop_.after(wait, [this, to] { dial(to); });
}

// Links are destroyed from the loop itself, never inside one of their own events.
void Session::retire(std::unique_ptr<ControllerLink> link) {
  if (link == nullptr) return;
  link->silence();
  link->close();
  if (retired_.empty()) {
    post([this] { retired_.clear(); });
  }
  retired_.push_back(std::move(link));
}

void Session::give_up_searching() {
  for (auto& [endpoint, candidate] : candidates_) {
    loop_.cancel(candidate.timer);
    candidate.timer = 0;
    retire(std::move(candidate.link));
  }
}

proto::BrokerMessage Session::introduction() const {
  proto::BrokerMessage message;
  if (epoch_ != kNoBrokerEpoch) {
    proto::Attach& attach = *message.mutable_attach();
    attach.set_cluster_id(cluster_id_);
    attach.set_broker(options_.self.value());
    attach.set_incarnation(options_.incarnation.bytes());
    attach.set_epoch(epoch_.value());
    return message;
  }
  proto::Register& registration = *message.mutable_register_();
  registration.set_cluster_id(cluster_id_);
  registration.set_broker(options_.self.value());
  registration.set_incarnation(options_.incarnation.bytes());
  for (const metadata::ListenerAddress& listener : listeners_) {
    proto::Listener& out = *registration.add_listeners();
    out.set_name(listener.name);
    out.set_host(listener.host);
    out.set_port(listener.port);
    out.set_protocol(listener.protocol);
  }
  registration.set_rack(options_.rack);
  for (const Uuid& directory : options_.directories) {
    registration.add_directories(directory.bytes());
  }
  registration.set_last_epoch(options_.last_epoch.value());
  registration.set_clean_stop(options_.clean_stop);
  registration.set_software(options_.software);
  proto::FeatureRange range;
  range.set_min(1);
  range.set_max(1);
  (*registration.mutable_features())["metadata.version"] = range;
  return message;
}

void Session::link_opened(ControllerLink& link) { link.send(introduction()); }

void Session::link_closed(ControllerLink& link, Close why) {
  if (stopped_) return;
  if (&link == active_.get()) {
    return detach(absl::StrCat("the link was closed (", to_string(why), ")"));
  }
  const Endpoint to = link.endpoint();
  retire(std::move(candidates_[to].link));
  retry_later(to);
}

void Session::attach(ControllerLink& link, const proto::Registered& registered) {
  const BrokerEpoch epoch{registered.epoch()};
  if (epoch_ != kNoBrokerEpoch && epoch != epoch_) {
    return fatal(absl::AbortedError(absl::StrCat("registered as epoch ", epoch_.value(),
                                                 ", attached as epoch ", epoch.value(),
                                                 ": this incarnation was replaced")));
  }
  active_ = std::move(candidates_[link.endpoint()].link);
  give_up_searching();
  LOG(INFO) << (epoch_ == kNoBrokerEpoch ? "registered with" : "attached to")
            << " the active controller at " << active_->endpoint() << " as epoch " << epoch;
  if (epoch_ == kNoBrokerEpoch) {
    cluster_id_ = registered.cluster_id();
    if (absl::Status status = events_.registered(cluster_id_, epoch); !status.ok()) {
      return fatal(std::move(status));
    }
    epoch_ = epoch;
    registered_at_ = LogIndex{registered.index()};
  }
  controllers_are(registered.controllers());
  follower_.begin_stream();
  lag_target_ = LogIndex{0};
  answered_at_ = loop_.now();
  proto::BrokerMessage follow;
  follow.mutable_follow()->set_applied(follower_.applied().value());
  send(follow);
  heartbeat();
  proposals_.attached();
  admin_.attached();
  for (auto& [correlation, asked] : producer_ids_) ask_producer_ids(correlation);
}

void Session::detach(std::string_view why) {
  LOG(INFO) << "lost the controller at " << active_->endpoint() << ": " << why
            << "; looking for the active one, data is served meanwhile";
  loop_.cancel(heartbeat_timer_);
  heartbeat_timer_ = 0;
  retire(std::move(active_));
  proposals_.detached();
  admin_.detached();
  search();
}

void Session::refuse(const proto::Refused& refused) {
  const ErrorCode error = error_of(refused.error());
  const bool final = refused.final() || is_final(error, epoch_ != kNoBrokerEpoch);
  if (!final) {
    LOG_EVERY_N(INFO, 50) << "the controller does not register this broker yet: "
                          << kafka::error_name(error) << ": " << refused.error().message();
    return;  // the controller closes the link, and we try again
  }
  fatal(absl::FailedPreconditionError(
      absl::StrCat("the controller refuses this broker: ", std::string(kafka::error_name(error)),
                   " ", refused.error().code(), ": ", refused.error().message())));
}

void Session::fatal(absl::Status why) {
  if (stopped_) return;
  stop();
  events_.refused(std::move(why));
}

void Session::stop() {
  stopped_ = true;
  loop_.cancel(heartbeat_timer_);
  heartbeat_timer_ = 0;
  give_up_searching();
  retire(std::move(active_));
  proposals_.detached();
  admin_.detached();
}

// While attached, when no candidate has a link or a timer.
void Session::controllers_are(const google::protobuf::RepeatedPtrField<std::string>& endpoints) {
  if (endpoints.empty()) return;  // a controller that does not tell
  std::set<Endpoint> known(options_.controllers.begin(), options_.controllers.end());
  for (const std::string& text : endpoints) {
    if (const auto endpoint = parse_endpoint(text); endpoint.ok()) known.insert(*endpoint);
  }
  std::erase_if(candidates_, [&](const auto& entry) { return !known.contains(entry.first); });
  for (const Endpoint& endpoint : known) candidates_[endpoint];
}

// ---- Attached ----

void Session::link_message(ControllerLink& link, const proto::ControllerMessage& message) {
  if (stopped_) return;
  using Message = proto::ControllerMessage;
  const bool active = &link == active_.get();
  switch (message.kind_case()) {
    case Message::kNotActive: {
      const std::string& hint = message.not_active().leader().endpoint();
      if (active) return detach("it is no longer the active controller");
      const Endpoint& asked = link.endpoint();  // a retired link lives until the next turn
      retire(std::move(candidates_[asked].link));
      retry_later(asked);
      if (hint.empty()) return;
      const auto endpoint = parse_endpoint(hint);
      if (endpoint.ok() && !candidates_.contains(*endpoint)) {
        candidates_[*endpoint].backoff = options_.backoff_min;
        dial(*endpoint);
      }
      return;
    }
    case Message::kRefused:
      return refuse(message.refused());
    case Message::kRegistered:
      if (!active) attach(link, message.registered());
      return;
    default:
      break;
  }
  // Everything below answers or streams to an attached broker; what an older link still delivers is
  // not of this session.
  if (!active) return;
  switch (message.kind_case()) {
    case Message::kImageChunk:
      lag_since_ = loop_.now();
      return take(follower_.take(message.image_chunk()));
    case Message::kCommitted:
      return take(follower_.take(message.committed()));
    case Message::kHeartbeat:
      return heartbeat_answered(message.heartbeat());
    case Message::kAlterPartitions:
      if (!proposals_.answered(message.alter_partitions())) {
        return detach("it is no longer the active controller");
      }
      return proposals_.flush();
    case Message::kAllocateProducerIds:
      return producer_ids_answered(message.allocate_producer_ids());
    case Message::kAdmin: {
      const proto::AdminAnswer& answer = message.admin().answer();
      if (error_of(answer.error()) == ErrorCode::kNotController) {
        return detach("it is no longer the active controller");
      }
      return admin_.answered(message.admin().correlation(), answer);
    }
    default:
      return;  // a kind from a newer controller
  }
}

void Session::take(absl::StatusOr<std::optional<metadata::Delta>> changed) {
  if (!changed.ok()) return detach(std::string(changed.status().message()));
  if (!changed->has_value()) return;
  const LogIndex applied = follower_.applied();
  const bool own = applied >= registered_at_;
  std::erase_if(offline_replicas_, [&](const auto& replica) {
    return (*changed)->removed_topics.contains(replica.first.topic);
  });
  events_.image_changed(follower_.image(), **changed, own);
  waiters_.applied(applied);
  if (own && !caught_up_) {
    caught_up_ = true;
    events_.caught_up();
  }
}

// ---- Producer ids ----

void Session::ask_producer_ids(uint64_t correlation) {
  proto::BrokerMessage message;
  message.mutable_allocate_producer_ids()->set_correlation(correlation);
  message.mutable_allocate_producer_ids()->set_epoch(epoch_.value());
  send(message);
}

void Session::producer_ids_answered(const proto::AllocateProducerIdsAnswer& answer) {
  const ErrorCode error = error_of(answer.error());
  if (error == ErrorCode::kNotController) return detach("it is no longer the active controller");
  if (error != ErrorCode::kNone || answer.count() <= 0) {
    return finish_producer_ids(
        answer.correlation(),
        absl::UnavailableError(absl::StrCat(
            "the controller gives no producer ids: ", std::string(kafka::error_name(error)), " ",
            answer.error().message())));
  }
  finish_producer_ids(answer.correlation(),
                      ProducerIdBlock{ProducerId{answer.first()}, answer.count()});
}

void Session::finish_producer_ids(uint64_t correlation, absl::StatusOr<ProducerIdBlock> block) {
  const auto found = producer_ids_.find(correlation);
  if (found == producer_ids_.end()) return;
  ProducerIdsAsked asked = std::move(found->second);
  producer_ids_.erase(found);
  loop_.cancel(asked.timer);
  asked.done(std::move(block));
}

// ---- For everybody ----

void Session::with_image(absl::FunctionRef<void(const metadata::Image&)> read) const {
  follower_.with_image(read);
}

void Session::propose(partition::InSyncProposal proposal) {
  bool first = false;
  {
    MutexLock lock(proposed_mutex_);
    first = proposed_.empty();
    proposed_.push_back(std::move(proposal));
  }
  if (!first) return;
  post([this] {
    std::vector<partition::InSyncProposal> proposed;
    {
      MutexLock lock(proposed_mutex_);
      proposed.swap(proposed_);
    }
    for (partition::InSyncProposal& each : proposed) proposals_.add(std::move(each));
    proposals_.flush();
  });
}

void Session::out_of_service(const metadata::TopicPartition& id, const std::string& why) {
  post([this, id, why = why.substr(0, kMaxReason)] {
    // What serves no more must not lead until the next beat.
    if (offline_replicas_.emplace(id, why).second) heartbeat();
  });
}

void Session::in_service_after_all(const metadata::TopicPartition& id) {
  post([this, id] {
    if (offline_replicas_.erase(id) > 0) heartbeat();
  });
}

void Session::admin(proto::AdminRequest request, Duration deadline, AdminDone done) {
  post([this, request = std::move(request), deadline, done = std::move(done)]() mutable {
    admin_.add(std::move(request), loop_.now() + deadline, std::move(done));
  });
}

void Session::allocate_producer_ids(BlockDone done) {
  post([this, done = std::move(done)]() mutable {
    const uint64_t correlation = ++last_correlation_;
    ProducerIdsAsked& asked = producer_ids_[correlation];
    asked.done = std::move(done);
    asked.timer = loop_.after(options_.producer_ids_limit, [this, correlation] {
      finish_producer_ids(correlation,
                          absl::DeadlineExceededError("the controller gave no producer ids"));
    });
    ask_producer_ids(correlation);
  });
}

void Session::when_applied(LogIndex index, Duration deadline, Task then) {
  post([this, index, deadline, then = std::move(then)]() mutable {
    waiters_.add(follower_.applied(), index, deadline, std::move(then));
  });
}

}  // namespace barnabas::broker
