#include "broker/group/testing/group_world.h"

#include <algorithm>
#include <utility>

#include "kafka/messages/data.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::group {

using kafka::ErrorCode;

std::string subscription(const std::vector<std::string>& topics, std::string_view user_data) {
  kafka::ConsumerProtocolSubscription subscription;
  for (const std::string& topic : topics) subscription.topics.emplace_back(topic);
  subscription.user_data = user_data;
  kafka::MessageWriter out;
  out.write_int16(1);
  if (!subscription.write(out, 1).ok()) return "";
  return flatten(out.finish());
}

GroupWorld::GroupWorld(Options options, uint64_t seed)
    : options_(options), random_(seeded_random(seed)) {
  restart();
}

Now GroupWorld::now() const { return {steady_, wall_}; }

void GroupWorld::advance(Duration by) {
  const Instant end = steady_ + by;
  const auto move_to = [&](Instant at) {
    wall_ += std::chrono::duration_cast<std::chrono::milliseconds>(at - steady_);
    steady_ = at;
    Effects effects;
    shard_->tick(now(), effects);
    carry_out(std::move(effects));
  };
  while (true) {
    const std::optional<Instant> next = shard_->next_deadline();
    if (!next.has_value() || *next > end) break;
    move_to(std::max(*next, steady_));
  }
  move_to(end);
}

Token GroupWorld::ask(const std::function<void(Token, Effects&)>& command) {
  const Token token = next_token_++;
  open_.insert(token);
  Effects effects;
  command(token, effects);
  carry_out(std::move(effects));
  return token;
}

Token GroupWorld::join(JoinCommand command) {
  return ask([&](Token token, Effects& effects) {
    shard_->join(token, std::move(command), now(), effects);
  });
}

Token GroupWorld::sync(SyncCommand command) {
  return ask([&](Token token, Effects& effects) {
    shard_->sync(token, std::move(command), now(), effects);
  });
}

Token GroupWorld::heartbeat(HeartbeatCommand command) {
  return ask(
      [&](Token token, Effects& effects) { shard_->heartbeat(token, command, now(), effects); });
}

Token GroupWorld::leave(LeaveCommand command) {
  return ask([&](Token token, Effects& effects) { shard_->leave(token, command, now(), effects); });
}

Token GroupWorld::commit_offsets(CommitOffsetsCommand command) {
  return ask([&](Token token, Effects& effects) {
    shard_->commit_offsets(token, std::move(command), now(), effects);
  });
}

Token GroupWorld::fetch_offsets(FetchOffsetsCommand command) {
  return ask(
      [&](Token token, Effects& effects) { shard_->fetch_offsets(token, command, effects); });
}

Token GroupWorld::delete_offsets(DeleteOffsetsCommand command) {
  return ask([&](Token token, Effects& effects) {
    shard_->delete_offsets(token, command, now(), effects);
  });
}

Token GroupWorld::delete_groups(DeleteGroupsCommand command) {
  return ask([&](Token token, Effects& effects) {
    shard_->delete_groups(token, command, now(), effects);
  });
}

Token GroupWorld::list_groups(ListGroupsCommand command) {
  return ask([&](Token token, Effects& effects) { shard_->list_groups(token, command, effects); });
}

Token GroupWorld::describe_group(DescribeGroupCommand command) {
  return ask(
      [&](Token token, Effects& effects) { shard_->describe_group(token, command, effects); });
}

void GroupWorld::partitions_deleted(const TopicPartitions& deleted) {
  Effects effects;
  shard_->partitions_deleted(deleted, now(), effects);
  carry_out(std::move(effects));
}

void GroupWorld::carry_out(Effects effects) {
  for (Append& append : effects.appends) {
    if (on_appended) {
      for (const LogRecord& record : append.records) on_appended(record);
    }
    uncommitted_.push_back(std::move(append));
  }
  for (Answer& answer : effects.answers) {
    if (open_.erase(answer.token) == 0) {
      violations_.push_back("token " + std::to_string(answer.token) + " is answered and not open");
    }
    if (on_answer) on_answer(answer.token, answer.result);
    answers_[answer.token] = std::move(answer.result);
  }
  for (RebalanceBegun& begun : effects.rebalances) rebalances_.push_back(std::move(begun));
  if (effects.reload) reload();
  if (commits_at_once) commit_all();
}

void GroupWorld::log(Append append) {
  for (LogRecord& record : append.records) {
    if (on_logged) on_logged(record);
    log_.push_back(std::move(record));
  }
}

void GroupWorld::commit_next() {
  Append append = std::move(uncommitted_.front());
  uncommitted_.pop_front();
  const AppendId id = append.id;
  log(std::move(append));
  Effects effects;
  shard_->committed(id, now(), effects);
  carry_out(std::move(effects));
}

void GroupWorld::commit_all() {
  while (!uncommitted_.empty()) commit_next();
}

void GroupWorld::fail_next(ErrorCode error, bool kept) {
  const AppendId id = uncommitted_.front().id;
  if (kept) {
    for (Append& append : uncommitted_) log(std::move(append));
  }
  uncommitted_.clear();
  Effects effects;
  shard_->append_failed(id, error, effects);
  carry_out(std::move(effects));
}

