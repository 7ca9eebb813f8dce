// A shard with everything around it that a test wants to hold in its hand: virtual time, a log that
// commits or fails when it is told, and the answers by token.
//
// Violations that hold in every history are noted at once: an answer to a token that is not open,
// or to one that has been answered.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/group/shard.h"
#include "common/random.h"

namespace barnabas::group {

// What consumers send as metadata.
std::string subscription(const std::vector<std::string>& topics, std::string_view user_data = "");

class GroupWorld {
 public:
  explicit GroupWorld(Options options = {}, uint64_t seed = 1);

  // ---- Time ----
  Now now() const;
  // Runs everything that is due on the way, each at its time.
  void advance(Duration by);

  // ---- Commands: each gives its token ----
  Token join(JoinCommand command);
  Token sync(SyncCommand command);
  Token heartbeat(HeartbeatCommand command);
  Token leave(LeaveCommand command);
  Token commit_offsets(CommitOffsetsCommand command);
  Token fetch_offsets(FetchOffsetsCommand command);
  Token delete_offsets(DeleteOffsetsCommand command);
  Token delete_groups(DeleteGroupsCommand command);
  Token list_groups(ListGroupsCommand command);
  Token describe_group(DescribeGroupCommand command);
  void partitions_deleted(const TopicPartitions& deleted);

  // ---- Answers ----
  bool answered(Token token) const { return answers_.count(token) != 0; }
  const std::map<Token, Result>& answers() const { return answers_; }
  const std::set<Token>& open() const { return open_; }
  // Fails the test and gives an empty answer if there is none, or of another kind.
  template <class Answer>
  Answer get(Token token) {
    const auto found = answers_.find(token);
    if (found == answers_.end() || !std::holds_alternative<Answer>(found->second)) {
      violations_.push_back("token " + std::to_string(token) + " has no such answer");
      return Answer();
    }
    return std::get<Answer>(found->second);
  }

  // Called for each answer when it is given, and for each record when it is in the log for good,
  // which comes before the answers that waited for it.
  std::function<void(Token, const Result&)> on_answer;
  std::function<void(const LogRecord&)> on_logged;
  // Called for each record when it is appended.
  std::function<void(const LogRecord&)> on_appended;

  // ---- The log ----
  // Whether appends commit at once (they do, unless a test takes this over).
  bool commits_at_once = true;
  const std::deque<Append>& uncommitted() const { return uncommitted_; }
  void commit_next();
  void commit_all();
  // The oldest append fails. `kept`: it and those behind it are in the log all the same.
  void fail_next(kafka::ErrorCode error, bool kept = false);
  void resign();
  // A new shard from the log: what another broker, or this one after a restart, would know.
  void restart();
  // As a compacted log gives it: the last record of each key, in order.
  void restart_compacted();
  std::string stored_state() const { return shard_->stored_state(); }
  // What a fresh shard has after all records that were ever appended, committed or not.
  std::string replayed_state() const;
  const std::vector<LogRecord>& log() const { return log_; }

  Shard& shard() { return *shard_; }
  const std::vector<RebalanceBegun>& rebalances() const { return rebalances_; }
  std::vector<std::string>& violations() { return violations_; }

  // ---- Short ways ----
  // A consumer's join: group "g", session 10 s, rebalance timeout 60 s, topic "t".
  static JoinCommand consumer(std::string client, std::string group = "g");
  // Asks for an id if need be, and joins with it. The answer may be parked.
  Token enter(JoinCommand command);
  // Brings these consumers to a stable generation; gives their ids in order. The leader assigns
  // each member its own id as bytes.
  std::vector<std::string> stable(const std::vector<JoinCommand>& members);
  // All these joins are answered: everybody syncs, the leader as above. False if nobody leads.
  bool sync_all(const std::vector<Token>& joins, const std::string& group = "g");
  kafka::ErrorCode beat(const std::string& member_id, int32_t generation,
                        const std::string& group = "g");
  DescribeGroupAnswer describe(const std::string& group = "g");
  // Commits t-0 for a member, or with generation -1 for nobody.
  Token commit_one(int64_t offset, int32_t generation = -1, const std::string& member_id = "",
                   const std::string& group = "g", const std::string& topic = "t");
  kafka::ErrorCode commit_error(Token token);
  // -1: nothing committed.
  int64_t committed_offset(const std::string& group = "g", const std::string& topic = "t",
                           int32_t partition = 0);

 private:
  // Hands a new token and a place for effects to `command`, and carries the effects out.
  Token ask(const std::function<void(Token, Effects&)>& command);
  void carry_out(Effects effects);
  void reload();
  void log(Append append);

  const Options options_;
  std::unique_ptr<Random> random_;
  std::unique_ptr<Shard> shard_;
  Instant steady_{std::chrono::seconds(1000)};
  WallTime wall_{std::chrono::milliseconds(1'700'000'000'000)};
  Token next_token_ = 1;
  std::set<Token> open_;
  std::map<Token, Result> answers_;
  std::deque<Append> uncommitted_;
  std::vector<LogRecord> log_;  // committed, or kept after a failure
  std::vector<RebalanceBegun> rebalances_;
  std::vector<std::string> violations_;
};

}  // namespace barnabas::group
