// A partition with two replicas over real logs on disks in memory, without a network between them:
// the test copies and reports, one step at a time.

#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/partition/partition_shell.h"
#include "common/sim/simulation.h"
#include "kafka/records/builder.h"
#include "storage/memory_disk.h"

namespace barnabas::partition {

inline constexpr BrokerId kSelf{1}, kOther{2};

struct Batch {
  int64_t producer = -1;
  int32_t sequence = -1;
  int32_t count = 1;
  std::string value = "v";
  int16_t epoch = 0;
};

inline Buffer bytes_of(const Batch& batch, WallTime now) {
  kafka::BatchOptions options;
  if (batch.producer >= 0) {
    options.producer_id = ProducerId{batch.producer};
    options.producer_epoch = ProducerEpoch{batch.epoch};
    options.base_sequence = batch.sequence;
  }
  kafka::BatchBuilder builder(options);
  for (int32_t i = 0; i < batch.count; ++i) {
    builder.append(now.time_since_epoch().count(), "k", batch.value);
  }
  return Buffer::own(builder.finish());
}

struct RecordingProposer : Proposer {
  void propose(InSyncProposal proposal) override { proposals.push_back(std::move(proposal)); }
  void out_of_service(const metadata::TopicPartition&, const std::string& why) override {
    lost.push_back(why);
  }
  std::vector<InSyncProposal> proposals;
  std::vector<std::string> lost;
};

struct CountingWaiter : Waiter {
  void wake() override { ++wakes; }
  int wakes = 0;
};

// One broker with one replica.
class Node {
 public:
  Node(BrokerId id, Simulation& simulation, const std::string& name)
      : id_(id), simulation_(simulation), loop(simulation.start_node(name)) {
    reopen();
  }

  void reopen(bool clean = false, Offset high_watermark = Offset{0}) {
    scheduler = std::make_unique<storage::FlushScheduler>(disk, loop);
    hints.clean = clean;
    auto log = storage::Log::open(disk, "/data/topic-0", options, hints);
    ASSERT_TRUE(log.ok()) << log.status();
    Surroundings around{id_, loop.clock(), *scheduler, proposer};
    around.unflushed_bytes_max = unflushed_max;
    around.log_starts = log_starts;
    auto opened = PartitionShell::open(around, {}, "topic", *std::move(log), high_watermark,
                                       std::nullopt, settings);
    ASSERT_TRUE(opened.ok()) << opened.status();
    partition = *std::move(opened);
  }
  void close_objects() {
    partition.reset();
    scheduler.reset();
  }

  void commit(metadata::PartitionImage& image) {
    std::map<BrokerId, BrokerEpoch> epochs{{kSelf, BrokerEpoch{11}}, {kOther, BrokerEpoch{12}}};
    partition->update(image, epochs.at(id_), epochs);
  }

  std::optional<ProduceAnswer> produce(const Batch& batch, int16_t acks = -1,
                                       Duration timeout = std::chrono::seconds(30)) {
    return produce_bytes(bytes_of(batch, loop.clock().wall()), acks, timeout);
  }
  std::optional<ProduceAnswer> produce_bytes(const Buffer& records, int16_t acks,
                                             Duration timeout) {
    return partition->produce(records, acks, loop.now() + timeout, loop,
                              [this](ProduceAnswer answer) { answers.push_back(answer); });
  }
  FetchAnswer fetch(int64_t offset, std::optional<ReplicaIdentity> replica = std::nullopt) {
    FetchArgs args;
    args.offset = Offset{offset};
    args.max_bytes = 1 << 20;
    args.replica = replica;
    return partition->fetch(args);
  }

  const BrokerId id_;
  Simulation& simulation_;
  SimExecutor& loop;
  storage::MemoryDisk disk;
  storage::LogOptions options;
  storage::RecoveryHints hints;
  size_t unflushed_max = size_t{256} << 20;
  metadata::TopicSettings settings;
  LogStarts* log_starts = nullptr;
  RecordingProposer proposer;
  std::unique_ptr<storage::FlushScheduler> scheduler;
  std::shared_ptr<PartitionShell> partition;
  std::vector<ProduceAnswer> answers;
};

class TwoNodes : public ::testing::Test {
 protected:
  TwoNodes() {
    image.replicas = {kSelf, kOther};
    image.in_sync = {kSelf, kOther};
  }
  void run(Duration time = std::chrono::milliseconds(10)) { simulation.run_for(time); }

  void lead(BrokerId leader) {
    image.leader = leader;
    image.leader_epoch = image.leader_epoch.next();
    commit();
  }
  void lead_alone() {
    image.replicas = image.in_sync = {kSelf};
    lead(kSelf);
  }
  void commit() {
    image.partition_epoch = image.partition_epoch.next();
    a.commit(image);
    b.commit(image);
  }

  // One round of what fetcher and reporter do, without a network.
  AfterFetch copy(Node& leader, Node& follower) {
    std::optional<FetchPosition> at = follower.partition->fetch_position(leader.id_);
    if (!at.has_value()) return AfterFetch::kWait;
    FetchArgs args;
    args.offset = at->offset;
    args.leader_epoch = at->leader_epoch;
    args.last_fetched_epoch = at->last_epoch;
    args.log_start = at->log_start;
    args.max_bytes = 1 << 20;
    args.replica = ReplicaIdentity{follower.id_, BrokerEpoch{10 + follower.id_.value()}, {}};
    FetchAnswer answer = leader.partition->fetch(args);
    FetchedData data{answer.error, answer.high_watermark, answer.log_start, answer.diverging,
                     answer.records.view()};
    return follower.partition->fetched(leader.id_, *at, data);
  }
  DurableReportAnswer report(Node& leader, Node& follower) {
    std::optional<DurableReport> due = follower.partition->report_due(leader.id_);
    if (!due.has_value()) return {kafka::ErrorCode::kUnknownServerError, kNoOffset, kNoLeaderEpoch};
    ReplicaIdentity from{follower.id_, BrokerEpoch{10 + follower.id_.value()}, {}};
    DurableReportAnswer answer = leader.partition->report(from, *due);
    follower.partition->report_answered(leader.id_, *due, answer);
    return answer;
  }
  // Everything there is: copied, flushed, reported.
  void replicate(Node& leader, Node& follower) {
    for (int i = 0; i < 20 && copy(leader, follower) == AfterFetch::kGoOn; ++i) run();
    report(leader, follower);
    run();
  }

  Simulation simulation{7};
  Node a{kSelf, simulation, "a"};
  Node b{kOther, simulation, "b"};
  metadata::PartitionImage image;
};

}  // namespace barnabas::partition
