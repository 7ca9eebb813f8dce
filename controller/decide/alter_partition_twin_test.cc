// The change of an in-sync set against a plain twin: sets of numbers, one sentence after the other,
// over random clusters, random histories and proposals that are right, late, early, or nonsense.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "controller/decide/alter_partition.h"
#include "controller/decide/testing/cluster.h"

namespace barnabas::controller {
namespace {

using Set = std::set<int32_t>;

Set set_of(const std::vector<BrokerId>& brokers) {
  Set out;
  for (const BrokerId broker : brokers) out.insert(broker.value());
  return out;
}

// What a proposal may look like, and what becomes of it.
struct Asked {
  int32_t sender = 0;
  int32_t leader_epoch = 0;
  int32_t partition_epoch = 0;
  std::vector<std::pair<int32_t, int64_t>> members;  // with the epochs that the leader knows
};
struct Expected {
  ErrorCode code = ErrorCode::kNone;
  Set in_sync;
  Set eligible;
};

Expected twin(const metadata::Image& image, const metadata::PartitionImage& now, int min_in_sync,
              const Asked& asked) {
  // Whoever knows a newer epoch than the controller proves that this controller is stale (P28).
  if (asked.leader_epoch > now.leader_epoch.value() ||
      asked.partition_epoch > now.partition_epoch.value()) {
    return {ErrorCode::kNotController, {}, {}};
  }
  if (asked.leader_epoch < now.leader_epoch.value()) {
    return {ErrorCode::kFencedLeaderEpoch, {}, {}};
  }
  if (asked.sender != now.leader.value()) return {ErrorCode::kInvalidRequest, {}, {}};
  if (asked.partition_epoch < now.partition_epoch.value()) {
    return {ErrorCode::kInvalidUpdateVersion, {}, {}};
  }
  const Set replicas = set_of(now.replicas);
  Set proposed;
  for (const auto& [broker, epoch] : asked.members) {
    if (replicas.count(broker) == 0) return {ErrorCode::kInvalidRequest, {}, {}};
    if (!proposed.insert(broker).second) return {ErrorCode::kInvalidRequest, {}, {}};
  }
  if (proposed.count(asked.sender) == 0) return {ErrorCode::kInvalidRequest, {}, {}};
  for (const auto& [broker, epoch] : asked.members) {
    const metadata::BrokerImage* known = image.broker(BrokerId{broker});
    if (known == nullptr || known->epoch.value() != epoch || known->in_controlled_shutdown) {
      return {ErrorCode::kIneligibleReplica, {}, {}};
    }
    // Only one that has just come back, and was a member all along, may be one before it serves.
    const bool back = known->returning && set_of(now.in_sync).count(broker) > 0;
    if (known->fenced && !back) return {ErrorCode::kIneligibleReplica, {}, {}};
  }
  Expected out{ErrorCode::kNone, proposed, {}};
  if (static_cast<int>(proposed.size()) < min_in_sync) {
    for (const Set& held : {set_of(now.eligible), set_of(now.in_sync)}) {
      for (const int32_t broker : held) {
        if (proposed.count(broker) == 0) out.eligible.insert(broker);
      }
    }
  }
  return out;
}

class Walk {
 public:
  explicit Walk(uint64_t seed) : cluster_(seed), random_(seeded_random(seed)) {
    for (int32_t broker = 1; broker <= kBrokers; ++broker) cluster_.start(broker);
    min_in_sync_ = 1 + static_cast<int>(random_->below(3));
    cluster_.create("board", {{1, 2, 3}}, {{"min.insync.replicas", std::to_string(min_in_sync_)}});
  }

  // Empty: they agree.
  void step() {
    const auto broker = static_cast<int32_t>(1 + random_->below(kBrokers));
    switch (random_->below(10)) {
      case 0:
        return cluster_.fence(broker);
      case 1:
        return cluster_.unfence(broker);
      case 2:
        return cluster_.register_broker(broker, {});
      case 3:
        return random_->chance(30) ? cluster_.shut_down(broker) : cluster_.start(broker);
      default:
        return propose();
    }
  }
  const std::map<ErrorCode, int>& outcomes() const { return outcomes_; }
  int below_min() const { return below_min_; }
  const std::string& broken() const { return cluster_.broken(); }

