// What must hold in every history of a shard, checked while it happens, from the outside: from the
// commands, the answers, and the records as they are appended and committed.
//
//   - an answer that says "committed" (an offset, an assignment, a deletion) comes after the record
//     that says so (S26);
//   - an offset that is read is the last one committed, so it goes back only if it was committed
//   so;
//   - a generation has one leader, and generations only go up;
//   - who was told a newer generation exists has ended the older ones: nothing of theirs succeeds;
//   - each request is answered once, and in time;
//   - a shard loaded from the appended records is what this one is.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/group/group_records.h"
#include "broker/group/testing/group_world.h"

namespace barnabas::group {

class GroupChecker {
 public:
  // Watches `world`, which must outlive it. `patience`: the longest time that a join or sync may
  // take, delays of the log included.
  GroupChecker(GroupWorld& world, Duration patience);

  // Commands are told before they are given to the world, under the token that they will get.
  void sent(Token token, const JoinCommand& command);
  void sent(Token token, const SyncCommand& command);
  void sent(Token token, const HeartbeatCommand& command);
  void sent(Token token, const CommitOffsetsCommand& command);
  void sent(Token token, const FetchOffsetsCommand& command);
  void sent(Token token, const DeleteOffsetsCommand& command);
  void sent(Token token, const DeleteGroupsCommand& command);

  // A new coordinator: what was not stored of generations is forgotten.
  void restarted() { ++life_; }
  // After each step.
  void look();
  // Everything appended is committed: who waits now waits for others, not for the log.
  void look_at_rest();

  const std::vector<std::string>& violations() const { return violations_; }

 private:
  struct Generations {
    std::map<int32_t, std::string> leaders;
    int32_t newest = 0;
  };
  struct Sent {
    Instant at;
    bool may_wait = false;  // for other members
    std::string group;
    int32_t generation = -1;
    int32_t newest_known = 0;  // generation, when it was sent
    std::string life;
    std::string member_id;
    std::optional<CommitOffsetsCommand> commit;
    std::optional<FetchOffsetsCommand> fetch;
    std::optional<DeleteOffsetsCommand> deletion;
  };

  void violated(std::string what) { violations_.push_back(std::move(what)); }
  Sent& note(Token token, const std::string& group);
  void on_answer(Token token, const Result& result);
  void on_logged(const LogRecord& record);
  void check_join(const Sent& sent, const JoinAnswer& answer);
  void check_sync(const Sent& sent, const SyncAnswer& answer);
  void check_generation(const Sent& sent, const char* what);
  void check_commit(const Sent& sent, const CommitOffsetsAnswer& answer);
  void check_fetch(const Sent& sent, const FetchOffsetsAnswer& answer);
  void check_deletion(const Sent& sent, const DeleteOffsetsAnswer& answer);
  // A group's generations count anew after each of these.
  std::string life_of(const std::string& group) const;

  using Place = std::tuple<std::string, std::string, int32_t>;

  GroupWorld& world_;
  const Duration patience_;
  std::map<Token, Sent> sent_;
  std::map<std::string, Generations> generations_;  // by life
  std::map<std::string, int> deletions_;            // by group
  int life_ = 0;
  // The committed log as plain maps.
  std::map<Place, std::optional<StoredOffset>> offsets_;
  std::map<Place, std::set<int64_t>> ever_committed_;
  std::map<std::string, std::map<int32_t, std::set<std::pair<std::string, std::string>>>>
      assignments_;
  std::vector<std::string> violations_;
};

}  // namespace barnabas::group
