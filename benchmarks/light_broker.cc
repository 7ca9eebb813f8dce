#include "benchmarks/light_broker.h"

#include <glog/logging.h>
#include <google/protobuf/arena.h>

#include <utility>

#include "metadata/records.h"

namespace barnabas {

namespace {

constexpr Duration kHeartbeat = std::chrono::milliseconds(400);
// For a link to open: what has stopped may never say so. And for an answer on it: a registration
// may take a while.
constexpr Duration kOpening = std::chrono::milliseconds(300);
constexpr Duration kIntroduction = std::chrono::seconds(5);
constexpr int32_t kNotController = 41;
constexpr int32_t kRequestTimedOut = 7;
constexpr int32_t kBrokerIdNotRegistered = 102;

}  // namespace

LightBroker::LightBroker(Options options, Executor& loop, Transport& transport, Random& random)
    : options_(std::move(options)),
      loop_(loop),
      transport_(transport),
      incarnation_(Uuid::make(random).bytes()),
      directory_(Uuid::make(random).bytes()) {}

LightBroker::~LightBroker() {
  loop_.cancel(retry_);
  loop_.cancel(beat_);
  loop_.cancel(patience_);
}

absl::Status LightBroker::start() {
  auto listening =
      transport_.listen({"127.0.0.1", 0}, {Channel::kKafka}, {&loop_},
                        [this](Channel, LinkPtr link) { accepted_.push_back(std::move(link)); });
  if (!listening.ok()) return listening.status();
  listening_ = *std::move(listening);
  connect();
  return absl::OkStatus();
}

void LightBroker::connect() {
  retry_ = 0;
  at_ = hint_ ? *hint_ : options_.controllers[next_controller_++ % options_.controllers.size()];
  hint_.reset();
  link_ = transport_.dial(*at_, Channel::kController, loop_, *this);
  patience_ = loop_.after(kOpening, [this] { leave(); });
}

// Nothing is heard: the link may never say that it is closed.
void LightBroker::leave() {
  patience_ = 0;
  loop_.post([link = std::shared_ptr<Link>(std::move(link_))] {});
  closed(Close::kTimeout);
}

void LightBroker::closed(Close) {
  joined_ = false;
  loop_.cancel(std::exchange(beat_, 0));
  loop_.cancel(std::exchange(patience_, 0));
  const Duration wait = hint_ ? Duration(0) : options_.reconnect;
  if (retry_ == 0) retry_ = loop_.after(wait, [this] { connect(); });
  tell();
}

void LightBroker::send(const proto::BrokerMessage& message) {
  link_->send({Buffer::own(message.SerializeAsString())});
}

void LightBroker::opened() {
  loop_.cancel(patience_);
  patience_ = loop_.after(kIntroduction, [this] { leave(); });
  proto::BrokerMessage message;
  if (epoch_ >= 0) {
    proto::Attach* attach = message.mutable_attach();
    attach->set_cluster_id(cluster_id_);
    attach->set_broker(options_.id);
    attach->set_incarnation(incarnation_);
    attach->set_epoch(epoch_);
    return send(message);
  }
  proto::Register* registration = message.mutable_register_();
  registration->set_broker(options_.id);
  registration->set_incarnation(incarnation_);
  proto::Listener* listener = registration->add_listeners();
  listener->set_name("PLAINTEXT");
  listener->set_host("127.0.0.1");
  listener->set_port(listening_->endpoint().port);
  registration->add_directories(directory_);
  registration->set_last_epoch(-1);
  send(message);
}

void LightBroker::frame(Buffer bytes) {
  google::protobuf::Arena arena;
  auto& message = *google::protobuf::Arena::CreateMessage<proto::ControllerMessage>(&arena);
  CHECK(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  switch (message.kind_case()) {
    case proto::ControllerMessage::kNotActive:
      if (const auto hint = parse_endpoint(message.not_active().leader().endpoint()); hint.ok()) {
        if (*hint != *at_) hint_ = *hint;
      }
      return;
    case proto::ControllerMessage::kRefused:
      if (message.refused().error().code() == kBrokerIdNotRegistered) epoch_ = -1;
      LOG_IF(FATAL, message.refused().final()) << message.refused().error().message();
      return;
    case proto::ControllerMessage::kHeartbeat:
      loop_.cancel(std::exchange(patience_, 0));
      return;
    case proto::ControllerMessage::kRegistered:
      loop_.cancel(std::exchange(patience_, 0));
      return join(message.registered());
    case proto::ControllerMessage::kImageChunk:
      return receive(message.image_chunk());
    case proto::ControllerMessage::kCommitted:
      return receive(message.committed());
    case proto::ControllerMessage::kAlterPartitions:
      return answer(message.alter_partitions().correlation(), message);
    case proto::ControllerMessage::kAllocateProducerIds:
      return answer(message.allocate_producer_ids().correlation(), message);
    case proto::ControllerMessage::kAdmin: {
      const int32_t code = message.admin().answer().error().code();
      if (code == kNotController || code == kRequestTimedOut) return;  // asked again
      return answer(message.admin().correlation(), message);
    }
    default:
      return;
  }
}

void LightBroker::answer(uint64_t correlation, const proto::ControllerMessage& message) {
  auto question = questions_.extract(correlation);
  if (question) question.mapped().answered(message);
}

void LightBroker::send_question(uint64_t correlation, proto::BrokerMessage& message) {
  if (message.has_admin()) message.mutable_admin()->set_correlation(correlation);
  if (message.has_allocate_producer_ids()) {
    message.mutable_allocate_producer_ids()->set_correlation(correlation);
    message.mutable_allocate_producer_ids()->set_epoch(epoch_);
  }
  if (message.has_alter_partitions()) {
    message.mutable_alter_partitions()->set_correlation(correlation);
    message.mutable_alter_partitions()->set_epoch(epoch_);
  }
  send(message);
}

void LightBroker::ask(proto::BrokerMessage message, Answered answered) {
  const uint64_t correlation = ++correlation_;
  Question& question = questions_[correlation];
  question = {std::move(message), std::move(answered)};
  if (joined_) send_question(correlation, question.message);
}

void LightBroker::join(const proto::Registered& registered) {
  epoch_ = registered.epoch();
  target_ = registered.index();
  cluster_id_ = registered.cluster_id();
  joined_ = true;
  proto::BrokerMessage follow;
  follow.mutable_follow()->set_applied(image_.index().value());
  send(follow);
  for (auto& [correlation, question] : questions_) send_question(correlation, question.message);
  heartbeat();
  tell();
}

void LightBroker::heartbeat() {
  loop_.cancel(beat_);
  proto::BrokerMessage message;
  proto::Heartbeat* heartbeat = message.mutable_heartbeat();
  heartbeat->set_epoch(epoch_);
  heartbeat->set_applied(image_.index().value());
  heartbeat->set_ready(image_.index().value() >= target_);
  heartbeat->set_sequence(++heartbeats_);
  send(message);
  beat_ = loop_.after(kHeartbeat, [this] { this->heartbeat(); });
  if (patience_ == 0) patience_ = loop_.after(options_.answer_limit, [this] { leave(); });
}

void LightBroker::receive(const proto::ImageChunk& chunk) {
  chunks_ += chunk.bytes();
  if (!chunk.last()) return;
  google::protobuf::Arena arena;
  auto& image = *google::protobuf::Arena::CreateMessage<proto::Image>(&arena);
  CHECK(image.ParseFromString(std::exchange(chunks_, {})));
  CHECK_GE(chunk.index(), image_.index().value()) << "S8: the stream went back";
  image_ = metadata::Image::from_proto(image);
  ++snapshots_;
  count_all_leaders();
  heartbeat();
  tell();
}

void LightBroker::receive(const proto::Committed& committed) {
  CHECK_EQ(committed.index(), image_.index().value() + 1) << "S8: a gap in the stream";
  const bool caught_up = image_.index().value() >= target_;
  if (committed.has_decision()) {
    count_leaders(committed.decision());
    image_.apply(LogIndex{committed.index()}, committed.decision());
  } else {
    image_.advance_to(LogIndex{committed.index()});
  }
  if (!caught_up && image_.index().value() >= target_) heartbeat();
  tell();
}

// Before it is applied.
void LightBroker::count_leaders(const proto::Decision& decision) {
  for (const proto::Record& record : decision.records()) {
    if (record.has_partition()) ++led_[record.partition().leader()];
    if (!record.has_partition_change() || !record.partition_change().has_leader()) continue;
    const proto::PartitionChange& change = record.partition_change();
    const metadata::PartitionImage* before =
        image_.partition(metadata::partition_id(change.topic_id(), change.index()));
    if (before != nullptr) --led_[before->leader.value()];
    ++led_[change.leader()];
  }
}

void LightBroker::count_all_leaders() {
  led_.clear();
  for (const auto& [name, id] : image_.topics_by_name()) {
    for (const metadata::PartitionImage& partition : image_.topic(id)->partitions) {
      ++led_[partition.leader.value()];
    }
  }
}

int64_t LightBroker::led_by(int32_t broker) const {
  const auto found = led_.find(broker);
  return found == led_.end() ? 0 : found->second;
}

bool LightBroker::unfenced() const {
  const metadata::BrokerImage* self = image_.broker(BrokerId{options_.id});
  return self != nullptr && self->epoch.value() == epoch_ && !self->fenced;
}

void LightBroker::tell() {
  if (news_) news_();
}

}  // namespace barnabas
