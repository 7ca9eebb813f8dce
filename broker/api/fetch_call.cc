#include "broker/api/fetch_call.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "broker/api/addresses.h"
#include "kafka/records/batch.h"

namespace barnabas::api {

using kafka::ErrorCode;
using kafka::FetchRequest;
using kafka::FetchResponse;

class FetchWaiter final : public partition::Waiter {
 public:
  FetchWaiter(Executor& loop, std::weak_ptr<FetchCall> call)
      : loop_(loop), call_(std::move(call)) {}

  // The call is touched on its loop only, where it also dies.
  void wake() override {
    if (woken_.exchange(true, std::memory_order_acq_rel)) return;
    loop_.post([call = call_] {
      if (const std::shared_ptr<FetchCall> alive = call.lock()) alive->go_on();
    });
  }

 private:
  Executor& loop_;
  const std::weak_ptr<FetchCall> call_;
  std::atomic<bool> woken_{false};
};

namespace {

// The offset behind the batches in `records`, to watch for what comes after them.
Offset behind(const Buffer& records, Offset from) {
  kafka::BatchStream batches(records.view());
  while (const auto batch = batches.next()) from = std::max(from, batch->next_offset());
  return from;
}

bool has_zstd(const Buffer& records) {
  kafka::BatchStream batches(records.view());
  while (const auto batch = batches.next()) {
    if (batch->codec() == kafka::Codec::kZstd) return true;
  }
  return false;
}

}  // namespace

FetchCall::FetchCall(Services& services, const Request& request, Responder responder)
    : services_(services),
      connection_(request.connection),
      version_(request.version),
      responder_(std::move(responder)) {}

FetchCall::~FetchCall() {
  if (timer_ != 0) connection_->loop->cancel(timer_);
  if (session_ != nullptr) services_.fetch_sessions.finish(session_, connection_->loop->now());
}

ErrorCode FetchCall::identify(const FetchRequest& message) {
  const int32_t id = version_ >= 15 ? message.replica_state.replica_id : message.replica_id;
  if (id < 0) return ErrorCode::kNone;
  // Without an epoch (before version 15) anybody could claim to be a broker.
  if (version_ < 15) return ErrorCode::kClusterAuthorizationFailed;
  ErrorCode error = ErrorCode::kStaleBrokerEpoch;
  services_.session.with_image([&](const metadata::Image& image) {
    const metadata::BrokerImage* broker = image.broker(BrokerId{id});
    if (broker == nullptr || broker->epoch.value() != message.replica_state.replica_epoch) return;
    replica_ = partition::ReplicaIdentity{
        broker->id, broker->epoch, broker->directories.empty() ? Uuid() : broker->directories[0]};
    error = ErrorCode::kNone;
  });
  return error;
}

ErrorCode FetchCall::open_session(const FetchRequest& message) {
  if (version_ < 7 || message.session_epoch == -1) {
    if (version_ >= 7 && message.session_id != 0) {
      services_.fetch_sessions.close(message.session_id);
    }
    return ErrorCode::kNone;
  }
  const std::optional<BrokerId> owner =
      replica_.has_value() ? std::optional<BrokerId>(replica_->broker) : std::nullopt;
  const Instant now = connection_->loop->now();
  if (message.session_epoch == 0) {
    if (message.session_id != 0) services_.fetch_sessions.close(message.session_id);
    // By name there would be two kinds of sessions; whoever speaks an older version loses only
    // speed by going without.
    if (version_ >= 13) session_ = services_.fetch_sessions.open(owner, now);
    return ErrorCode::kNone;
  }
  if (version_ < 13) return ErrorCode::kFetchSessionIdNotFound;
  FetchSessions::Held held =
      services_.fetch_sessions.begin(message.session_id, message.session_epoch, owner, now);
  session_ = std::move(held.session);
  incremental_ = session_ != nullptr;
  return held.error;
}

void FetchCall::take_from_message(const FetchRequest& message) {
  for (const FetchRequest::FetchTopic& topic : message.topics) {
    for (const FetchRequest::FetchPartition& asked : topic.partitions) {
      if (session_ != nullptr) {
        SessionPartition entry;
        entry.id = {topic.topic_id, PartitionIndex{asked.partition}};
        entry.offset = Offset{asked.fetch_offset};
        entry.leader_epoch = LeaderEpoch{asked.current_leader_epoch};
        entry.last_fetched_epoch = LeaderEpoch{asked.last_fetched_epoch};
        entry.log_start = Offset{asked.log_start_offset};
        entry.max_bytes = asked.partition_max_bytes;
        entry.directory = asked.replica_directory_id;
        session_->set(entry);
        continue;
      }
      FetchItem& item = items_.emplace_back();
      item.topic = std::string(topic.topic);
      item.topic_id = topic.topic_id;
      item.index = asked.partition;
      item.max_bytes = static_cast<size_t>(std::max(asked.partition_max_bytes, 0));
      item.args.offset = Offset{asked.fetch_offset};
      item.args.leader_epoch = LeaderEpoch{asked.current_leader_epoch};
      item.args.last_fetched_epoch = LeaderEpoch{asked.last_fetched_epoch};
      item.args.log_start = Offset{asked.log_start_offset};
      item.args.replica = replica_;
      if (replica_.has_value() && !asked.replica_directory_id.is_none()) {
        item.args.replica->directory = asked.replica_directory_id;
      }
    }
  }
  if (session_ == nullptr) return;
  for (const FetchRequest::ForgottenTopic& topic : message.forgotten_topics_data) {
    for (int32_t index : topic.partitions) {
      session_->forget({topic.topic_id, PartitionIndex{index}});
    }
  }
  take_from_session();
}

void FetchCall::take_from_session() {
  items_.reserve(session_->partitions().size());
  for (const SessionPartition& entry : session_->partitions()) {
    FetchItem& item = items_.emplace_back();
    item.topic_id = entry.id.topic;
    item.index = entry.id.index.value();
    item.max_bytes = static_cast<size_t>(std::max(entry.max_bytes, 0));
    item.args.offset = entry.offset;
    item.args.leader_epoch = entry.leader_epoch;
    item.args.last_fetched_epoch = entry.last_fetched_epoch;
    item.args.log_start = entry.log_start;
    item.args.replica = replica_;
    if (replica_.has_value() && !entry.directory.is_none()) {
      item.args.replica->directory = entry.directory;
    }
  }
  if (incremental_) start_ = session_->next_start();
}

void FetchCall::find_replicas() {
  services_.session.with_image([&](const metadata::Image& image) {
    for (FetchItem& item : items_) {
      const metadata::TopicImage* topic =
          version_ >= 13 ? image.topic(item.topic_id) : image.topic_by_name(item.topic);
      item.at = seek(topic, item.index);
      if (topic == nullptr && version_ >= 13) item.at.error = ErrorCode::kUnknownTopicId;
      if (item.at.error == ErrorCode::kNone) find_nearby(image, item);
    }
  });
  for (FetchItem& item : items_) {
    find_replica(services_, item.at);
    item.args.read_committed = read_committed_;
    item.args.any_replica = !replica_.has_value() && version_ >= 11;
  }
}

// KIP-392: the in-sync replicas in the consumer's rack. Where this broker is in it, or nobody is,
// there is nothing to prefer.
void FetchCall::find_nearby(const metadata::Image& image, FetchItem& item) {
  if (rack_.empty() || replica_.has_value() || !services_.options.rack_aware_fetch) return;
  const metadata::PartitionImage* state = image.partition(item.at.id);
  for (const BrokerId member : state->in_sync) {
    const metadata::BrokerImage* broker = image.broker(member);
    if (broker == nullptr || broker->fenced || broker->rack != rack_) continue;
    if (member == services_.options.self) return item.args.nearby.clear();
    item.args.nearby.push_back(member);
  }
}

void FetchCall::run(const FetchRequest& message) {
  ErrorCode error = identify(message);
  if (error == ErrorCode::kNone) error = open_session(message);
  if (error != ErrorCode::kNone) return refuse(error, message);

  read_committed_ = message.isolation_level == 1;
  rack_ = std::string(message.rack_id);
  min_bytes_ = static_cast<size_t>(std::max(message.min_bytes, 0));
  max_bytes_ = std::min(static_cast<size_t>(std::max(message.max_bytes, 0)),
                        services_.options.fetch_max_bytes);
  min_bytes_ = std::min(min_bytes_, max_bytes_);
  const Duration wait = std::clamp<Duration>(std::chrono::milliseconds(message.max_wait_ms),
                                             Duration::zero(), services_.options.fetch_wait_max);
  deadline_ = connection_->loop->now() + wait;
  take_from_message(message);
  find_replicas();
  go_on();
}

void FetchCall::go_on() {
  if (done_) return;
  for (std::optional<size_t> before;; before = total_bytes_) {
    read_all();
    if (enough()) return finish();
    // What came between reading and watching is news. If reading again brings no more, then some
    // partition's own limit holds it back: no wake-up can change that, only the deadline ends it.
    const bool news = watch_all();
    if (!news || (before.has_value() && total_bytes_ <= *before)) return park();
  }
}

void FetchCall::read_all() {
  total_bytes_ = 0;
  urgent_ = false;
  for (size_t i = 0; i < items_.size(); ++i) {
    FetchItem& item = items_[(start_ + i) % items_.size()];
    if (item.at.replica == nullptr) {
      item.answer = {};
      item.answer.error = item.at.error;
      item.answer.leader = item.at.leader;
      urgent_ = true;
      continue;
    }
    const size_t left = max_bytes_ > total_bytes_ ? max_bytes_ - total_bytes_ : 0;
    item.args.max_bytes = std::min(item.max_bytes, left);
    item.args.at_least_one = total_bytes_ == 0;
    item.answer = item.at.replica->fetch(item.args);
    if (version_ < 10 && item.answer.error == ErrorCode::kNone && has_zstd(item.answer.records)) {
      item.answer = {};
      item.answer.error = ErrorCode::kUnsupportedCompressionType;
    }
    total_bytes_ += item.answer.records.size();
    urgent_ |= item.answer.error != ErrorCode::kNone || item.answer.diverging.has_value() ||
               item.answer.preferred != kNoBroker || must_follow(item);
  }
}

bool FetchCall::enough() const {
  return urgent_ || items_.empty() || total_bytes_ >= min_bytes_ ||
         connection_->loop->now() >= deadline_;
}

bool FetchCall::watch_all() {
  waiter_ = std::make_shared<FetchWaiter>(*connection_->loop, weak_from_this());
  bool news = false;
  for (FetchItem& item : items_) {
    partition::FetchArgs args = item.args;
    if (!item.answer.records.empty()) {
      args.offset = behind(item.answer.records, args.offset);
      args.last_fetched_epoch = kNoLeaderEpoch;  // it spoke of the offset that was asked for
    }
    news |= item.at.replica->watch(args, waiter_);
  }
  return news;
}

void FetchCall::park() {
  if (timer_ != 0) return;
  timer_ = connection_->loop->at(deadline_, [self = weak_from_this()] {
    const std::shared_ptr<FetchCall> alive = self.lock();
    if (alive == nullptr) return;
    alive->timer_ = 0;
    alive->go_on();
  });
  responder_.keep(shared_from_this());
}

// The log has lost its beginning since this replica was told last where it starts.
bool FetchCall::must_follow(const FetchItem& item) const {
  if (!replica_.has_value() || !incremental_) return false;
  const SessionPartition& told = session_->partitions()[static_cast<size_t>(&item - items_.data())];
  return told.told_log_start != kNoOffset && told.told_log_start < item.answer.log_start;
}

bool FetchCall::has_news(const FetchItem& item) {
  const partition::FetchAnswer& answer = item.answer;
  if (!incremental_ || answer.error != ErrorCode::kNone || answer.diverging.has_value() ||
      answer.preferred != kNoBroker || !answer.records.empty()) {
    return true;
  }
  const SessionPartition& told = session_->partitions()[static_cast<size_t>(&item - items_.data())];
  return told.told_high_watermark != answer.high_watermark ||
         told.told_last_stable != answer.last_stable_offset ||
         told.told_log_start != answer.log_start;
}

void FetchCall::answer_item(FetchItem& item, FetchResponse::PartitionData& out) {
  partition::FetchAnswer& answer = item.answer;
  out.partition_index = item.index;
  ErrorCode error = answer.error;
  if (error == ErrorCode::kKafkaStorageError && version_ <= 5) {
    error = ErrorCode::kNotLeaderOrFollower;
  }
  out.error_code = code(error);
  out.high_watermark = answer.high_watermark.value();
  out.last_stable_offset = answer.last_stable_offset.value();
  out.log_start_offset = answer.log_start.value();
  out.preferred_read_replica = answer.preferred.value();
  if (!read_committed_) out.aborted_transactions.reset();
  if (version_ >= 12 && answer.diverging.has_value()) {
    out.diverging_epoch.epoch = answer.diverging->epoch.value();
    out.diverging_epoch.end_offset = answer.diverging->end.value();
  }
  const bool moved =
      error == ErrorCode::kNotLeaderOrFollower || error == ErrorCode::kFencedLeaderEpoch;
  if (moved && version_ >= 16 && answer.leader.leader != kNoBroker) {
    out.current_leader.leader_id = answer.leader.leader.value();
    out.current_leader.leader_epoch = answer.leader.epoch.value();
    new_leaders_.push_back(answer.leader.leader);
  }
  if (session_ != nullptr) {
    SessionPartition& told = session_->partitions()[static_cast<size_t>(&item - items_.data())];
    const bool known = error == ErrorCode::kNone;
    told.told_high_watermark = known ? answer.high_watermark : kNoOffset;
    told.told_last_stable = known ? answer.last_stable_offset : kNoOffset;
    told.told_log_start = known ? answer.log_start : kNoOffset;
  }
  out.records = std::move(answer.records);
}

void FetchCall::finish() {
  done_ = true;
  waiter_.reset();
  FetchResponse response;
  if (session_ != nullptr) response.session_id = session_->id();
  ErrorCode first_error = ErrorCode::kNone;
  for (size_t i = 0; i < items_.size(); ++i) {
    FetchItem& item = items_[(start_ + i) % items_.size()];
    if (!has_news(item)) continue;
    if (first_error == ErrorCode::kNone) first_error = item.answer.error;
    const bool same_topic =
        !response.responses.empty() && response.responses.back().topic_id == item.topic_id &&
        response.responses.back().topic == std::string_view(version_ < 13 ? item.topic : "");
    if (!same_topic) {
      FetchResponse::FetchableTopicResponse& topic = response.responses.emplace_back();
      if (version_ >= 13) topic.topic_id = item.topic_id;
      if (version_ < 13) topic.topic = item.topic;
    }
    answer_item(item, response.responses.back().partitions.emplace_back());
  }
  if (!new_leaders_.empty()) {
    services_.session.with_image([&](const metadata::Image& image) {
      for (BrokerId leader : new_leaders_) {
        add_node_endpoint(image, leader, *connection_, services_.options, response.node_endpoints,
                          texts_);
      }
    });
  }
  // The session is free before the client can have the answer, and so the next request.
  if (session_ != nullptr) {
    services_.fetch_sessions.finish(session_, connection_->loop->now());
    session_.reset();
  }
  responder_.send(response, code(first_error), 64 + 96 * items_.size());
}

void FetchCall::refuse(ErrorCode error, const FetchRequest& message) {
  FetchResponse response;
  response.error_code = code(error);
  // Versions before 7 have no error for the whole; those before 13 may look only at partitions.
  if (version_ < 13 && error == ErrorCode::kClusterAuthorizationFailed) {
    for (const FetchRequest::FetchTopic& topic : message.topics) {
      auto& out = response.responses.emplace_back();
      out.topic = topic.topic;
      for (const FetchRequest::FetchPartition& asked : topic.partitions) {
        auto& partition = out.partitions.emplace_back();
        partition.partition_index = asked.partition;
        partition.error_code = code(error);
        partition.high_watermark = -1;
        partition.records = Buffer();
      }
    }
  }
  responder_.send(response, code(error));
}

}  // namespace barnabas::api
