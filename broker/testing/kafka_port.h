// A broker's Kafka port in a simulation, with real replicas on a disk in memory behind it, and a
// client that speaks raw frames: for tests of what the wire sees. The controller is the test.

#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/api/auto_creation.h"
#include "broker/api/fetch_session.h"
#include "broker/api/producer_ids.h"
#include "broker/api/services.h"
#include "broker/group/coordinator.h"
#include "broker/network/server.h"
#include "broker/partition/partition_shell.h"
#include "common/sim/sim_transport.h"
#include "common/sim/simulation.h"
#include "kafka/api_table.h"
#include "kafka/messages/headers.h"
#include "kafka/wire/message_writer.h"
#include "proto/admin.pb.h"
#include "proto/metadata.pb.h"
#include "storage/memory_disk.h"

namespace barnabas::testing_support {

// Keeps an image that the test writes, and admin requests that the test answers.
class HandSession final : public broker::ControllerSession {
 public:
  void propose(partition::InSyncProposal) override {}
  void admin(proto::AdminRequest request, Duration, AdminDone done) override {
    admin_requests.emplace_back(std::move(request), std::move(done));
  }
  void allocate_producer_ids(BlockDone done) override { blocks.push_back(std::move(done)); }
  void with_image(absl::FunctionRef<void(const metadata::Image&)> read) const override {
    read(image);
  }
  void when_applied(LogIndex index, Duration, Task then) override {
    if (image.index() >= index) return then();
    waiting.emplace_back(index, std::move(then));
  }

  void commit(const proto::Decision& decision) {
    image.apply(image.index().next(), decision);
    auto still = std::exchange(waiting, {});
    for (auto& [index, then] : still) {
      if (image.index() >= index) {
        then();
      } else {
        waiting.emplace_back(index, std::move(then));
      }
    }
  }

  metadata::Image image;
  std::deque<std::pair<proto::AdminRequest, AdminDone>> admin_requests;
  std::deque<BlockDone> blocks;
  std::vector<std::pair<LogIndex, Task>> waiting;
};

class HandPartitions final : public partition::Partitions {
 public:
  absl::Status recover(bool) override { return absl::OkStatus(); }
  void apply(const metadata::Image&, const metadata::Delta&, BrokerEpoch, bool) override {}
  std::shared_ptr<partition::Partition> find(const metadata::TopicPartition& id) const override {
    const auto found = replicas.find(id);
    return found == replicas.end() ? nullptr : found->second;
  }
  std::vector<std::shared_ptr<partition::Partition>> all() const override {
    std::vector<std::shared_ptr<partition::Partition>> out;
    for (const auto& [id, replica] : replicas) out.push_back(replica);
    return out;
  }
  void tick() override {}
  absl::Status stop() override { return absl::OkStatus(); }
  absl::Status failed() const override { return absl::OkStatus(); }

  std::map<metadata::TopicPartition, std::shared_ptr<partition::Partition>> replicas;
};

// One connection of a client; frames arrive in `frames`.
class RawClient final : public LinkSink {
 public:
  RawClient(Transport& transport, Executor& loop, const Endpoint& to)
      : link_(transport.dial(to, Channel::kKafka, loop, *this)) {}
  void opened() override { open = true; }
  void frame(Buffer bytes) override { frames.push_back(std::move(bytes)); }
  void closed(Close) override { is_closed = true; }
  void send(std::string bytes) { link_->send({Buffer::own(std::move(bytes))}); }
  void mute(bool muted) { link_->mute(muted); }
  void close() { link_.reset(); }

  bool open = false;
  bool is_closed = false;
  std::deque<Buffer> frames;

