// Random histories of starts, crashes, stops, proposals and settings. After every commit the
// invariants of testing/cluster.h hold; beside them a model of the data itself runs: each replica
// holds so many records, of which so many survive a crash. Whoever is elected without a new lineage
// must hold everything that was acknowledged.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "controller/decide/alter_partition.h"
#include "controller/decide/delete_topics.h"
#include "controller/decide/partition_sweep.h"
#include "controller/decide/preferred_election.h"
#include "controller/decide/testing/cluster.h"
#include "metadata/config_keys.h"

namespace barnabas::controller {
namespace {

using metadata::Durability;
using metadata::PartitionImage;
using metadata::TopicPartition;

struct Data {
  std::map<int, int64_t> held;     // records on each broker
  std::map<int, int64_t> on_disk;  // of these, as many survive a crash
  int64_t acknowledged = 0;
  BrokerId leader = kNoBroker;
  LeaderEpoch epoch{-1};
  Lineage lineage{0};
};

class History {
 public:
  explicit History(uint64_t seed) : cluster_(seed), random_(seeded_random(seed * 2 + 1)) {
    cluster_.limits.max_changes = 1 + random_->below(6);
    for (int broker = 1; broker <= kBrokers; ++broker) start(broker, /*clean=*/true);
    for (int topic = 0; topic < 3; ++topic) create(topic);
  }

  void step() {
    const int broker = 1 + draw(kBrokers);
    switch (draw(12)) {
      case 0:
        crash(broker);
        break;
      case 1:
      case 2:
        start(broker, /*clean=*/false);
        break;
      case 3:
        if (running_.count(broker)) cluster_.shut_down(broker);
        break;
      case 4:
        if (running_.count(broker)) start(broker, /*clean=*/true);
        break;
      case 5:
        wipe(broker);
        break;
      case 6:
        change_setting();
        break;
      case 7:
        prefer();
        break;
      case 8:
        recreate();
        break;
      default:
        for (int i = 0; i < 4; ++i) work();
    }
    complete();
    observe();
  }

  std::string broken() const { return broken_.empty() ? cluster_.broken() : broken_; }
  int clean_elections() const { return clean_elections_; }
  int unclean_elections() const { return unclean_elections_; }

 private:
  static constexpr int kBrokers = 4;

  int draw(int below) { return static_cast<int>(random_->below(static_cast<uint64_t>(below))); }

  static std::string name(int topic) { return "topic" + std::to_string(topic); }

  void create(int topic) {
    std::vector<std::vector<int32_t>> assignment(2);
    for (auto& replicas : assignment) {
      std::vector<int32_t> all{1, 2, 3, 4};
      const int factor = 1 + draw(3);
      // Of a topic all partitions have as many replicas.
      const size_t wanted =
          assignment[0].empty() ? static_cast<size_t>(factor) : assignment[0].size();
      while (replicas.size() < wanted) {
        const auto at = all.begin() + draw(static_cast<int>(all.size()));
        replicas.push_back(*at);
        all.erase(at);
      }
    }
    cluster_.create(name(topic), assignment,
                    {{"min.insync.replicas", std::to_string(1 + draw(3))},
                     {"acks.durability", draw(2) ? "durable" : "replicated"},
                     {"unclean.leader.election.enable", draw(4) ? "false" : "true"}});
  }

  void recreate() {
    const int topic = draw(3);
    if (cluster_.image().topic_by_name(name(topic)) != nullptr) {
      proto::DeleteTopicsRequest request;
      request.add_topics()->set_name(name(topic));
      cluster_.commit(decide_delete_topics(cluster_.image(), request, cluster_.limits).decision);
    }
    create(topic);
  }

  // A crash loses what was not on disk; the controller learns of it sooner or later.
  void crash(int broker) {
    for (auto& [id, data] : data_) data.held[broker] = data.on_disk[broker];
    running_.erase(broker);
    if (draw(2)) cluster_.fence(broker);
  }

  void start(int broker, bool clean) {
    if (!clean) crash(broker);
    if (clean) {
      for (auto& [id, data] : data_) data.on_disk[broker] = data.held[broker];
    }
    cluster_.register_broker(broker, {.clean = clean});
    running_.insert(broker);
    complete();
    observe();
    if (draw(4)) cluster_.unfence(broker);
  }

  void wipe(int broker) {
    for (auto& [id, data] : data_) data.held[broker] = data.on_disk[broker] = 0;
    cluster_.register_broker(broker, {.wiped = true});
    running_.insert(broker);
    complete();
    observe();
    cluster_.unfence(broker);
  }