 private:
  static constexpr int32_t kBrokers = 4;

  int32_t some_epoch(int32_t right) {
    return random_->chance(90) ? right : right + (random_->chance(50) ? 1 : -1);
  }

  void propose() {
    const metadata::PartitionImage now = cluster_.partition("board");
    if (now.leader == kNoBroker) return;
    Asked asked;
    asked.sender = random_->chance(95) ? now.leader.value()
                                       : static_cast<int32_t>(1 + random_->below(kBrokers));
    asked.leader_epoch = some_epoch(now.leader_epoch.value());
    asked.partition_epoch = some_epoch(now.partition_epoch.value());
    for (int32_t broker = 1; broker <= kBrokers; ++broker) {
      const bool replica = broker <= 3;
      if (!random_->chance(broker == asked.sender ? 97 : replica ? 60 : 3)) continue;
      const auto times = random_->chance(2) ? 2 : 1;
      for (int i = 0; i < times; ++i) {
        asked.members.emplace_back(broker,
                                   cluster_.epoch(broker).value() + (random_->chance(4) ? -1 : 0));
      }
    }
    proto::AlterPartitions command;
    command.set_epoch(cluster_.epoch(asked.sender).value());
    proto::AlterPartition* line = command.add_partitions();
    line->set_topic_id(cluster_.id("board").topic.bytes());
    line->set_leader_epoch(asked.leader_epoch);
    line->set_partition_epoch(asked.partition_epoch);
    for (const auto& [broker, epoch] : asked.members) {
      proto::InSyncMember* member = line->add_in_sync();
      member->set_broker(broker);
      member->set_epoch(epoch);
    }
    const Expected expected = twin(cluster_.image(), now, min_in_sync_, asked);
    const auto decided =
        decide_alter_partitions(cluster_.image(), BrokerId{asked.sender}, command, cluster_.limits);
    ASSERT_EQ(decided.answer.partitions_size(), 1);
    const auto code = static_cast<ErrorCode>(decided.answer.partitions(0).error().code());
    ASSERT_EQ(static_cast<int>(code), static_cast<int>(expected.code))
        << decided.answer.DebugString();
    ++outcomes_[code];
    cluster_.commit(decided.decision);
    const metadata::PartitionImage& then = cluster_.partition("board");
    if (code != ErrorCode::kNone) {
      ASSERT_EQ(then, now) << "a refusal changes nothing";
      return;
    }
    ASSERT_EQ(set_of(then.in_sync), expected.in_sync);
    ASSERT_EQ(set_of(then.eligible), expected.eligible);
    // The leader proposes whom it has, not who leads.
    ASSERT_EQ(then.leader, now.leader);
    ASSERT_EQ(then.leader_epoch, now.leader_epoch);
    ASSERT_EQ(then.lineage, now.lineage);
    const bool same = then.in_sync == now.in_sync && then.eligible == now.eligible;
    ASSERT_EQ(distance(now.partition_epoch, then.partition_epoch), same ? 0 : 1);
    if (!then.eligible.empty()) ++below_min_;
  }

  Cluster cluster_;
  const std::unique_ptr<Random> random_;
  int min_in_sync_ = 1;
  std::map<ErrorCode, int> outcomes_;
  int below_min_ = 0;
};

TEST(AlterPartitionTwin, I31_I37_EveryChangeOfAnInSyncSetIsThatOfThePlainTwin) {
  std::map<ErrorCode, int> outcomes;
  int below_min = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    Walk walk(seed);
    for (int i = 0; i < 60; ++i) {
      walk.step();
      if (::testing::Test::HasFatalFailure()) return;
    }
    ASSERT_EQ(walk.broken(), "");
    for (const auto& [code, count] : walk.outcomes()) outcomes[code] += count;
    below_min += walk.below_min();
  }
  // Nothing was proved of what did not happen.
  EXPECT_EQ(outcomes.size(), 6U);
  for (const auto& [code, count] : outcomes) EXPECT_GT(count, 10) << static_cast<int>(code);
  EXPECT_GT(below_min, 50);
}

}  // namespace
}  // namespace barnabas::controller
