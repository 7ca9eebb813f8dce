// All replicas of one broker, as the committed image moves them: on a disk in memory that survives
// restarts. The controller is the test.

#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/partition/partitions.h"
#include "common/sim/sim_transport.h"
#include "common/sim/simulation.h"
#include "kafka/records/builder.h"
#include "metadata/records.h"
#include "proto/metadata.pb.h"
#include "storage/data_directory.h"
#include "storage/memory_disk.h"

namespace barnabas::partition {

inline constexpr BrokerId kSelf{1};
inline constexpr char kPath[] = "/data";

struct NoProposer : Proposer {
  void propose(InSyncProposal) override {}
  void out_of_service(const metadata::TopicPartition& id, const std::string&) override {
    lost.push_back(id);
  }
  std::vector<metadata::TopicPartition> lost;
};

class OneBroker : public ::testing::Test {
 protected:
  OneBroker() {
    EXPECT_TRUE(disk.make_directories(kPath).ok());
    EXPECT_TRUE(disk.sync_and_wait({.files = {}, .directories = {"/"}}).ok());
    start();
    proto::Decision decision;
    proto::RegisterBroker* record = decision.add_records()->mutable_register_broker();
    record->set_id(1);
    record->set_incarnation(Uuid::make(*random).bytes());
    record->add_directories(Uuid::make(*random).bytes());
    apply(decision, /*registered=*/true);
  }
  ~OneBroker() override { down(); }

  void start() {
    loop = &simulation.start_node("broker");
    transport = std::make_unique<SimTransport>(network, "broker");
    auto opened = storage::DataDirectory::open(disk, kPath, 1, *random);
    ASSERT_TRUE(opened.ok()) << opened.status();
    directory = *std::move(opened);
    flusher = std::make_unique<storage::FlushScheduler>(disk, *loop);
    PartitionsOptions options{.surroundings = {.self = kSelf,
                                               .clock = loop->clock(),
                                               .flusher = *flusher,
                                               .proposer = proposer},
                              .directory_id = directory->identity().directory_id,
                              .inter_broker_listener = "INTERNAL"};
    options.retention_check = std::chrono::seconds(10);
    options.stray_keep = std::chrono::hours(1);
    partitions =
        Partitions::make(std::move(options), disk, *directory, *transport, *loop, {loop}, *random);
    ASSERT_TRUE(partitions->recover(directory->was_clean()).ok());
  }
  void down() {
    simulation.kill("broker");
    partitions.reset();
    flusher.reset();
    directory.reset();
    transport.reset();
  }
  void restart(bool power_cut) {
    down();
    if (power_cut) {
      disk.crash(*random);
    } else {
      disk.kill();
    }
    start();
  }

  void apply(const proto::Decision& decision, bool registered = true) {
    index = index.next();
    const metadata::Delta delta = image.apply(index, decision);
    partitions->apply(image, delta, BrokerEpoch{1}, registered);
    run();
  }
  void apply_whole(bool registered) {
    metadata::Delta delta;
    delta.whole = true;
    partitions->apply(image, delta, BrokerEpoch{1}, registered);
    run();
  }
  metadata::TopicPartition create(const std::string& name, int32_t lineage = 0) {
    const Uuid id = Uuid::make(*random);
    proto::Decision decision;
    proto::Topic* topic = decision.add_records()->mutable_topic();
    topic->set_name(name);
    topic->set_id(id.bytes());
    proto::Partition* record = decision.add_records()->mutable_partition();
    record->set_topic_id(id.bytes());
    record->add_replicas(1);
    record->add_in_sync(1);
    record->add_directories(Uuid::make(*random).bytes());
    record->set_leader(1);
    record->set_leader_epoch(++epoch);
    record->set_lineage(lineage);
    apply(decision);
    return {id, PartitionIndex{0}};
  }
  void configure(const std::string& topic, const std::string& key, const std::string& value) {
    proto::Decision decision;
    proto::Config* record = decision.add_records()->mutable_config();
    record->set_type(proto::RESOURCE_TOPIC);
    record->set_name(topic);
    record->set_key(key);
    record->set_value(value);
    apply(decision);
  }
  void remove(const metadata::TopicPartition& id) {
    proto::Decision decision;
    decision.add_records()->mutable_remove_topic()->set_id(id.topic.bytes());
    apply(decision);
  }
  // A newer epoch, as the registration after a restart gives.
  void bump(const metadata::TopicPartition& id) {
    proto::Decision decision;
    proto::PartitionChange* record = decision.add_records()->mutable_partition_change();
    record->set_topic_id(id.topic.bytes());
    record->set_index(0);
    record->set_partition_epoch(image.partition(id)->partition_epoch.next().value());
    record->set_leader(1);
    record->set_leader_epoch(++epoch);
    apply(decision);
  }
  kafka::ErrorCode produce(const metadata::TopicPartition& id) {
    kafka::BatchBuilder builder;
    builder.append(loop->clock().wall().time_since_epoch().count(), "k", "v");
    auto replica = partitions->find(id);
    if (replica == nullptr) return kafka::ErrorCode::kUnknownTopicOrPartition;
    std::optional<kafka::ErrorCode> error;
    auto now =
        replica->produce(Buffer::own(builder.finish()), -1, loop->now() + std::chrono::seconds(5),
                         *loop, [&](ProduceAnswer answer) { error = answer.error; });
    if (now.has_value()) return now->error;
    run(std::chrono::milliseconds(50));
    return error.value_or(kafka::ErrorCode::kRequestTimedOut);
  }
  void tick_for(Duration time) {
    for (Duration passed{}; passed < time; passed += std::chrono::seconds(1)) {
      run(std::chrono::seconds(1));
      partitions->tick();
    }
  }
  void run(Duration time = std::chrono::milliseconds(5)) { simulation.run_for(time); }
  std::vector<std::string> names() { return disk.list(kPath).value(); }
  bool has_name(const std::string& part) {
    for (const std::string& name : names()) {
      if (name.find(part) != std::string::npos) return true;
    }
    return false;
  }

  Simulation simulation{5};
  SimNetwork network{simulation};
  std::unique_ptr<Random> random = seeded_random(9);
  storage::MemoryDisk disk;
  NoProposer proposer;
  SimExecutor* loop = nullptr;
  std::unique_ptr<SimTransport> transport;
  std::unique_ptr<storage::DataDirectory> directory;
  std::unique_ptr<storage::FlushScheduler> flusher;
  std::unique_ptr<Partitions> partitions;
  metadata::Image image;
  LogIndex index{0};
  int32_t epoch = 0;
};

}  // namespace barnabas::partition