  void change_setting() {
    const std::string topic = name(draw(3));
    if (cluster_.image().topic_by_name(topic) == nullptr) return;
    const int what = draw(3);
    // A change that is too large is refused; the limit is not what is tried here.
    const Limits limits = cluster_.limits;
    cluster_.limits = Limits();
    if (what == 0) {
      cluster_.set_config(2, topic, "min.insync.replicas", std::to_string(1 + draw(3)));
    }
    if (what == 1) {
      cluster_.set_config(2, topic, "acks.durability", draw(2) ? "durable" : "replicated");
    }
    if (what == 2) {
      cluster_.set_config(2, topic, "unclean.leader.election.enable", draw(4) ? "false" : "true");
    }
    cluster_.limits = limits;
  }

  void prefer() {
    std::set<TopicPartition> all;
    for_each([&](const TopicPartition& id, const PartitionImage&) { all.insert(id); });
    cluster_.commit(decide_preferred_election(cluster_.image(), all, cluster_.limits));
  }

  // Whatever an active controller finds unfinished.
  void complete() {
    for (int rounds = 0;; ++rounds) {
      const proto::Decision rest = repair(cluster_.image(), cluster_.limits);
      if (rest.records().empty()) break;
      if (rounds > 100) {
        broken_ = "repair does not end";
        return;
      }
      cluster_.commit(rest);
      observe();
    }
    cluster_.check_at_rest();
  }

  template <class Each>
  void for_each(Each each) {
    for (const auto& [topic, id] : cluster_.image().topics_by_name()) {
      const size_t count = cluster_.image().topic(id)->partitions.size();
      for (size_t i = 0; i < count; ++i) {
        const TopicPartition at{id, PartitionIndex{static_cast<int32_t>(i)}};
        each(at, *cluster_.image().partition(at));
      }
    }
  }

  // One leader takes records, its in-sync followers copy them, and it may propose another set.
  void work() {
    std::vector<TopicPartition> led;
    for_each([&](const TopicPartition& id, const PartitionImage& partition) {
      if (partition.leader != kNoBroker && running_.count(partition.leader.value())) {
        led.push_back(id);
      }
    });
    if (led.empty()) return;
    const TopicPartition id = led[static_cast<size_t>(draw(static_cast<int>(led.size())))];
    const PartitionImage partition = *cluster_.image().partition(id);
    produce(id, partition);
    propose(id, partition);
  }

  void produce(const TopicPartition& id, const PartitionImage& partition) {
    Data& data = data_[id];
    const metadata::TopicSettings settings =
        metadata::topic_settings(cluster_.image(), cluster_.image().topic(id.topic)->name);
    const int leader = partition.leader.value();
    const int64_t end = data.held[leader] += 1 + draw(3);
    for (BrokerId follower : partition.replicas) {
      const int broker = follower.value();
      if (broker != leader && running_.count(broker) && draw(2)) copy(data, leader, broker);
      if (running_.count(broker) && draw(2)) data.on_disk[broker] = data.held[broker];
    }
    // Acknowledged: what every member has, as far as the mode demands it.
    int64_t committed = end;
    for (BrokerId member : partition.in_sync) {
      const int broker = member.value();
      const bool disk = partition.durability_wanted == Durability::kDurable;
      committed = std::min(committed, disk ? data.on_disk[broker] : data.held[broker]);
    }
    if (static_cast<int32_t>(partition.in_sync.size()) >=
        metadata::effective_min_in_sync(settings, partition.replicas.size())) {
      data.acknowledged = std::max(data.acknowledged, committed);
    }
  }

  static void copy(Data& data, int leader, int broker) {
    data.held[broker] = data.held[leader];
    data.on_disk[broker] = std::min(data.on_disk[broker], data.held[broker]);
  }

  void propose(const TopicPartition& id, const PartitionImage& partition) {
    Data& data = data_[id];
    const int leader = partition.leader.value();
    proto::AlterPartitions command;
    command.set_epoch(cluster_.epoch(leader).value());
    proto::AlterPartition* asked = command.add_partitions();
    asked->set_topic_id(id.topic.bytes());
    asked->set_index(id.index.value());
    asked->set_leader_epoch(partition.leader_epoch.value());
    asked->set_partition_epoch(partition.partition_epoch.value());
    asked->set_recovered(draw(2) != 0);
    bool all_on_disk = true;
    for (BrokerId replica : partition.replicas) {
      const int broker = replica.value();
      bool member = broker == leader;
      if (partition.is_in_sync(replica)) member |= draw(4) != 0;
      // Admission is by what is on disk (S14); in the model a new member copies all of it first.
      if (!partition.is_in_sync(replica) && running_.count(broker) && draw(2)) {
        copy(data, leader, broker);
        data.on_disk[broker] = data.held[broker];
        member = true;
      }
      if (!member) continue;
      proto::InSyncMember* entry = asked->add_in_sync();
      entry->set_broker(broker);
      entry->set_epoch(cluster_.epoch(broker).value());
      all_on_disk &= data.on_disk[broker] >= data.acknowledged;
    }
    asked->set_durable(all_on_disk && partition.durability_wanted == Durability::kDurable);
    cluster_.commit(
        decide_alter_partitions(cluster_.image(), partition.leader, command, cluster_.limits)
            .decision);
  }

