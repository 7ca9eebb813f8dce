// One shard, carried out: its partition of __consumer_offsets as the log, a loop as the only thread
// and the clock. Lives on that loop, for one leadership (one leader epoch).
//
//   start() -> [loading] --replayed, high watermark has passed the end--> [serving]
//                  ^                                                          |
//                  +------ an append failed: everything is read anew ---------+
//   resign(): all who wait are answered NOT_COORDINATOR; nothing is done any more.
//
// Why it keeps S26: an append goes through Partition::produce() with acks=-1, so "done" means that
// every in-sync replica has it on disk, and an error means that nobody knows; then the shard drops
// all state, and what the log really holds is read back up to the end that the log has by then.
//
// Appends go out in the order in which the shard decided them and several may be under way. A
// client that commits and asks for its offsets without waiting in between must see what it
// committed, as it would where requests are handled one by one; so OffsetFetch waits for the
// appends that are under way when it comes.

#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/functional/any_invocable.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "broker/group/log_loader.h"
#include "broker/group/routing.h"
#include "broker/group/shard.h"
#include "broker/partition/partition.h"
#include "common/executor.h"
#include "common/random.h"

namespace barnabas::group {

struct RunnerOptions {
  Options shard;
  Duration commit_timeout{std::chrono::seconds(5)};  // offsets.commit.timeout.ms
};

// Where one group stands, for metrics.
struct GroupFacts {
  std::string group;
  GroupState state = GroupState::kEmpty;
  size_t members = 0;
};
struct OffsetFacts {
  std::string group;
  std::string topic;
  int32_t partition = 0;
  int64_t offset = -1;
};

class ShardRunner final : public partition::Waiter,
                          public std::enable_shared_from_this<ShardRunner> {
 public:
  using Done = absl::AnyInvocable<void(Result)>;

  ShardRunner(const RunnerOptions& options, std::shared_ptr<partition::Partition> replica,
              LeaderEpoch epoch, Executor& loop, std::unique_ptr<Random> random);
  ~ShardRunner() override;

  void start();
  // `done` runs on this loop, once, possibly from inside.
  void ask(Command command, Done done);
  // A topic is gone, and with it what was committed for it.
  void topic_deleted(const std::string& topic);
  void resign();

  LeaderEpoch epoch() const { return epoch_; }
  Statistics statistics() const { return shard_.statistics(); }
  void add_facts(std::vector<GroupFacts>& groups, std::vector<OffsetFacts>& offsets);

  // From any thread: the high watermark has moved.
  void wake() override;

 private:
  enum class Phase { kLoading, kServing, kResigned };

  Now now() const { return {loop_.now(), loop_.clock().wall()}; }
  void begin_loading();
  void load();
  void load_later(Duration delay);
  void loaded();
  void carry_out(Effects effects);
  void append(const Append& append, Effects& consequences);
  void appended(AppendId id, kafka::ErrorCode error, const std::string& message,
                Effects& consequences);
  // Those who waited for appends whose outcome is known now.
  void let_in();
  void set_timer();
  std::string name() const;

  struct Behind {
    AppendId append;
    Command command;
    Done done;
  };

  const RunnerOptions options_;
  const std::shared_ptr<partition::Partition> replica_;
  const LeaderEpoch epoch_;
  Executor& loop_;
  const std::unique_ptr<Random> random_;
  Shard shard_;

  Phase phase_ = Phase::kLoading;
  std::unique_ptr<LogLoader> loader_;
  Instant loading_since_{};
  int failures_ = 0;  // in a row
  std::vector<std::string> deleted_meanwhile_;

  AppendId last_append_ = 0;
  AppendId last_committed_ = 0;
  std::deque<Behind> behind_;
  Token last_token_ = 0;
  absl::flat_hash_map<Token, Done> waiting_;
  TimerId timer_ = 0;
  Instant timer_at_{};
};

}  // namespace barnabas::group
