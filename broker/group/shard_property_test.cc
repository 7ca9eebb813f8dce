// Clients that come, stay, leave, die, come back and lie, over random seeds, on a log that commits
// late, fails, and is loaded anew by other coordinators. What must hold is in group_checker.h.
//
// Each planted mistake must be found by the same run, or the checks prove nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/group/testing/group_checker.h"
#include "broker/group/testing/group_world.h"
#include "common/sim/probes.h"

namespace barnabas::group {
namespace {

using kafka::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kSteps = 400;
constexpr int kClients = 7;
constexpr int32_t kLongestSession = 4'000;
constexpr int32_t kLongestRebalance = 8'000;
constexpr Duration kLongestCommit = seconds(2);

// What one client believes.
struct Client {
  std::string group;
  std::optional<std::string> instance_id;
  std::string member_id;
  int32_t generation = -1;
  bool leads = false;
  std::vector<std::string> members;  // to be assigned, if it leads
  enum { kOut, kJoined, kStable } state = kOut;
  std::optional<Token> waits;
  bool waits_for_join = false;
};

// What happened, over all histories.
struct Coverage {
  std::map<RebalanceKind, int> rebalances;
  std::map<ErrorCode, int> answers;
  int assignments = 0;
  int took_over = 0;  // static members that came back without a rebalance
};

class History {
 public:
  explicit History(uint64_t seed)
      : random_(seeded_random(seed)),
        world_(options(), seed),
        checker_(world_, milliseconds(kLongestRebalance) + 2 * kLongestCommit) {
    world_.commits_at_once = false;
    for (int i = 0; i < kClients; ++i) {
      Client& client = clients_.emplace_back();
      client.group = random_->chance(75) ? "g" : "h";
      if (random_->chance(35)) client.instance_id = "instance-" + std::to_string(i);
    }
  }

  void count(Coverage& coverage) {
    for (const RebalanceBegun& begun : world_.rebalances())
      ++coverage.rebalances[begun.reason.kind];
    for (const auto& [token, result] : world_.answers()) {
      if (const auto* join = std::get_if<JoinAnswer>(&result)) {
        ++coverage.answers[join->error];
        if (join->skip_assignment) ++coverage.took_over;
      } else if (const auto* sync = std::get_if<SyncAnswer>(&result)) {
        ++coverage.answers[sync->error];
        if (!sync->assignment.empty()) ++coverage.assignments;
      } else if (const auto* beat = std::get_if<HeartbeatAnswer>(&result)) {
        ++coverage.answers[beat->error];
      }
    }
  }

  std::vector<std::string> written() const {
    std::vector<std::string> all;
    for (const LogRecord& record : world_.log()) {
      all.push_back(record.key + "=" + record.value.value_or("(deleted)"));
    }
    return all;
  }

  std::vector<std::string> go() {
    for (int step = 0; step < kSteps && violations().empty(); ++step) {
      act();
      learn();
      checker_.look();
      if (random_->chance(5)) rest();
    }
    if (violations().empty()) calm();
    return violations();
  }

 private:
  Options options() {
    Options options;
    options.min_session_timeout_ms = 1'000;
    options.initial_rebalance_delay = random_->chance(50) ? seconds(1) : Duration::zero();
    options.max_group_size = random_->chance(30) ? 3 : 1'000;
    options.offsets_retention = seconds(30);
    options.retention_check_interval = seconds(5);
    options.new_member_join_timeout = seconds(5);
    options.max_append_bytes = 2'000;
    return options;
  }

  std::vector<std::string> violations() {
    std::vector<std::string> all = checker_.violations();
    all.insert(all.end(), world_.violations().begin(), world_.violations().end());
    return all;
  }