 private:
  LinkPtr link_;
};

template <class Request>
std::string request_frame(const Request& request, int16_t version, int32_t correlation,
                          std::string_view client_id = "test") {
  kafka::MessageWriter out;
  kafka::RequestHeader header;
  header.request_api_key = Request::kApiKey;
  header.request_api_version = version;
  header.correlation_id = correlation;
  header.client_id = client_id;
  EXPECT_TRUE(header.write(out, kafka::request_header_version(Request::kApiKey, version)).ok());
  const absl::Status status = request.write(out, version);
  EXPECT_TRUE(status.ok()) << status;
  return flatten(out.finish());
}

// A response with the bytes that it borrows from.
template <class Response>
struct Answer {
  Buffer frame;
  int32_t correlation = 0;
  Response body;
};

template <class Response>
Answer<Response> parse_answer(Buffer frame, int16_t version) {
  Answer<Response> out;
  out.frame = std::move(frame);
  ByteReader in(out.frame.view());
  kafka::ResponseHeader header;
  EXPECT_TRUE(header.read(in, kafka::response_header_version(Response::kApiKey, version)).ok());
  out.correlation = header.correlation_id;
  const absl::Status status = out.body.read(in, version);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(in.at_end());
  return out;
}

class KafkaPort {
 public:
  explicit KafkaPort(api::Options options = {}, network::ConnectionLimits limits = {})
      : options_(std::move(options)),
        simulation(11),
        network(simulation),
        broker(simulation.start_node("broker")),
        broker_transport(network, "broker"),
        client(simulation.start_node("client")),
        client_transport(network, "client"),
        random(seeded_random(3)),
        flusher(disk, broker),
        sessions(3, std::chrono::minutes(2), *random),
        producer_ids(session),
        auto_creation(session),
        groups(group_options(), session, partitions, {&broker}, *random),
        services{options_,      session,    partitions, broker.clock(), sessions, producer_ids,
                 auto_creation, disk_state, metrics,    lost_leaders,   groups},
        server(broker_transport, {&broker}, services, limits) {
    options_.self = BrokerId{1};
    options_.cluster_id = "castle";
    register_broker(1, 5, "127.0.0.1", 9092);
    const auto at = server.listen("PLAINTEXT", endpoint);
    EXPECT_TRUE(at.ok()) << at.status();
    server.open();
  }

  void register_broker(int32_t id, int64_t epoch, const std::string& host, uint32_t port,
                       bool fenced = false, const std::string& rack = {}) {
    proto::Decision decision;
    proto::RegisterBroker& record = *decision.add_records()->mutable_register_broker();
    record.set_id(id);
    record.set_rack(rack);
    record.set_epoch(epoch);
    record.set_incarnation(std::string(16, static_cast<char>('a' + id)));
    record.add_directories(std::string(16, static_cast<char>('d' + id)));
    record.set_fenced(true);
    proto::Listener& listener = *record.add_listeners();
    listener.set_name("PLAINTEXT");
    listener.set_host(host);
    listener.set_port(port);
    listener.set_protocol("PLAINTEXT");
    session.commit(decision);
    if (fenced) return;
    proto::Decision unfence;
    proto::BrokerChange& change = *unfence.add_records()->mutable_broker_change();
    change.set_id(id);
    change.set_epoch(epoch_of(id).value());
    change.set_fenced(false);
    session.commit(unfence);
  }
  void fence(int32_t id) {
    proto::Decision decision;
    proto::BrokerChange& change = *decision.add_records()->mutable_broker_change();
    change.set_id(id);
    change.set_epoch(epoch_of(id).value());
    change.set_fenced(true);
    session.commit(decision);
  }
  BrokerEpoch epoch_of(int32_t id) const {
    const metadata::BrokerImage* broker_image = session.image.broker(BrokerId{id});
    return broker_image == nullptr ? kNoBrokerEpoch : broker_image->epoch;
  }

  // A topic whose partitions are all led by `leader`; replicas of broker 1 are real.
  Uuid add_topic(const std::string& name, int32_t count = 1, std::vector<int32_t> replicas = {1},
                 int32_t leader = 1) {
    const Uuid id = Uuid::make(*random);
    proto::Decision decision;
    proto::Topic& topic = *decision.add_records()->mutable_topic();
    topic.set_name(name);
    topic.set_id(id.bytes());
    for (int32_t index = 0; index < count; ++index) {
      proto::Partition& record = *decision.add_records()->mutable_partition();
      record.set_topic_id(id.bytes());
      record.set_index(index);
      for (int32_t replica : replicas) {
        record.add_replicas(replica);
        record.add_in_sync(replica);
        record.add_directories(std::string(16, static_cast<char>('d' + replica)));
      }
      record.set_leader(leader);
      record.set_leader_epoch(1);
      record.set_partition_epoch(1);
    }
    session.commit(decision);
    for (int32_t index = 0; index < count; ++index) open_replica(name, {id, PartitionIndex{index}});
    tell_groups();
    return id;
  }

