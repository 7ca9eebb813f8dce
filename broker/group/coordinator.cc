#include "broker/group/coordinator.h"

#include <utility>

#include "metadata/config_keys.h"

namespace barnabas::group {
namespace {

using kafka::ErrorCode;

// Of a batch's own header, and of the record's around key and value.
constexpr size_t kAroundRecords = 1024;
constexpr Duration kBetweenLooks = std::chrono::seconds(1);

}  // namespace

Coordinator::Coordinator(const CoordinatorOptions& options, broker::ControllerSession& session,
                         const partition::Partitions& partitions,
                         const std::vector<Executor*>& loops, Random& random)
    : options_(options),
      session_(session),
      partitions_(partitions),
      random_(random.fork("groups")),
      offsets_topic_(options_.topic, session) {
  for (Executor* loop : loops) loops_.push_back(std::make_shared<LoopShards>(*loop));
  MutexLock lock(looks_->mutex);
  looks_->of_loop.resize(loops.size());
}

const Coordinator::Shards& Coordinator::shards_of(int32_t partition) const {
  return loops_[static_cast<size_t>(partition) % loops_.size()];
}

// ---- Leadership ----

void Coordinator::image_changed(const metadata::Image& image, const metadata::Delta& delta,
                                bool registered) {
  if (!registered) return;
  const bool all = delta.whole || !std::exchange(judged_, true);
  for (const auto& [id, name] : delta.removed_topics) {
    if (name == kOffsetsTopic) {
      stop();
      continue;
    }
    if (led_.empty()) continue;
    for (const Shards& shards : loops_) {
      shards->loop().post([shards, topic = name] { shards->topic_deleted(topic); });
    }
  }
  const metadata::TopicImage* topic = image.topic_by_name(kOffsetsTopic);
  if (topic == nullptr) return;
  const auto count = static_cast<int32_t>(topic->partitions.size());
  for (int32_t partition = 0; partition < count; ++partition) {
    if (all || delta.partitions.contains({topic->id, PartitionIndex{partition}})) {
      follow(image, *topic, partition);
    }
  }
}

void Coordinator::follow(const metadata::Image& image, const metadata::TopicImage& topic,
                         int32_t partition) {
  const metadata::PartitionImage& state = topic.partitions[static_cast<size_t>(partition)];
  const Shards& shards = shards_of(partition);
  std::shared_ptr<partition::Partition> replica;
  if (state.leader == options_.self) {
    replica = partitions_.find({topic.id, PartitionIndex{partition}});
  }
  if (replica == nullptr) {
    if (led_.erase(partition) == 0) return;
    shards->loop().post([shards, partition] { shards->resign(partition); });
    return;
  }
  led_.insert(partition);
  RunnerOptions options = options_.runner;
  const auto most =
      static_cast<size_t>(metadata::topic_settings(image, topic.name).max_message_bytes);
  options.shard.max_append_bytes = most > 2 * kAroundRecords ? most - kAroundRecords : most / 2;
  shards->loop().post(
      [shards, partition, epoch = state.leader_epoch, options, replica = std::move(replica),
       random = random_->fork(topic.name + "-" + std::to_string(partition) + "-" +
                              std::to_string(state.leader_epoch.value()))]() mutable {
        shards->lead(partition, epoch, options, std::move(replica), std::move(random));
      });
}

void Coordinator::stop() {
  if (led_.empty()) return;
  led_.clear();
  for (const Shards& shards : loops_) {
    shards->loop().post([shards] { shards->resign_all(); });
  }
}

// ---- Commands ----

void Coordinator::ask(Command command, Executor& from, Done done) {
  GroupPlace place;
  session_.with_image(
      [&](const metadata::Image& image) { place = place_of(image, group_of(command)); });
  if (place.error == ErrorCode::kNone && place.leader != options_.self) {
    place.error = ErrorCode::kNotCoordinator;
  }
  if (place.error != ErrorCode::kNone) {
    from.post([done = std::move(done), result = refused(command, place.error)]() mutable {
      done(std::move(result));
    });
    return;
  }
  const int32_t partition = place.partition.index.value();
  const Shards& shards = shards_of(partition);
  shards->loop().post(
      [shards, partition, command = std::move(command), &from, done = std::move(done)]() mutable {
        shards->ask(partition, std::move(command),
                    [&from, done = std::move(done)](Result result) mutable {
                      from.post([done = std::move(done), result = std::move(result)]() mutable {
                        done(std::move(result));
                      });
                    });
      });
}

void Coordinator::ask_all(std::vector<Command> commands, Executor& from,
                          absl::AnyInvocable<void(std::vector<Result>)> then) {
  struct Gathered {  // on `from` only
    size_t pending;
    std::vector<Result> results;
    absl::AnyInvocable<void(std::vector<Result>)> then;
  };
  auto gathered = std::make_shared<Gathered>(Gathered{commands.size(), {}, std::move(then)});
  gathered->results.resize(commands.size());
  if (commands.empty()) return gathered->then({});
  for (size_t i = 0; i < commands.size(); ++i) {
    ask(std::move(commands[i]), from, [gathered, i](Result result) {
      gathered->results[i] = std::move(result);
      if (--gathered->pending == 0) gathered->then(std::move(gathered->results));
    });
  }
}

void Coordinator::list(ListGroupsCommand command, Executor& from,
                       absl::AnyInvocable<void(ListGroupsAnswer)> done) {
  struct Gathered {  // on `from` only
    size_t pending;
    ListGroupsAnswer answer;
    absl::AnyInvocable<void(ListGroupsAnswer)> done;
  };
  auto gathered = std::make_shared<Gathered>(Gathered{loops_.size(), {}, std::move(done)});
  for (const Shards& shards : loops_) {
    shards->loop().post([shards, command, &from, gathered] {
      shards->list(command, [&from, gathered](ListGroupsAnswer answer) {
        from.post([gathered, answer = std::move(answer)]() mutable {
          ListGroupsAnswer& sum = gathered->answer;
          if (answer.error != ErrorCode::kNone) sum.error = answer.error;
          for (ListedGroup& group : answer.groups) sum.groups.push_back(std::move(group));
          if (--gathered->pending == 0) gathered->done(std::move(sum));
        });
      });
    });
  }
}

// ---- Metrics ----

CoordinatorFacts Coordinator::facts() {
  CoordinatorFacts out;
  bool look = false;
  {
    const Instant now = loops_.front()->loop().now();
    MutexLock lock(looks_->mutex);
    for (const LoopShards::Facts& one : looks_->of_loop) {
      add_counts(one.sums, out.sums);
      for (size_t state = 0; state < one.sums.groups_by_state.size(); ++state) {
        out.sums.groups_by_state[state] += one.sums.groups_by_state[state];
      }
      out.sums.members += one.sums.members;
      out.sums.offsets += one.sums.offsets;
      out.groups.insert(out.groups.end(), one.groups.begin(), one.groups.end());
      out.offsets.insert(out.offsets.end(), one.offsets.begin(), one.offsets.end());
    }
    look = !looks_->ever || now - looks_->taken >= kBetweenLooks;
    if (look) {
      looks_->ever = true;
      looks_->taken = now;
    }
  }
  if (!look) return out;
  for (size_t i = 0; i < loops_.size(); ++i) {
    loops_[i]->loop().post([shards = loops_[i], looks = looks_, i] {
      LoopShards::Facts facts = shards->facts();
      MutexLock lock(looks->mutex);
      looks->of_loop[i] = std::move(facts);
    });
  }
  return out;
}

}  // namespace barnabas::group
