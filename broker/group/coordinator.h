// The group coordinator of a broker: for each partition of __consumer_offsets that this broker
// leads one shard, on the I/O loop that the partition's number says.
//
//   handler (a connection's loop) --ask()--> post --> shard's loop --answer--> post --> handler
//
// Commands that one loop asks of one group arrive in the order in which they were asked. Leadership
// follows the committed image (image_changed); until a shard has loaded, and the high watermark has
// passed what it loaded (S26), its groups are answered COORDINATOR_LOAD_IN_PROGRESS.

#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/controller_session.h"
#include "broker/group/loop_shards.h"
#include "broker/group/offsets_topic.h"
#include "broker/partition/partitions.h"
#include "common/executor.h"
#include "common/mutex.h"
#include "common/random.h"
#include "metadata/image.h"

namespace barnabas::group {

struct CoordinatorOptions {
  BrokerId self;
  OffsetsTopicOptions topic;
  RunnerOptions runner;
};

// What metrics show. `groups` and `offsets` are of those that this broker coordinates.
using CoordinatorFacts = LoopShards::Facts;

class Coordinator {
 public:
  Coordinator(const CoordinatorOptions& options, broker::ControllerSession& session,
              const partition::Partitions& partitions, const std::vector<Executor*>& loops,
              Random& random);

  // ---- On the metadata loop ----
  // After the replicas have been told. Images from before this broker's own registration do not
  // count (`registered`), as for the replicas.
  void image_changed(const metadata::Image& image, const metadata::Delta& delta, bool registered);
  // All shards resign.
  void stop();

  // ---- Thread-safe ----
  OffsetsTopic& offsets_topic() { return offsets_topic_; }
  using Done = ShardRunner::Done;
  // `done` runs on `from`, once: with the shard's answer, or NOT_COORDINATOR where another broker
  // leads, or COORDINATOR_NOT_AVAILABLE where nobody does. DeleteGroups: one group at a time.
  void ask(Command command, Executor& from, Done done);
  // All of them at once; `then` gets the answers in the order of the commands.
  void ask_all(std::vector<Command> commands, Executor& from,
               absl::AnyInvocable<void(std::vector<Result>)> then);
  // Of all shards here.
  void list(ListGroupsCommand command, Executor& from,
            absl::AnyInvocable<void(ListGroupsAnswer)> done);

  // For metrics: what the last look has found. A look is taken at most once a second, behind this
  // call; so who calls every few seconds sees what was at his last call, or after it.
  CoordinatorFacts facts();

 private:
  using Shards = std::shared_ptr<LoopShards>;  // shared with what is posted to its loop

  // Facts of each loop, as they come in.
  struct Looks {
    Mutex mutex;
    std::vector<LoopShards::Facts> of_loop GUARDED_BY(mutex);
    Instant taken GUARDED_BY(mutex){};
    bool ever GUARDED_BY(mutex) = false;
  };

  const Shards& shards_of(int32_t partition) const;
  void follow(const metadata::Image& image, const metadata::TopicImage& topic, int32_t partition);

  const CoordinatorOptions options_;
  broker::ControllerSession& session_;
  const partition::Partitions& partitions_;
  const std::unique_ptr<Random> random_;
  OffsetsTopic offsets_topic_;
  std::vector<Shards> loops_;
  const std::shared_ptr<Looks> looks_ = std::make_shared<Looks>();
  bool judged_ = false;
  std::set<int32_t> led_;  // on the metadata loop
};

}  // namespace barnabas::group