  void act() {
    const uint64_t what = random_->below(100);
    if (what < 60) {
      client_step(clients_[random_->below(clients_.size())]);
    } else if (what < 75) {
      pass(milliseconds(10 + random_->below(1'200)));
    } else if (what < 87) {
      for (uint64_t n = 1 + random_->below(4); n > 0 && !world_.uncommitted().empty(); --n) {
        world_.commit_next();
      }
    } else if (what < 97) {
      outsider_step();
    } else if (what == 97 && !world_.uncommitted().empty()) {
      world_.fail_next(ErrorCode::kRequestTimedOut, /*kept=*/random_->chance(50));
      checker_.restarted();
    } else if (what == 98 && random_->chance(30)) {
      checker_.restarted();
      random_->chance(50) ? world_.restart() : world_.restart_compacted();
    }
  }

  // The log is never silent for longer than kLongestCommit.
  void pass(Duration time) {
    if (!world_.uncommitted().empty()) {
      uncommitted_for_ += time;
      if (uncommitted_for_ > kLongestCommit) world_.commit_all();
    }
    world_.advance(time);
    if (world_.uncommitted().empty()) uncommitted_for_ = Duration::zero();
  }

  template <class Command, class Send>
  Token send(Command command, Send give) {
    checker_.sent(next_, command);
    const Token token = give(std::move(command));
    EXPECT_EQ(token, next_);
    next_ = token + 1;
    return token;
  }
  void send_join(Client& client) {
    JoinCommand command;
    command.group = client.group;
    command.member_id = client.member_id;
    command.instance_id = client.instance_id;
    command.client_id = "c";
    command.session_timeout_ms = 1'000 + static_cast<int32_t>(random_->below(3)) * 1'500;
    command.rebalance_timeout_ms = 2'000 + static_cast<int32_t>(random_->below(4)) * 2'000;
    command.protocol_type = "consumer";
    const bool more = random_->chance(20);
    command.protocols = {{"range", subscription(more ? std::vector<std::string>{"t", "u"}
                                                     : std::vector<std::string>{"t"})}};
    if (random_->chance(30)) command.protocols.push_back({"sticky", "x"});
    if (random_->chance(3)) command.protocols = {{"sticky", "x"}};
    if (random_->chance(2)) command.protocols[0].metadata = std::string(3'000, 'x');
    command.require_member_id = !client.instance_id.has_value() && random_->chance(80);
    command.can_skip_assignment = random_->chance(50);
    client.waits = send(command, [&](JoinCommand c) { return world_.join(std::move(c)); });
    client.waits_for_join = true;
  }
  void send_sync(Client& client, int32_t generation) {
    SyncCommand command;
    command.group = client.group;
    command.generation = generation;
    command.member_id = client.member_id;
    command.instance_id = client.instance_id;
    if (client.leads) {
      for (const std::string& member : client.members) {
        command.assignments.push_back({member, member + "@" + std::to_string(++unique_)});
      }
      if (random_->chance(2)) command.assignments[0].assignment = std::string(3'000, 'x');
    }
    client.waits = send(command, [&](SyncCommand c) { return world_.sync(std::move(c)); });
    client.waits_for_join = false;
  }
  void send_commit(const std::string& group, const std::string& member_id,
                   std::optional<std::string> instance_id, int32_t generation) {
    CommitOffsetsCommand command;
    command.group = group;
    command.member_id = member_id;
    command.instance_id = std::move(instance_id);
    command.generation = generation;
    for (const char* topic : {"t", "u"}) {
      if (random_->chance(30)) continue;
      TopicOffsetsToCommit& offsets = command.topics.emplace_back();
      offsets.topic = topic;
      offsets.partitions.push_back({static_cast<int32_t>(random_->below(3)), ++unique_, 1, ""});
    }
    send(command, [&](CommitOffsetsCommand c) { return world_.commit_offsets(std::move(c)); });
  }
  void send_beat(Client& client, int32_t generation) {
    HeartbeatCommand command{client.group, generation, client.member_id, client.instance_id};
    const Token token =
        send(command, [&](HeartbeatCommand c) { return world_.heartbeat(std::move(c)); });
    beats_[token] = static_cast<size_t>(&client - clients_.data());
  }
  void forget(Client& client) {
    if (!client.instance_id.has_value() || random_->chance(50)) client.member_id.clear();
    client.state = Client::kOut;
    client.generation = -1;
    client.waits.reset();
  }

  void client_step(Client& client) {
    const uint64_t what = random_->below(100);
    if (what < 3) return forget(client);  // dies, and comes back as a new one
    if (what < 8 && client.generation > 0) {
      // A request that was long on its way.
      const int32_t old = client.generation - 1 - static_cast<int32_t>(random_->below(2));
      switch (random_->below(3)) {
        case 0:
          return send_commit(client.group, client.member_id, client.instance_id, std::max(old, 0));
        case 1:
          return send_beat(client, old);
        default:
          if (!client.waits.has_value()) return send_sync(client, old);
      }
    }
    if (client.waits.has_value()) {
      if (what < 12) {  // asks again over another connection
        if (client.waits_for_join) {
          send_join(client);
        } else {
          send_sync(client, client.generation);
        }
      }
      return;
    }
    switch (client.state) {
      case Client::kOut:
        return send_join(client);
      case Client::kJoined:
        if (what < 20) return send_beat(client, client.generation);
        return send_sync(client, client.generation);
      case Client::kStable:
        break;
    }
    if (what < 60) return send_beat(client, client.generation);
    if (what < 85) {
      return send_commit(client.group, client.member_id, client.instance_id, client.generation);
    }
    if (what < 93) return send_join(client);
    world_.leave({client.group, {{client.member_id, client.instance_id, ""}}});
    ++next_;
    forget(client);
  }

  void outsider_step() {
    const std::string group = random_->chance(70) ? "g" : "h";
    const std::string topic = random_->chance(50) ? "t" : "u";
    const auto partition = static_cast<int32_t>(random_->below(3));
    switch (random_->below(8)) {
      case 0:
        return send_commit(group, "", std::nullopt, -1);
      case 1: {
        send(DeleteOffsetsCommand{group, {{topic, {partition}}}},
             [&](DeleteOffsetsCommand c) { return world_.delete_offsets(std::move(c)); });
        return;
      }
      case 2: {
        send(DeleteGroupsCommand{{group}},
             [&](DeleteGroupsCommand c) { return world_.delete_groups(std::move(c)); });
        return;
      }
      case 3:
        if (random_->chance(20)) world_.partitions_deleted({topic, {}});
        return;
      default: {
        FetchOffsetsCommand command;
        command.group = group;
        if (random_->chance(70))
          command.topics = std::vector<TopicPartitions>{{topic, {partition}}};
        send(command, [&](FetchOffsetsCommand c) { return world_.fetch_offsets(std::move(c)); });
      }
    }
  }

  // Clients read their answers.
  void learn() {
    for (Client& client : clients_) {
      if (!client.waits.has_value() || !world_.answered(*client.waits)) continue;
      const Result& result = world_.answers().at(*client.waits);
      client.waits.reset();
      if (const auto* join = std::get_if<JoinAnswer>(&result)) {
        learn_join(client, *join);
      } else {
        learn_error(client, std::get<SyncAnswer>(result).error, Client::kStable);
      }
    }
    for (auto beat = beats_.begin(); beat != beats_.end();) {
      const auto answer = world_.answers().find(beat->first);
      if (answer == world_.answers().end()) {
        ++beat;
        continue;
      }
      Client& client = clients_[beat->second];
      const ErrorCode error = std::get<HeartbeatAnswer>(answer->second).error;
      if (error != ErrorCode::kNone && !client.waits.has_value()) {
        learn_error(client, error, client.state);
      }
      beat = beats_.erase(beat);
    }
  }
  void learn_join(Client& client, const JoinAnswer& join) {
    if (join.error == ErrorCode::kMemberIdRequired) {
      client.member_id = join.member_id;
      client.state = Client::kOut;
      return;
    }
    if (join.error == ErrorCode::kNone) {
      client.member_id = join.member_id;
      client.generation = join.generation;
      client.leads = join.leader == join.member_id && !join.skip_assignment;
      client.members.clear();
      for (const JoinedMember& member : join.members) client.members.push_back(member.member_id);
    }
    learn_error(client, join.error, Client::kJoined);
  }
  void learn_error(Client& client, ErrorCode error, decltype(Client::state) good) {
    if (error == ErrorCode::kNone) {
      client.state = good;
      return;
    }
    client.state = Client::kOut;
    if (error == ErrorCode::kUnknownMemberId || error == ErrorCode::kIllegalGeneration ||
        error == ErrorCode::kFencedInstanceId || error == ErrorCode::kGroupMaxSizeReached) {
      client.member_id.clear();
    }
  }

  void rest() {
    world_.commit_all();
    uncommitted_for_ = Duration::zero();
    learn();
    checker_.look_at_rest();
  }

  // Nobody lies, dies or deletes any more: everything comes to an end.
  void calm() {
    for (int i = 0; i < 30 && violations().empty(); ++i) {
      rest();
      world_.advance(seconds(1));
      checker_.look();
    }
    rest();
    if (!world_.open().empty()) checker_.look();
    EXPECT_TRUE(world_.open().empty() || !violations().empty());
  }

  std::unique_ptr<Random> random_;
  GroupWorld world_;
  GroupChecker checker_;
  std::vector<Client> clients_;
  std::map<Token, size_t> beats_;
  Token next_ = 1;
  int64_t unique_ = 0;
  Duration uncommitted_for_{};
};

// As many as BARNABAS_SEEDS says, if it does.
uint64_t seeds() {
  const char* count = std::getenv("BARNABAS_SEEDS");
  return count == nullptr ? 300 : std::strtoull(count, nullptr, 10);
}

TEST(ShardProperty, HoldsInRandomHistories) {
  const uint64_t last = seeds();
  Coverage coverage;
  for (uint64_t seed = 1; seed <= last; ++seed) {
    History run(seed);
    ASSERT_THAT(run.go(), testing::IsEmpty()) << "seed " << seed;
    run.count(coverage);
  }
  // A history in which nothing happens proves nothing.
  for (const RebalanceKind kind :
       {RebalanceKind::kMemberJoined, RebalanceKind::kLeaderRejoined,
        RebalanceKind::kSubscriptionChanged, RebalanceKind::kStaticReplaced,
        RebalanceKind::kMemberLeft, RebalanceKind::kSessionExpired, RebalanceKind::kSyncTimedOut,
        RebalanceKind::kAssignmentTooLarge}) {
    EXPECT_GT(coverage.rebalances[kind], 10) << name_of(kind);
  }
  for (const ErrorCode error :
       {ErrorCode::kNone, ErrorCode::kMemberIdRequired, ErrorCode::kUnknownMemberId,
        ErrorCode::kIllegalGeneration, ErrorCode::kRebalanceInProgress,
        ErrorCode::kFencedInstanceId, ErrorCode::kGroupMaxSizeReached, ErrorCode::kMessageTooLarge,
        ErrorCode::kCoordinatorNotAvailable, ErrorCode::kNotCoordinator,
        ErrorCode::kInconsistentGroupProtocol}) {
    EXPECT_GT(coverage.answers[error], 10) << kafka::error_name(error);
  }
  EXPECT_GT(coverage.assignments, 1'000);
  EXPECT_GT(coverage.took_over, 10);
}

// Simulations are repeated by their seed.
TEST(ShardProperty, TheSameSeedGivesTheSameHistory) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    History one(seed);
    History again(seed);
    one.go();
    again.go();
    EXPECT_EQ(one.written(), again.written()) << "seed " << seed;
    EXPECT_FALSE(one.written().empty());
  }
}

// The first violation that the mistake leads to, over the same seeds.
std::string found(const char* mistake) {
  const Planted mistaken(mistake);
  const uint64_t last = seeds();
  for (uint64_t seed = 1; seed <= last; ++seed) {
    History run(seed);
    const std::vector<std::string> violations = run.go();
    if (!violations.empty()) return violations.front();
  }
  return "nothing";
}

TEST(ShardProperty, FindsAnswersThatAreGivenBeforeTheCommit) {
  EXPECT_THAT(found("group: answers before the commit"),
              testing::HasSubstr("is acknowledged before it is committed"));
}

TEST(ShardProperty, FindsAMissingGenerationCheck) {
  EXPECT_THAT(found("group: skips the generation check"),
              testing::AnyOf(testing::HasSubstr("passes though"),
                             testing::HasSubstr("that is not committed")));
}

TEST(ShardProperty, FindsALostJoin) {
  EXPECT_THAT(found("group: loses a parked join"), testing::HasSubstr("is not answered in time"));
}

TEST(ShardProperty, FindsAForgottenTombstone) {
  EXPECT_THAT(found("group: forgets a tombstone"),
              testing::AnyOf(testing::HasSubstr("is in the log"), testing::HasSubstr("is read of"),
                             testing::HasSubstr("a load would also give")));
}

TEST(ShardProperty, FindsReadsOfWhatIsNotCommitted) {
  EXPECT_THAT(found("group: reads what is not committed"), testing::HasSubstr("is read of"));
}

TEST(ShardProperty, FindsAGenerationThatIsUsedTwice) {
  EXPECT_THAT(found("group: keeps the generation"), testing::HasSubstr("has two leaders"));
}

}  // namespace
}  // namespace barnabas::group
