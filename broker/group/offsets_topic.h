// The topic in which the state of groups lies: which of its partitions a group belongs to, and its
// creation on first use.
//
// It has `offsets.topic.replication.factor` replicas, but never more than there are brokers in the
// cluster at that moment: a cluster of one broker serves groups without a change of its settings,
// and says in the log what it did. Kafka would refuse every group instead. (Brokers that are
// registered count, also while they are down: a replica there catches up.)
//
// Thread-safe.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "broker/controller_session.h"
#include "common/executor.h"
#include "common/mutex.h"
#include "kafka/errors.h"
#include "metadata/image.h"

namespace barnabas::group {

inline constexpr std::string_view kOffsetsTopic = "__consumer_offsets";

struct OffsetsTopicOptions {
  int32_t partitions = 50;               // offsets.topic.num.partitions
  int32_t replication = 3;               // offsets.topic.replication.factor
  int64_t segment_bytes = 104'857'600;   // offsets.topic.segment.bytes
  int64_t max_batch_bytes = 16'777'216;  // the members of one large group go into one record
};

// Where a group's state lies. COORDINATOR_NOT_AVAILABLE: the topic is not there, or has no leader.
struct GroupPlace {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  metadata::TopicPartition partition;
  BrokerId leader = kNoBroker;
  LeaderEpoch epoch = kNoLeaderEpoch;
  bool topic_exists = false;
};
// With the image's reader lock held.
GroupPlace place_of(const metadata::Image& image, std::string_view group);

class OffsetsTopic {
 public:
  OffsetsTopic(OffsetsTopicOptions options, broker::ControllerSession& session)
      : options_(options), session_(session) {}

  // Those who ask wait this long for the outcome: a client that is told "not available" sleeps. It
  // happens once in the life of a cluster, and making many partitions takes a slow disk a while.
  static constexpr Duration kMoment = std::chrono::seconds(3);

  // Creates it unless it exists. On `loop`; `then` runs there, once, when the topic has been
  // created and this broker knows it, or the moment is over.
  void create(Executor& loop, Task then);

 private:
  struct Waiter;
  void ask();
  void finished();

  const OffsetsTopicOptions options_;
  broker::ControllerSession& session_;
  Mutex mutex_;
  bool under_way_ GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<Waiter>> waiters_ GUARDED_BY(mutex_);
};

}  // namespace barnabas::group
