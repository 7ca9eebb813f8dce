#include "broker/group/loop_shards.h"

#include <utility>

namespace barnabas::group {

using kafka::ErrorCode;

void add_counts(const Statistics& from, Statistics& to) {
  for (size_t kind = 0; kind < kRebalanceKinds; ++kind) {
    to.rebalances[kind] += from.rebalances[kind];
  }
  to.completed_rebalances += from.completed_rebalances;
  to.offset_commits += from.offset_commits;
  to.expired_offsets += from.expired_offsets;
  to.deleted_groups += from.deleted_groups;
}

void LoopShards::lead(int32_t partition, LeaderEpoch epoch, const RunnerOptions& options,
                      std::shared_ptr<partition::Partition> replica,
                      std::unique_ptr<Random> random) {
  const auto known = shards_.find(partition);
  if (known != shards_.end() && known->second->epoch() == epoch) return;
  // The same leader in a new epoch: what was under way in the old one has failed.
  resign(partition);
  auto shard =
      std::make_shared<ShardRunner>(options, std::move(replica), epoch, loop_, std::move(random));
  shards_[partition] = shard;
  shard->start();
}

void LoopShards::resign(int32_t partition) {
  const auto found = shards_.find(partition);
  if (found == shards_.end()) return;
  const std::shared_ptr<ShardRunner> shard = std::move(found->second);
  shards_.erase(found);
  shard->resign();
  add_counts(shard->statistics(), past_);
}

void LoopShards::resign_all() {
  while (!shards_.empty()) resign(shards_.begin()->first);
}

void LoopShards::ask(int32_t partition, Command command, ShardRunner::Done done) {
  const auto found = shards_.find(partition);
  if (found == shards_.end()) {
    return done(refused(command, ErrorCode::kCoordinatorLoadInProgress));
  }
  found->second->ask(std::move(command), std::move(done));
}

void LoopShards::list(const ListGroupsCommand& command,
                      absl::AnyInvocable<void(ListGroupsAnswer)> done) {
  struct Gathered {
    size_t pending = 1;  // one for the loop below
    ListGroupsAnswer answer;
    absl::AnyInvocable<void(ListGroupsAnswer)> done;
  };
  auto gathered = std::make_shared<Gathered>();
  gathered->done = std::move(done);
  const auto arrived = [](const std::shared_ptr<Gathered>& all) {
    if (--all->pending == 0) all->done(std::move(all->answer));
  };
  for (const auto& [partition, shard] : shards_) {
    ++gathered->pending;
    shard->ask(command, [gathered, arrived](Result result) {
      auto& answer = std::get<ListGroupsAnswer>(result);
      if (answer.error != ErrorCode::kNone) gathered->answer.error = answer.error;
      for (ListedGroup& group : answer.groups) {
        gathered->answer.groups.push_back(std::move(group));
      }
      arrived(gathered);
    });
  }
  arrived(gathered);
}

void LoopShards::topic_deleted(const std::string& topic) {
  for (const auto& [partition, shard] : shards_) shard->topic_deleted(topic);
}

LoopShards::Facts LoopShards::facts() {
  Facts out;
  out.sums = past_;
  for (const auto& [partition, shard] : shards_) {
    const Statistics one = shard->statistics();
    add_counts(one, out.sums);
    for (size_t state = 0; state < one.groups_by_state.size(); ++state) {
      out.sums.groups_by_state[state] += one.groups_by_state[state];
    }
    out.sums.members += one.members;
    out.sums.offsets += one.offsets;
    shard->add_facts(out.groups, out.offsets);
  }
  return out;
}

}  // namespace barnabas::group