  void observe() {
    for_each([&](const TopicPartition& id, const PartitionImage& partition) {
      Data& data = data_[id];
      if (partition.leader_epoch == data.epoch) return;
      data.epoch = partition.leader_epoch;
      data.leader = partition.leader;
      // A broker that has crashed without the controller knowing leads in name only: before it can
      // do anything it registers, which takes the leadership away.
      if (running_.count(partition.leader.value()) == 0) return;
      const int64_t held = data.held[partition.leader.value()];
      if (partition.lineage != data.lineage) {
        ++unclean_elections_;
        data.lineage = partition.lineage;
        // What the new leader has in memory only may go as well: nobody in its in-sync set ever
        // said that it was on disk.
        const bool disk = partition.durability_wanted == Durability::kDurable;
        data.acknowledged =
            std::min(data.acknowledged, disk ? data.on_disk[partition.leader.value()] : held);
      } else {
        ++clean_elections_;
        if (held < data.acknowledged && broken_.empty()) {
          broken_ = "broker " + std::to_string(partition.leader.value()) + " was elected with " +
                    std::to_string(held) + " of " + std::to_string(data.acknowledged) +
                    " acknowledged records";
        }
      }
      // Whoever is longer than the new leader is cut when it follows.
      for (BrokerId replica : partition.replicas) {
        int64_t& mine = data.held[replica.value()];
        if (partition.is_in_sync(replica)) mine = std::min(mine, held);
        data.on_disk[replica.value()] = std::min(data.on_disk[replica.value()], mine);
      }
    });
  }

  Cluster cluster_;
  std::unique_ptr<Random> random_;
  std::set<int> running_;
  std::map<TopicPartition, Data> data_;
  std::string broken_;
  int clean_elections_ = 0;
  int unclean_elections_ = 0;
};

TEST(Decisions, I27_I34_HoldOnRandomHistoriesAndNoCleanElectionLosesWhatWasAcknowledged) {
  int clean = 0, unclean = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    History history(seed);
    for (int step = 0; step < 80; ++step) {
      history.step();
      ASSERT_EQ(history.broken(), "") << "seed " << seed << " step " << step;
    }
    clean += history.clean_elections();
    unclean += history.unclean_elections();
  }
  // The histories are worth something only if elections of both kinds happen in them.
  EXPECT_GT(clean, 1000);
  EXPECT_GT(unclean, 50);
}

// The checker itself: images that nobody may produce.
TEST(BrokenInvariant, IsFoundInImagesThatViolateIt) {
  Cluster cluster;
  for (int broker : {1, 2, 3}) cluster.start(broker);
  cluster.create("board", {{1, 2, 3}}, {{"min.insync.replicas", "2"}});
  const auto violate = [&](auto change) {
    proto::Decision decision;
    change(decision);
    metadata::Image after = cluster.image();
    after.apply(after.index().next(), decision);
    return broken_invariant(cluster.image(), after, /*at_rest=*/true);
  };
  const auto partition = [&](proto::Decision& decision) {
    proto::PartitionChange* change = decision.add_records()->mutable_partition_change();
    change->set_topic_id(cluster.id("board").topic.bytes());
    change->set_partition_epoch(1);
    return change;
  };
  EXPECT_NE(violate([&](proto::Decision& decision) {
              proto::BrokerChange* change = decision.add_records()->mutable_broker_change();
              change->set_id(3);
              change->set_epoch(cluster.epoch(3).value());
              change->set_fenced(true);
            }).find("I33"),
            std::string::npos);
  EXPECT_NE(violate([&](proto::Decision& decision) {
              partition(decision)->mutable_eligible()->add_ids(3);
            }).find("in sync and eligible"),
            std::string::npos);
  EXPECT_NE(
      violate([&](proto::Decision& decision) { partition(decision)->set_lineage(1); }).find("I34"),
      std::string::npos);
  EXPECT_NE(violate([&](proto::Decision& decision) {
              proto::PartitionChange* change = partition(decision);
              change->set_leader(-1);
              change->set_leader_epoch(1);
            }).find("without leader"),
            std::string::npos);
}

}  // namespace
}  // namespace barnabas::controller
