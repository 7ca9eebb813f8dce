// The shards of one I/O loop. Everything on that loop only; the coordinator posts to it.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/group/shard_runner.h"
#include "common/executor.h"

namespace barnabas::group {

class LoopShards {
 public:
  explicit LoopShards(Executor& loop) : loop_(loop) {}

  // This broker leads the partition in this epoch: loads it, unless it is there already.
  void lead(int32_t partition, LeaderEpoch epoch, const RunnerOptions& options,
            std::shared_ptr<partition::Partition> replica, std::unique_ptr<Random> random);
  // It does not, or no longer.
  void resign(int32_t partition);
  void resign_all();

  // Without a shard the answer is COORDINATOR_LOAD_IN_PROGRESS: whoever asks here has seen that
  // this broker leads.
  void ask(int32_t partition, Command command, ShardRunner::Done done);
  // All shards together; an error if one of them cannot answer, with what the others have.
  void list(const ListGroupsCommand& command, absl::AnyInvocable<void(ListGroupsAnswer)> done);
  void topic_deleted(const std::string& topic);

  struct Facts {
    Statistics sums;
    std::vector<GroupFacts> groups;
    std::vector<OffsetFacts> offsets;
  };
  Facts facts();

  Executor& loop() const { return loop_; }

 private:
  Executor& loop_;
  std::map<int32_t, std::shared_ptr<ShardRunner>> shards_;
  Statistics past_;  // what shards counted that are gone
};

// Adds what was counted, not what is of the moment.
void add_counts(const Statistics& from, Statistics& to);

}  // namespace barnabas::group
