#include "broker/group/offsets_topic.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <string>
#include <utility>

#include "kafka/java_hash.h"
#include "proto/admin.pb.h"

namespace barnabas::group {
namespace {

constexpr Duration kDeadline = std::chrono::seconds(10);

void add_config(proto::NewTopic& topic, const char* key, const std::string& value) {
  proto::ConfigEntry& config = *topic.add_configs();
  config.set_key(key);
  config.set_value(value);
}

}  // namespace

GroupPlace place_of(const metadata::Image& image, std::string_view group) {
  GroupPlace out;
  const metadata::TopicImage* topic = image.topic_by_name(kOffsetsTopic);
  if (topic == nullptr || topic->partitions.empty()) {
    out.error = kafka::ErrorCode::kCoordinatorNotAvailable;
    return out;
  }
  out.topic_exists = true;
  const int32_t index =
      kafka::coordinator_partition(group, static_cast<int32_t>(topic->partitions.size()));
  const metadata::PartitionImage& state = topic->partitions[static_cast<size_t>(index)];
  out.partition = {topic->id, PartitionIndex{index}};
  out.leader = state.leader;
  out.epoch = state.leader_epoch;
  if (state.leader == kNoBroker) out.error = kafka::ErrorCode::kCoordinatorNotAvailable;
  return out;
}

struct OffsetsTopic::Waiter {
  Executor& loop;
  Task then;  // on the loop only

  static void tell(const std::shared_ptr<Waiter>& waiter) {
    if (Task then = std::exchange(waiter->then, Task())) then();
  }
};

void OffsetsTopic::create(Executor& loop, Task then) {
  auto waiter = std::make_shared<Waiter>(Waiter{loop, std::move(then)});
  bool first = false;
  {
    MutexLock lock(mutex_);
    waiters_.push_back(waiter);
    first = !std::exchange(under_way_, true);
  }
  loop.after(kMoment, [waiter] { Waiter::tell(waiter); });
  if (first) ask();
}

void OffsetsTopic::ask() {
  int32_t brokers = 0;
  session_.with_image([&](const metadata::Image& image) {
    brokers = static_cast<int32_t>(image.brokers().size());
  });
  const int32_t replication = std::clamp(brokers, 1, options_.replication);
  proto::AdminRequest request;
  request.set_principal("User:ANONYMOUS");
  proto::NewTopic& topic = *request.mutable_create_topics()->add_topics();
  topic.set_name(std::string(kOffsetsTopic));
  topic.set_partitions(options_.partitions);
  topic.set_replication_factor(replication);
  add_config(topic, "cleanup.policy", "compact");
  add_config(topic, "compression.type", "producer");
  add_config(topic, "segment.bytes", std::to_string(options_.segment_bytes));
  add_config(topic, "max.message.bytes", std::to_string(options_.max_batch_bytes));
  session_.admin(
      std::move(request), kDeadline,
      [this, replication](absl::StatusOr<proto::AdminAnswer> answer) {
        if (!answer.ok() || answer->create_topics().topics().empty()) return finished();
        const proto::CreatedTopic& created = answer->create_topics().topics(0);
        const auto error = static_cast<kafka::ErrorCode>(created.error().code());
        if (error == kafka::ErrorCode::kNone) {
          LOG(INFO) << "created " << kOffsetsTopic
                    << " for the groups of this cluster: " << created.partitions()
                    << " partitions, " << created.replication_factor() << " replicas each"
                    << (replication < options_.replication
                            ? absl::StrCat(" (offsets.topic.replication.factor is ",
                                           options_.replication,
                                           ", but there are no more brokers now; add replicas when "
                                           "there are)")
                            : std::string());
        } else if (error != kafka::ErrorCode::kTopicAlreadyExists) {
          LOG_EVERY_N(WARNING, 20)
              << "could not create " << kOffsetsTopic
              << ", without which there are no groups: " << created.error().message();
        }
        session_.when_applied(LogIndex{answer->create_topics().index()}, kMoment,
                              [this] { finished(); });
      });
}

void OffsetsTopic::finished() {
  std::vector<std::shared_ptr<Waiter>> done;
  {
    MutexLock lock(mutex_);
    under_way_ = false;
    done.swap(waiters_);
  }
  for (const std::shared_ptr<Waiter>& waiter : done) {
    waiter->loop.post([waiter] { Waiter::tell(waiter); });
  }
}

}  // namespace barnabas::group