  // The coordinator looks at the whole image.
  void tell_groups() {
    metadata::Delta delta;
    delta.whole = true;
    groups.image_changed(session.image, delta, /*registered=*/true);
  }
  // What one partition is from now on; the replica and the coordinator learn of it.
  void change_partition(const metadata::TopicPartition& id, proto::PartitionChange change) {
    const metadata::PartitionImage& before = *session.image.partition(id);
    change.set_topic_id(id.topic.bytes());
    change.set_index(id.index.value());
    change.set_partition_epoch(before.partition_epoch.value() + 1);
    proto::Decision decision;
    *decision.add_records()->mutable_partition_change() = std::move(change);
    session.commit(decision);
    const auto found = partitions.replicas.find(id);
    if (found != partitions.replicas.end()) {
      found->second->update(*session.image.partition(id), epoch_of(1), epochs());
    }
    tell_groups();
  }
  std::map<BrokerId, BrokerEpoch> epochs() const {
    std::map<BrokerId, BrokerEpoch> out;
    for (const auto& [broker_id, image] : session.image.brokers()) out[broker_id] = image.epoch;
    return out;
  }

  std::unique_ptr<RawClient> connect() {
    auto out = std::make_unique<RawClient>(client_transport, client, endpoint);
    EXPECT_TRUE(until([&] { return out->open; }));
    return out;
  }
  bool until(absl::AnyInvocable<bool()> done, Duration limit = std::chrono::seconds(2)) {
    return simulation.run_until(std::move(done), simulation.now() + limit);
  }

  // Sends, and waits for the answer. Fails the test if there is none.
  template <class Response, class Request>
  Answer<Response> call(RawClient& with, const Request& request, int16_t version,
                        Duration limit = std::chrono::seconds(2)) {
    with.send(request_frame(request, version, ++correlation));
    if (!until([&] { return !with.frames.empty() || with.is_closed; }, limit) ||
        with.frames.empty()) {
      ADD_FAILURE() << "no answer to API " << Request::kApiKey << " version " << version
                    << (with.is_closed ? ": closed" : "");
      return {};
    }
    Buffer frame = std::move(with.frames.front());
    with.frames.pop_front();
    Answer<Response> answer = parse_answer<Response>(std::move(frame), version);
    EXPECT_EQ(answer.correlation, correlation);
    return answer;
  }

 private:
  void open_replica(const std::string& name, const metadata::TopicPartition& id) {
    const metadata::PartitionImage& state = *session.image.partition(id);
    if (!state.has_replica(BrokerId{1})) return;
    auto log =
        storage::Log::open(disk, "/data/" + name + "-" + std::to_string(id.index.value()), {}, {});
    ASSERT_TRUE(log.ok()) << log.status();
    partition::Surroundings around{BrokerId{1}, broker.clock(), flusher, session};
    auto replica = partition::PartitionShell::open(around, id, name, *std::move(log), Offset{0},
                                                   std::nullopt, {});
    ASSERT_TRUE(replica.ok()) << replica.status();
    (*replica)->update(state, epoch_of(1), epochs());
    partitions.replicas[id] = *std::move(replica);
  }

  // Kafka's, but that nobody waits longer than a test may.
  static group::CoordinatorOptions group_options() {
    group::CoordinatorOptions out;
    out.self = BrokerId{1};
    out.runner.shard.initial_rebalance_delay = std::chrono::milliseconds(100);
    return out;
  }

  api::Options options_;

 public:
  const Endpoint endpoint{"127.0.0.1", 9092};
  Simulation simulation;
  SimNetwork network;
  SimExecutor& broker;
  SimTransport broker_transport;
  SimExecutor& client;
  SimTransport client_transport;
  std::unique_ptr<Random> random;
  storage::MemoryDisk disk;
  storage::FlushScheduler flusher;
  HandSession session;
  HandPartitions partitions;
  api::FetchSessions sessions;
  api::ProducerIds producer_ids;
  api::AutoCreation auto_creation;
  group::Coordinator groups;
  api::DiskState disk_state;
  api::RequestMetrics metrics;
  replication::LostLeaders lost_leaders;
  api::Services services;
  network::Server server;
  int32_t correlation = 0;

  api::Options& options() { return options_; }
};

}  // namespace barnabas::testing_support
