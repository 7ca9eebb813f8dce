#include "broker/group/shard_runner.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "kafka/records/builder.h"

namespace barnabas::group {
namespace {

using kafka::ErrorCode;

// Read in one go; then others on this loop have their turn.
constexpr size_t kLoadBytes = size_t{1} << 20;
constexpr Duration kNotLeadingYet = std::chrono::milliseconds(20);
constexpr Duration kUnreadable = std::chrono::seconds(1);
constexpr Duration kReloadFirst = std::chrono::milliseconds(20);
constexpr Duration kReloadMost = std::chrono::seconds(1);

Buffer batch_of(const Append& append) {
  kafka::BatchBuilder builder;
  const int64_t at = append.at.time_since_epoch().count();
  for (const LogRecord& record : append.records) {
    builder.append(
        at, record.key,
        record.value.has_value() ? std::optional<std::string_view>(*record.value) : std::nullopt);
  }
  return Buffer::own(builder.finish());
}

}  // namespace

ShardRunner::ShardRunner(const RunnerOptions& options,
                         std::shared_ptr<partition::Partition> replica, LeaderEpoch epoch,
                         Executor& loop, std::unique_ptr<Random> random)
    : options_(options),
      replica_(std::move(replica)),
      epoch_(epoch),
      loop_(loop),
      random_(std::move(random)),
      shard_(options_.shard, *random_) {}

ShardRunner::~ShardRunner() = default;

std::string ShardRunner::name() const {
  return absl::StrCat(replica_->topic(), "-", replica_->id().index.value());
}

// ---- Loading ----

void ShardRunner::start() { begin_loading(); }

void ShardRunner::begin_loading() {
  phase_ = Phase::kLoading;
  loader_ = std::make_unique<LogLoader>(replica_, epoch_);
  loading_since_ = loop_.now();
  load();
}

void ShardRunner::load_later(Duration delay) {
  loop_.after(delay, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->load();
  });
}

void ShardRunner::wake() {
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->load();
  });
}

void ShardRunner::load() {
  if (phase_ != Phase::kLoading || loader_ == nullptr) return;
  absl::Status damage;
  const auto sink = [&](std::string_view key, std::optional<std::string_view> value) {
    if (damage.ok()) damage = shard_.replay(key, value);
  };
  absl::StatusOr<LogLoader::Progress> progress = loader_->step(kLoadBytes, sink);
  if (progress.ok() && !damage.ok()) progress = damage;
  if (!progress.ok()) {
    // To serve groups from half of their state would be to lose the other half.
    LOG_EVERY_N(ERROR, 60) << "the groups of " << name()
                           << " cannot be loaded: " << progress.status().message()
                           << "; trying again. If it stays so, the replica is damaged: move the "
                              "leadership to another one";
    loader_ = nullptr;
    loop_.after(kUnreadable, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self != nullptr && self->phase_ == Phase::kLoading) self->begin_loading();
    });
    return;
  }
  switch (*progress) {
    case LogLoader::Progress::kNotLeading:
      return load_later(kNotLeadingYet);
    case LogLoader::Progress::kMore:
      return wake();
    case LogLoader::Progress::kAwaiting:
      if (loader_->watch(weak_from_this())) load_later(kNotLeadingYet);
      return;
    case LogLoader::Progress::kLoaded:
      return loaded();
  }
}

void ShardRunner::loaded() {
  phase_ = Phase::kServing;
  const uint64_t records = loader_->records();
  loader_ = nullptr;
  if (records > 0) {
    LOG(INFO) << "coordinating the groups of " << name() << " in leader epoch " << epoch_ << ": "
              << records << " records loaded in "
              << std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - loading_since_)
                     .count()
              << " ms";
  }
  Effects effects;
  shard_.loaded(now(), effects);
  carry_out(std::move(effects));
  for (const std::string& topic : std::exchange(deleted_meanwhile_, {})) topic_deleted(topic);
}

// ---- Commands ----

void ShardRunner::ask(Command command, Done done) {
  const bool under_way = phase_ == Phase::kServing && last_committed_ < last_append_;
  if (under_way && std::holds_alternative<FetchOffsetsCommand>(command)) {
    behind_.push_back({last_append_, std::move(command), std::move(done)});
    return;
  }
  const Token token = ++last_token_;
  waiting_.emplace(token, std::move(done));
  Effects effects;
  hand_over(shard_, token, std::move(command), now(), effects);
  carry_out(std::move(effects));
}

void ShardRunner::let_in() {
  while (!behind_.empty() &&
         (phase_ != Phase::kServing || behind_.front().append <= last_committed_)) {
    Behind next = std::move(behind_.front());
    behind_.pop_front();
    ask(std::move(next.command), std::move(next.done));
  }
}