void GroupWorld::resign() {
  uncommitted_.clear();
  Effects effects;
  shard_->resign(effects);
  carry_out(std::move(effects));
}

void GroupWorld::restart() {
  if (shard_ != nullptr) resign();
  shard_ = std::make_unique<Shard>(options_, *random_);
  reload();
}

void GroupWorld::restart_compacted() {
  std::vector<LogRecord> compacted;
  std::set<std::string> seen;
  for (auto record = log_.rbegin(); record != log_.rend(); ++record) {
    if (seen.insert(record->key).second) compacted.push_back(*record);
  }
  std::reverse(compacted.begin(), compacted.end());
  log_ = std::move(compacted);
  restart();
}

namespace {

std::optional<std::string_view> view(const std::optional<std::string>& value) {
  if (!value.has_value()) return std::nullopt;
  return std::string_view(*value);
}

}  // namespace

void GroupWorld::reload() {
  for (const LogRecord& record : log_) {
    const absl::Status status = shard_->replay(record.key, view(record.value));
    if (!status.ok()) violations_.emplace_back(std::string(status.message()));
  }
  Effects effects;
  shard_->loaded(now(), effects);
  carry_out(std::move(effects));
}

std::string GroupWorld::replayed_state() const {
  const std::unique_ptr<Random> random = seeded_random(1);
  Shard shard(options_, *random);
  for (const LogRecord& record : log_) (void)shard.replay(record.key, view(record.value));
  for (const Append& append : uncommitted_) {
    for (const LogRecord& record : append.records) {
      (void)shard.replay(record.key, view(record.value));
    }
  }
  return shard.stored_state();
}

// ---- Short ways ----

JoinCommand GroupWorld::consumer(std::string client, std::string group) {
  JoinCommand command;
  command.group = std::move(group);
  command.client_id = std::move(client);
  command.client_host = "/127.0.0.1";
  command.session_timeout_ms = 10'000;
  command.rebalance_timeout_ms = 60'000;
  command.protocol_type = "consumer";
  command.protocols = {{"range", subscription({"t"})}};
  command.require_member_id = true;
  return command;
}

Token GroupWorld::enter(JoinCommand command) {
  const Token first = join(command);
  if (!answered(first)) return first;
  const auto answer = get<JoinAnswer>(first);
  if (answer.error != ErrorCode::kMemberIdRequired) return first;
  command.member_id = answer.member_id;
  return join(std::move(command));
}

bool GroupWorld::sync_all(const std::vector<Token>& joins, const std::string& group) {
  bool led = false;
  // The leader comes last: so that there are followers who wait.
  for (const bool leaders : {false, true}) {
    for (const Token token : joins) {
      const auto joined = get<JoinAnswer>(token);
      if ((joined.member_id == joined.leader) != leaders) continue;
      SyncCommand command;
      command.group = group;
      command.generation = joined.generation;
      command.member_id = joined.member_id;
      for (const JoinedMember& member : joined.members) {
        command.assignments.push_back({member.member_id, member.member_id});
        led = true;
      }
      sync(std::move(command));
    }
  }
  return led;
}

std::vector<std::string> GroupWorld::stable(const std::vector<JoinCommand>& members) {
  std::vector<Token> tokens;
  for (const JoinCommand& member : members) tokens.push_back(enter(member));
  const auto waits = [&] {
    return std::any_of(tokens.begin(), tokens.end(), [&](Token token) { return !answered(token); });
  };
  for (int second = 0; second < 70 && waits(); ++second) advance(std::chrono::seconds(1));
  sync_all(tokens, members.front().group);
  std::vector<std::string> ids;
  for (const Token token : tokens) ids.push_back(get<JoinAnswer>(token).member_id);
  return ids;
}

ErrorCode GroupWorld::beat(const std::string& member_id, int32_t generation,
                           const std::string& group) {
  return get<HeartbeatAnswer>(heartbeat({group, generation, member_id, std::nullopt})).error;
}

DescribeGroupAnswer GroupWorld::describe(const std::string& group) {
  return get<DescribeGroupAnswer>(describe_group({group}));
}

Token GroupWorld::commit_one(int64_t offset, int32_t generation, const std::string& member_id,
                             const std::string& group, const std::string& topic) {
  CommitOffsetsCommand command;
  command.group = group;
  command.generation = generation;
  command.member_id = member_id;
  command.topics = {{topic, {{0, offset, 3, "note"}}}};
  return commit_offsets(std::move(command));
}

ErrorCode GroupWorld::commit_error(Token token) {
  const auto answer = get<CommitOffsetsAnswer>(token);
  if (answer.topics.empty()) return ErrorCode::kUnknownServerError;
  return answer.topics.front().partitions.front().error;
}

int64_t GroupWorld::committed_offset(const std::string& group, const std::string& topic,
                                     int32_t partition) {
  FetchOffsetsCommand command;
  command.group = group;
  command.topics = std::vector<TopicPartitions>{{topic, {partition}}};
  const auto answer = get<FetchOffsetsAnswer>(fetch_offsets(std::move(command)));
  return answer.topics.empty() ? -2 : answer.topics.front().partitions.front().offset;
}

}  // namespace barnabas::group
