#include "controller/testing/fake_broker.h"

#include <glog/logging.h>

#include <algorithm>

namespace barnabas::controller {

using std::chrono::milliseconds;

namespace {

constexpr int32_t kNotController = 41;
constexpr int32_t kRequestTimedOut = 7;

}  // namespace

FakeBroker::FakeBroker(Identity& identity, std::vector<Endpoint> controllers, uint16_t port,
                       Executor& loop, Transport& transport, Random& random)
    : identity_(identity),
      controllers_(std::move(controllers)),
      port_(port),
      loop_(loop),
      transport_(transport),
      incarnation_(Uuid::make(random).bytes()) {
  if (identity_.directory.is_none()) identity_.directory = Uuid::make(random);
}

FakeBroker::~FakeBroker() {
  loop_.cancel(retry_);
  loop_.cancel(beat_);
}

void FakeBroker::connect() {
  retry_ = 0;
  ++links_;
  const Endpoint to = hint_ ? *hint_ : controllers_[next_controller_++ % controllers_.size()];
  hint_.reset();
  link_ = transport_.dial(to, Channel::kController, loop_, *this);
}

void FakeBroker::reconnect() {
  joined_ = false;
  loop_.cancel(beat_);
  beat_ = 0;
  if (retry_ == 0 && !refused_) retry_ = loop_.after(milliseconds(20), [this] { connect(); });
}

void FakeBroker::send(const proto::BrokerMessage& message) {
  link_->send({Buffer::own(message.SerializeAsString())});
}

void FakeBroker::opened() {
  proto::BrokerMessage message;
  if (epoch_ >= 0) {
    proto::Attach* attach = message.mutable_attach();
    attach->set_cluster_id(identity_.cluster_id);
    attach->set_broker(identity_.id);
    attach->set_incarnation(incarnation_);
    attach->set_epoch(epoch_);
    return send(message);
  }
  proto::Register* registration = message.mutable_register_();
  registration->set_cluster_id(identity_.cluster_id);
  registration->set_broker(identity_.id);
  registration->set_incarnation(incarnation_);
  proto::Listener* listener = registration->add_listeners();
  listener->set_name("PLAINTEXT");
  listener->set_host("broker" + std::to_string(identity_.id));
  listener->set_port(port_);
  registration->add_directories(identity_.directory.bytes());
  registration->set_last_epoch(identity_.last_epoch);
  registration->set_clean_stop(identity_.clean_stop);
  send(message);
}

void FakeBroker::closed(Close) { reconnect(); }

void FakeBroker::frame(Buffer bytes) {
  proto::ControllerMessage message;
  CHECK(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  switch (message.kind_case()) {
    case proto::ControllerMessage::kNotActive:
      if (const auto hint = parse_endpoint(message.not_active().leader().endpoint()); hint.ok()) {
        hint_ = *hint;
      }
      return;
    case proto::ControllerMessage::kRefused:
      if (message.refused().final()) refused_ = message.refused().error().code();
      if (message.refused().error().code() == 102) epoch_ = -1;
      return;
    case proto::ControllerMessage::kRegistered:
      return join(message.registered());
    case proto::ControllerMessage::kImageChunk:
      return receive_chunk(message.image_chunk());
    case proto::ControllerMessage::kCommitted:
      return receive_committed(message.committed());
    case proto::ControllerMessage::kHeartbeat:
      if (message.heartbeat().error().code() != 0) return;
      learn(message.heartbeat().controllers());
      if (message.heartbeat().may_shut_down()) may_shut_down_ = true;
      return;
    case proto::ControllerMessage::kAlterPartitions:
      if (auto found = alters_.extract(message.alter_partitions().correlation())) {
        found.mapped()(message.alter_partitions());
      }
      return;
    case proto::ControllerMessage::kAllocateProducerIds:
      if (auto found = allocations_.extract(message.allocate_producer_ids().correlation())) {
        found.mapped()(message.allocate_producer_ids());
      }
      return;
    case proto::ControllerMessage::kAdmin: {
      const int32_t code = message.admin().answer().error().code();
      if (code == kNotController || code == kRequestTimedOut) return;  // asked again
      if (auto found = questions_.extract(message.admin().correlation())) {
        found.mapped().answered(message.admin().answer());
      }
      return;
    }
    case proto::ControllerMessage::KIND_NOT_SET:
      LOG(FATAL) << "a controller sent nothing";
  }
}

// What it was started with stays, as in a configuration file.
void FakeBroker::learn(const google::protobuf::RepeatedPtrField<std::string>& endpoints) {
  if (endpoints.empty()) return;
  told_.assign(endpoints.begin(), endpoints.end());
  for (const std::string& text : told_) {
    const auto endpoint = parse_endpoint(text);
    CHECK(endpoint.ok()) << endpoint.status();
    if (std::find(controllers_.begin(), controllers_.end(), *endpoint) == controllers_.end()) {
      controllers_.push_back(*endpoint);
    }
  }
}

void FakeBroker::join(const proto::Registered& registered) {
  learn(registered.controllers());
  CHECK(epoch_ < 0 || epoch_ == registered.epoch());
  epoch_ = registered.epoch();
  target_ = registered.index();
  identity_.cluster_id = registered.cluster_id();
  identity_.last_epoch = epoch_;
  identity_.clean_stop = false;
  joined_ = true;
  if (listening_ == nullptr) {
    auto listening = transport_.listen(
        {"broker" + std::to_string(identity_.id), port_}, {Channel::kKafka}, {&loop_},
        [this](Channel, LinkPtr link) { accepted_.push_back(std::move(link)); });
    CHECK(listening.ok()) << listening.status();
    listening_ = *std::move(listening);
  }
  proto::BrokerMessage follow;
  follow.mutable_follow()->set_applied(image_.index().value());
  send(follow);
  for (const auto& [correlation, question] : questions_) {
    proto::BrokerMessage message;
    message.mutable_admin()->set_correlation(correlation);
    *message.mutable_admin()->mutable_request() = question.request;
    send(message);
  }
  heartbeat();
}

void FakeBroker::heartbeat() {
  loop_.cancel(beat_);
  if (joined_ && !silent_) {
    proto::BrokerMessage message;
    proto::Heartbeat* heartbeat = message.mutable_heartbeat();
    heartbeat->set_epoch(epoch_);
    heartbeat->set_applied(image_.index().value());
    for (const metadata::TopicPartition& id : lost_) {
      proto::OfflineReplica* replica = heartbeat->add_offline_replicas();
      replica->set_topic_id(id.topic.bytes());
      replica->set_index(id.index.value());
      replica->set_reason("lost");
    }
    heartbeat->set_ready(ready_ && image_.index().value() >= target_);
    heartbeat->set_want_shutdown(want_shutdown_);
    heartbeat->set_sequence(++sequence_);
    send(message);
  }
  beat_ = loop_.after(milliseconds(400), [this] { heartbeat(); });
}

void FakeBroker::receive_chunk(const proto::ImageChunk& chunk) {
  chunks_ += chunk.bytes();
  if (!chunk.last()) return;
  proto::Image image;
  CHECK(image.ParseFromString(std::exchange(chunks_, {})));
  CHECK_GE(chunk.index(), image_.index().value()) << "S8: the stream went back";
  image_ = metadata::Image::from_proto(image);
  CHECK_EQ(image_.index().value(), chunk.index());
  ++snapshots_;
  heartbeat();
}

void FakeBroker::receive_committed(const proto::Committed& committed) {
  CHECK_EQ(committed.index(), image_.index().value() + 1) << "S8: a gap in the stream";
  const bool caught_up = image_.index().value() >= target_;
  if (committed.has_decision()) {
    image_.apply(LogIndex{committed.index()}, committed.decision());
  } else {
    image_.advance_to(LogIndex{committed.index()});
  }
  const metadata::BrokerImage* self = image_.broker(BrokerId{identity_.id});
  unfenced_ = self != nullptr && self->epoch.value() == epoch_ && !self->fenced;
  if (!caught_up && image_.index().value() >= target_) heartbeat();
}

void FakeBroker::ask(proto::AdminRequest request,
                     std::function<void(const proto::AdminAnswer&)> answered) {
  const uint64_t correlation = ++correlation_;
  if (joined_) {
    proto::BrokerMessage message;
    message.mutable_admin()->set_correlation(correlation);
    *message.mutable_admin()->mutable_request() = request;
    send(message);
  }
  questions_[correlation] = {std::move(request), std::move(answered)};
}

void FakeBroker::alter(proto::AlterPartitions request,
                       std::function<void(const proto::AlterPartitionsAnswer&)> answered) {
  proto::BrokerMessage message;
  *message.mutable_alter_partitions() = std::move(request);
  message.mutable_alter_partitions()->set_correlation(++correlation_);
  message.mutable_alter_partitions()->set_epoch(epoch_);
  alters_[correlation_] = std::move(answered);
  if (joined_) send(message);
}

void FakeBroker::allocate(std::function<void(const proto::AllocateProducerIdsAnswer&)> answered) {
  proto::BrokerMessage message;
  message.mutable_allocate_producer_ids()->set_correlation(++correlation_);
  message.mutable_allocate_producer_ids()->set_epoch(epoch_);
  allocations_[correlation_] = std::move(answered);
  if (joined_) send(message);
}

}  // namespace barnabas::controller