void ShardRunner::topic_deleted(const std::string& topic) {
  if (phase_ == Phase::kLoading) {
    deleted_meanwhile_.push_back(topic);
    return;
  }
  Effects effects;
  shard_.partitions_deleted({topic, {}}, now(), effects);
  carry_out(std::move(effects));
}

void ShardRunner::resign() {
  if (phase_ == Phase::kResigned) return;
  phase_ = Phase::kResigned;
  loop_.cancel(std::exchange(timer_, 0));
  Effects effects;
  shard_.resign(effects);
  carry_out(std::move(effects));
}

void ShardRunner::add_facts(std::vector<GroupFacts>& groups, std::vector<OffsetFacts>& offsets) {
  if (phase_ != Phase::kServing) return;
  shard_.each_group([&](std::string_view group, GroupState state, size_t members) {
    groups.push_back({std::string(group), state, members});
  });
  shard_.each_offset(
      [&](std::string_view group, std::string_view topic, int32_t partition, int64_t offset) {
        offsets.push_back({std::string(group), std::string(topic), partition, offset});
      });
}

// ---- Effects ----

void ShardRunner::carry_out(Effects effects) {
  bool reload = false;
  while (true) {
    Effects consequences;
    for (const RebalanceBegun& rebalance : effects.rebalances) {
      LOG(INFO) << "group " << rebalance.group << " rebalances (" << name_of(rebalance.reason.kind)
                << "): " << rebalance.reason.text << "; generation " << rebalance.reason.generation
                << " with " << rebalance.members << " members ends";
    }
    for (const Append& one : effects.appends) append(one, consequences);
    for (Answer& answer : effects.answers) {
      const auto found = waiting_.find(answer.token);
      if (found == waiting_.end()) continue;
      Done done = std::move(found->second);
      waiting_.erase(found);
      done(std::move(answer.result));
    }
    reload |= effects.reload;
    const bool more = consequences.reload || !consequences.appends.empty() ||
                      !consequences.answers.empty() || !consequences.rebalances.empty();
    if (!more) break;
    effects = std::move(consequences);
  }
  if (phase_ == Phase::kResigned) return let_in();
  if (reload) {
    phase_ = Phase::kLoading;
    last_committed_ = last_append_;
    loader_ = nullptr;
    const Duration delay = std::min(kReloadFirst * (1 << std::min(failures_, 8)), kReloadMost);
    ++failures_;
    loop_.after(delay, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self != nullptr && self->phase_ == Phase::kLoading) self->begin_loading();
    });
  }
  set_timer();
  let_in();
}

void ShardRunner::append(const Append& append, Effects& consequences) {
  last_append_ = append.id;
  std::optional<partition::ProduceAnswer> answer = replica_->produce(
      batch_of(append), /*acks=*/-1, loop_.now() + options_.commit_timeout, loop_,
      [weak = weak_from_this(), id = append.id](const partition::ProduceAnswer& late) {
        const auto self = weak.lock();
        if (self == nullptr) return;
        Effects effects;
        self->appended(id, late.error, late.message, effects);
        self->carry_out(std::move(effects));
      });
  if (answer.has_value()) appended(append.id, answer->error, answer->message, consequences);
}

void ShardRunner::appended(AppendId id, ErrorCode error, const std::string& message,
                           Effects& consequences) {
  if (phase_ == Phase::kResigned) return;
  if (error == ErrorCode::kNone) {
    failures_ = 0;
    last_committed_ = std::max(last_committed_, id);
    return shard_.committed(id, now(), consequences);
  }
  LOG_EVERY_N(WARNING, 20) << "what was decided about groups could not be written to " << name()
                           << ": " << kafka::error_name(error) << (message.empty() ? "" : ", ")
                           << message << "; the groups are read anew from what is committed";
  shard_.append_failed(id, error, consequences);
}

// ---- Time ----

void ShardRunner::set_timer() {
  const std::optional<Instant> deadline = shard_.next_deadline();
  if (!deadline.has_value()) return;
  // One that fires too early costs less than setting a new one with each heartbeat.
  if (timer_ != 0 && timer_at_ <= *deadline) return;
  loop_.cancel(timer_);
  timer_at_ = *deadline;
  timer_ = loop_.at(timer_at_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->phase_ == Phase::kResigned) return;
    self->timer_ = 0;
    Effects effects;
    self->shard_.tick(self->now(), effects);
    self->carry_out(std::move(effects));
  });
}

}  // namespace barnabas::group
