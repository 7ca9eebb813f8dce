#include "broker/partition/testing/replication_world.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "kafka/records/builder.h"
#include "kafka/records/record.h"

namespace barnabas::partition::testing {
namespace {

using kafka::ErrorCode;
using metadata::PartitionImage;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int kReplicas = 3;
const metadata::TopicPartition kPartition{Uuid::from_bytes("0123456789abcdef").value(),
                                          PartitionIndex{0}};

class World;

// One broker: what survives it (disk) and what does not.
class Node final : public Proposer {
 public:
  Node(World& world, int32_t id);
  void start();
  void crash(bool power);
  void metadata(uint64_t version, const PartitionImage& state,
                const std::map<BrokerId, BrokerEpoch>& epochs);
  void propose(InSyncProposal proposal) override;
  void tick();

  World& world_;
  const BrokerId id;
  const std::string name;
  storage::MemoryDisk disk;
  bool up = false;
  uint64_t incarnation = 0;
  uint64_t applied = 0;  // metadata version
  SimExecutor* loop = nullptr;
  std::unique_ptr<SimTransport> transport;
  std::unique_ptr<storage::FlushScheduler> flusher;
  std::shared_ptr<PartitionShell> shell;
  std::map<BrokerId, std::shared_ptr<replication::LeaderReplication>> leaders;
  BrokerId following = kNoBroker;
  LeaderEpoch following_epoch = kNoLeaderEpoch;
  std::unique_ptr<ReplicaPort> port;
  // Checks.
  Offset mark{0};
  Offset compared{0};
  LeaderEpoch led = kNoLeaderEpoch;
  LeaderEpoch seen = kNoLeaderEpoch;
};

struct Producer {
  int64_t id = 0;
  int32_t next = 0;                         // sequence to send
  uint64_t attempt = 0;                     // answers to earlier ones are late
  std::map<int32_t, int64_t> acknowledged;  // sequence -> offset
};

class World {
 public:
  explicit World(const WorldOptions& options)
      : options_(options),
        simulation(options.seed),
        network(simulation),
        faults_(simulation.random().fork("faults")),
        delays_(simulation.random().fork("delays")),
        disks_(simulation.random().fork("disks")) {
    network.options().slow_percent = static_cast<uint32_t>(faults_->below(10));
    for (int32_t i = 1; i <= kReplicas; ++i) {
      nodes.push_back(std::make_unique<Node>(*this, i));
      state_.replicas.push_back(BrokerId{i});
    }
    state_.in_sync = state_.replicas;
    for (int i = 0; i < options.producers; ++i) producers_.push_back({1000 + i, 0, 0, {}});
  }

  WorldResult run() {
    for (auto& node : nodes) node->start();
    for (size_t i = 0; i < producers_.size(); ++i) send(i);
    schedule_fault();
    upkeep();
    run_checked(simulation.now() + options_.faulty);
    calm_ = true;
    heal();
    run_checked(simulation.now() + options_.calm);
    if (violation_.empty()) judge();
    WorldResult result;
    result.violation = violation_;
    result.fingerprint = simulation.fingerprint();
    result.crashes = crashes_;
    result.elections = elections_;
    for (const Producer& producer : producers_) result.acknowledged += producer.acknowledged.size();
    for (auto& node : nodes) {
      if (node->up) node->crash(false);
    }
    return result;
  }

  Node& node(BrokerId id) { return *nodes.at(static_cast<size_t>(id.value() - 1)); }
  Random& disks() { return *disks_; }
  const Defects& defects() const { return options_.defects; }

  Duration delay() {
    // Metadata is usually quick and sometimes very late.
    if (!calm_ && delays_->chance(10)) return milliseconds(delays_->below(400));
    return microseconds(200 + delays_->below(3000));
  }

  std::string told() const {
    return absl::StrCat(simulation.now().time_since_epoch().count(), " ");
  }
  static std::string text(const std::vector<BrokerId>& brokers) {
    std::string out;
    for (BrokerId broker : brokers) absl::StrAppend(&out, broker.value(), " ");
    return out;
  }

  // ---- The controller ----

  // A new incarnation: the old one loses all it led in the same step (S9).
  void registered(Node& node) {
    const uint64_t incarnation = node.incarnation;
    simulation.after(delay(), [this, &node, incarnation] {
      if (!node.up || node.incarnation != incarnation) return;
      epochs_[node.id] = BrokerEpoch{++last_epoch_};
      fenced_.insert(node.id);
      if (state_.leader == node.id) elect();
      publish();
      simulation.after(delay(), [this, &node, incarnation] {
        if (!node.up || node.incarnation != incarnation) return;
        fenced_.erase(node.id);
        if (state_.leader == kNoBroker) elect();
        publish();
      });
    });
  }

  void fence(BrokerId broker) {
    if (!fenced_.insert(broker).second) return;
    // The last member stays: it alone has everything.
    if (state_.in_sync.size() > 1) std::erase(state_.in_sync, broker);
    if (state_.leader == broker) elect();
    publish();
  }

  void elect() {
    state_.leader = kNoBroker;
    for (BrokerId replica : state_.replicas) {
      if (fenced_.contains(replica) || !state_.is_in_sync(replica)) continue;
      state_.leader = replica;
      break;
    }
    state_.leader_epoch = state_.leader_epoch.next();
    ++elections_;
  }

  void publish() {
    state_.partition_epoch = state_.partition_epoch.next();
    ++version_;
    VLOG(1) << told() << "committed: leader " << state_.leader << " epoch " << state_.leader_epoch
            << " partition epoch " << state_.partition_epoch << " in sync " << text(state_.in_sync);
    for (auto& node : nodes) push(*node);
  }
  void push(Node& node) {
    if (!node.up || isolated_.contains(node.id)) return;
    const uint64_t incarnation = node.incarnation;
    SimExecutor* loop = node.loop;
    simulation.after(
        delay(), [&node, incarnation, loop, version = version_, state = state_, epochs = epochs_] {
          if (!node.up || node.incarnation != incarnation) return;
          loop->post([&node, version, state, epochs] { node.metadata(version, state, epochs); });
        });
  }

  void alter(Node& from, InSyncProposal proposal) {
    const uint64_t incarnation = from.incarnation;
    if (isolated_.contains(from.id)) return;
    simulation.after(delay(), [this, &from, incarnation, proposal = std::move(proposal)] {
      const ErrorCode error = decide(from.id, proposal);
      VLOG(1) << told() << from.name << " proposed " << proposal.in_sync.size() << " members at "
              << proposal.partition_epoch << ": " << kafka::error_name(error);
      if (!from.up || from.incarnation != incarnation) return;
      std::optional<ErrorCode> answer = error;
      if (delays_->chance(10)) answer.reset();  // lost
      simulation.after(delay(), [&from, incarnation, proposal, answer] {
        if (!from.up || from.incarnation != incarnation) return;
        from.loop->post(
            [&from, proposal, answer] { from.shell->proposal_answered(proposal, answer); });
      });
    });
  }

  ErrorCode decide(BrokerId from, const InSyncProposal& proposal) {
    if (proposal.leader_epoch != state_.leader_epoch) return ErrorCode::kFencedLeaderEpoch;
    if (state_.leader != from) return ErrorCode::kInvalidRequest;
    if (proposal.partition_epoch != state_.partition_epoch) return ErrorCode::kInvalidUpdateVersion;
    std::vector<BrokerId> in_sync;
    for (const auto& member : proposal.in_sync) {
      auto known = epochs_.find(member.broker);
      if (known == epochs_.end() || known->second != member.epoch ||
          fenced_.contains(member.broker)) {
        return ErrorCode::kIneligibleReplica;
      }
      in_sync.push_back(member.broker);
    }
    state_.in_sync = std::move(in_sync);
    publish();
    return ErrorCode::kNone;
  }

  // ---- Producers: one batch at a time, sent again until it is acknowledged ----

  void send(size_t which) {
    Producer& producer = producers_[which];
    const int32_t sequence = producer.next;
    const uint64_t attempt = ++producer.attempt;
    simulation.after(microseconds(100 + delays_->below(2000)),
                     [this, which, sequence, attempt] { deliver_batch(which, sequence, attempt); });
    // No answer: the same batch again, perhaps while the first is still under way.
    simulation.after(milliseconds(50 + delays_->below(200)), [this, which, attempt] {
      if (producers_[which].attempt == attempt) send(which);
    });
  }

  void deliver_batch(size_t which, int32_t sequence, uint64_t attempt) {
    // As clients do: what the controller says, or somebody who thinks that he leads.
    BrokerId target = state_.leader;
    for (auto& node : nodes) {
      if (node->up && delays_->chance(20) && node->shell->view().leading) target = node->id;
    }
    if (target == kNoBroker || !node(target).up) return retry(which, attempt);
    Node& to = node(target);
    const uint64_t incarnation = to.incarnation;
    to.loop->post([this, &to, incarnation, which, sequence, attempt] {
      kafka::BatchOptions options;
      options.producer_id = ProducerId{producers_[which].id};
      options.producer_epoch = ProducerEpoch{0};
      options.base_sequence = sequence;
      kafka::BatchBuilder builder(options);
      builder.append(to.loop->clock().wall().time_since_epoch().count(), "k",
                     absl::StrCat(producers_[which].id, ":", sequence));
      // One that leads no more, and does not know it, may well miss what came before.
      const bool current = to.shell->view().leader_epoch == state_.leader_epoch;
      auto answered = [this, which, sequence, attempt, current](ProduceAnswer answer) {
        if (answer.error == ErrorCode::kOutOfOrderSequenceNumber && !current) {
          answer.error = ErrorCode::kNotLeaderOrFollower;
        }
        simulation.after(microseconds(100 + delays_->below(2000)),
                         [this, which, sequence, attempt, answer = std::move(answer)] {
                           on_answer(which, sequence, attempt, answer);
                         });
      };
      std::optional<ProduceAnswer> now =
          to.shell->produce(Buffer::own(builder.finish()), -1, to.loop->now() + milliseconds(500),
                            *to.loop, answered);
      if (now.has_value()) answered(*std::move(now));
    });
  }

  void retry(size_t which, uint64_t attempt) {
    simulation.after(milliseconds(5 + delays_->below(20)), [this, which, attempt] {
      if (producers_[which].attempt == attempt) send(which);
    });
  }

  void on_answer(size_t which, int32_t sequence, uint64_t attempt, const ProduceAnswer& answer) {
    Producer& producer = producers_[which];
    if (answer.error == ErrorCode::kNone) {
      VLOG(1) << told() << "acknowledged " << producer.id << ":" << sequence << " at "
              << answer.base_offset;
      auto [known, fresh] = producer.acknowledged.emplace(sequence, answer.base_offset.value());
      if (!fresh && known->second != answer.base_offset.value()) {
        return violate(absl::StrCat("producer ", producer.id, " sequence ", sequence,
                                    " acknowledged at offsets ", known->second, " and ",
                                    answer.base_offset.value()));
      }
      if (sequence == producer.next) {
        ++producer.next;
        send(which);
      }
      return;
    }
    if (attempt != producer.attempt || sequence != producer.next) return;
    if (answer.error == ErrorCode::kOutOfOrderSequenceNumber) {
      return violate(absl::StrCat("producer ", producer.id, " sequence ", sequence,
                                  " refused as out of order: ", answer.message));
    }
    retry(which, attempt);
  }

  // ---- Faults ----

  void schedule_fault() {
    simulation.after(milliseconds(20 + faults_->below(250)), [this] {
      if (calm_) return;
      fault();
      schedule_fault();
    });
  }

  void fault() {
    Node& victim = *nodes[faults_->below(nodes.size())];
    Node& other = *nodes[faults_->below(nodes.size())];
    const uint64_t kind = faults_->below(16);
    VLOG(1) << told() << "fault " << kind << " of " << victim.name << ", " << other.name;
    switch (kind) {
      case 0:
      case 1:
        return down(victim, /*power=*/true);
      case 2:
        return down(victim, /*power=*/false);
      case 3:  // a power cut of all
        if (faults_->chance(40)) {
          for (auto& node : nodes) down(*node, true);
        }
        return;
      case 4:
        if (!victim.up) return;
        simulation.pause(victim.name);
        return undo_later(
            500,
            [this, &victim, i = victim.incarnation] {
              if (victim.up && victim.incarnation == i) simulation.resume(victim.name);
            },
            &victim);
      case 5:
      case 6:
        if (&victim == &other) return;
        network.reachability().cut(victim.name, other.name);
        return undo_later(
            800, [this, &victim, &other] { network.reachability().mend(victim.name, other.name); },
            nullptr);
      case 7:  // cut off from the controller: fenced after a while, and does not know it
        isolated_.insert(victim.id);
        return undo_later(
            900,
            [this, &victim] {
              isolated_.erase(victim.id);
              const bool was_fenced = fenced_.erase(victim.id) > 0 && victim.up;
              if (was_fenced && state_.leader == kNoBroker) {
                elect();
                publish();
              } else if (victim.up) {
                push(victim);
              }
            },
            &victim);
      case 8:
        victim.disk.set_sync_latency(microseconds(100 + faults_->below(40'000)));
        return;
      case 9:
        victim.disk.hold_syncs(true);
        return undo_later(900, [&victim] { victim.disk.hold_syncs(false); }, nullptr);
      case 10:  // a failed disk ends the broker
        if (!victim.up) return;
        victim.disk.fail_syncs(1);
        simulation.after(milliseconds(50), [this, &victim] { down(victim, true); });
        return;
      case 11:
        return network.break_links(victim.name, other.name);
      case 15:
        return stale_follower();
      default:  // leadership is moved about among the in-sync set, at times there and back
        move_leadership(faults_->chance(60) ? 2 : 1);
    }
  }

  void move_to(BrokerId leader) {
    if (state_.leader == leader || fenced_.contains(leader) || !state_.is_in_sync(leader)) return;
    state_.leader = leader;
    state_.leader_epoch = state_.leader_epoch.next();
    ++elections_;
    publish();
  }

  // One follower hears nothing of the controller and its disk hangs, while the leadership goes to
  // the other one, which lacks the newest records, and back, and at last to itself.
  void stale_follower() {
    if (state_.leader == kNoBroker || state_.in_sync.size() != kReplicas || !fenced_.empty())
      return;
    const BrokerId first = state_.leader;
    std::vector<BrokerId> others;
    for (BrokerId replica : state_.replicas) {
      if (replica != first) others.push_back(replica);
    }
    if (faults_->chance(50)) std::swap(others[0], others[1]);
    Node& second = node(others[0]);
    Node& stale = node(others[1]);
    const std::string leader_name = node(first).name;
    isolated_.insert(stale.id);
    stale.disk.hold_syncs(true);
    network.reachability().cut(leader_name, second.name);
    const auto at = [this](int64_t ms, std::function<void()> what) {
      simulation.after(milliseconds(ms), [this, what = std::move(what)] {
        if (!calm_) what();
      });
    };
    at(30, [this, leader_name, &second] {
      network.reachability().mend(leader_name, second.name);
      move_to(second.id);
    });
    const auto back = static_cast<int64_t>(100 + faults_->below(150));
    at(back, [this, first] { move_to(first); });
    at(back + 10, [&stale] { stale.disk.hold_syncs(false); });
    at(back + 20 + static_cast<int64_t>(faults_->below(20)), [this, &stale] {
      isolated_.erase(stale.id);
      move_to(stale.id);
    });
  }

  void move_leadership(int times) {
    std::vector<BrokerId> fit;
    for (BrokerId member : state_.in_sync) {
      if (!fenced_.contains(member) && member != state_.leader) fit.push_back(member);
    }
    if (fit.empty() || state_.leader == kNoBroker) return;
    const BrokerId before = state_.leader;
    move_to(fit[faults_->below(fit.size())]);
    if (times < 2) return;
    simulation.after(milliseconds(1 + faults_->below(60)), [this, before] { move_to(before); });
  }

  // A silence longer than the session timeout fences.
  void undo_later(uint64_t below_ms, std::function<void()> undo, Node* silent) {
    const Duration lasts = milliseconds(20 + faults_->below(below_ms));
    constexpr Duration kSession = milliseconds(300);
    if (silent != nullptr && lasts > kSession) {
      simulation.after(kSession, [this, silent, i = silent->incarnation] {
        if (silent->incarnation == i) fence(silent->id);
      });
    }
    const uint64_t round = ++undo_round_;
    undos_[round] = undo;
    simulation.after(lasts, [this, round] {
      if (auto found = undos_.find(round); found != undos_.end()) {
        auto undo = std::move(found->second);
        undos_.erase(found);
        undo();
      }
    });
  }

  void down(Node& node, bool power) {
    if (!node.up) return;
    ++crashes_;
    VLOG(1) << told() << node.name << " dies, power " << power;
    node.crash(power);
    const uint64_t incarnation = node.incarnation;
    const Duration noticed = power ? milliseconds(300) : milliseconds(2);
    simulation.after(noticed, [this, &node, incarnation] {
      if (node.incarnation == incarnation) fence(node.id);
    });
    simulation.after(milliseconds(20 + faults_->below(600)), [&node, incarnation] {
      if (!node.up && node.incarnation == incarnation) node.start();
    });
  }

  void heal() {
    auto undos = std::move(undos_);
    undos_.clear();
    for (auto& [round, undo] : undos) undo();
    network.reachability().heal();
    isolated_.clear();
    for (auto& node : nodes) {
      node->disk.hold_syncs(false);
      node->disk.set_sync_latency(microseconds(200));
      node->disk.fail_syncs(0);
      // A broker whose disk has failed exits; and one that was fenced while it was only paused
      // or cut off registers anew, as its session tells it.
      if (node->up) down(*node, false);
    }
  }

  void upkeep() {
    simulation.after(milliseconds(50), [this] {
      for (auto& node : nodes) {
        if (node->up && !node->loop->paused())
          node->loop->post([n = node.get(), i = node->incarnation] {
            if (n->up && n->incarnation == i) n->tick();
          });
        // The stream is watched: whoever missed something is sent it again (S8).
        if (node->up && node->applied < version_) push(*node);
      }
      upkeep();
    });
  }

  // ---- Checks ----

  void violate(std::string what) {
    if (violation_.empty()) {
      violation_ = absl::StrCat("seed ", options_.seed, ": ", what);
    }
  }

  void run_checked(Instant until) {
    while (violation_.empty() && simulation.now() < until) {
      simulation.run_for(milliseconds(1));
      for (auto& node : nodes) {
        if (node->up) look_at(*node);
      }
    }
  }

  void look_at(Node& node) {
    const PartitionView view = node.shell->view();
    if (view.high_watermark > node.mark || view.leader_epoch != node.seen) {
      node.seen = view.leader_epoch;
      VLOG(2) << told() << node.name << (view.leading ? " leads " : " follows in ")
              << view.leader_epoch << ": marks " << view.high_watermark << " " << view.durable_end
              << " " << view.log_end;
    }
    if (view.high_watermark < node.mark) {
      return violate(absl::StrCat(node.name, ": high watermark back from ", node.mark.value(),
                                  " to ", view.high_watermark.value()));
    }
    node.mark = view.high_watermark;
    if (!view.trouble.empty()) {
      // A failed disk is a fault like any other; every other trouble is a broken invariant.
      if (view.trouble.find("sync: Input/output error") != std::string::npos) return;
      return violate(absl::StrCat(node.name, " fenced itself: ", view.trouble));
    }
    compare(node, view);
    if (!view.leading) return;
    auto [leader, first] = leader_of_.emplace(view.leader_epoch, node.id);
    if (leader->second != node.id) {
      return violate(absl::StrCat("epoch ", view.leader_epoch.value(), " has two leaders: ",
                                  leader->second.value(), " and ", node.id.value()));
    }
    // Late news may make somebody lead an epoch that is over; it can commit nothing.
    if (view.leader_epoch != node.led && view.leader_epoch == state_.leader_epoch) {
      node.led = view.leader_epoch;
      check_complete(node, view.log_end);
    }
  }

  // One line for each record: whatever two replicas hold below a high watermark must be the same.
  std::vector<std::string> read(Node& node, Offset from, Offset below) {
    std::vector<std::string> out;
    while (from < below) {
      absl::StatusOr<Buffer> bytes = node.shell->read_log(from, 1 << 20, below);
      if (!bytes.ok()) violate(absl::StrCat(node.name, ": ", bytes.status().ToString()));
      if (!bytes.ok() || bytes->empty()) break;
      kafka::BatchStream stream(bytes->view());
      while (std::optional<kafka::BatchView> batch = stream.next()) {
        kafka::RecordReader records(*batch, batch->payload());
        while (std::optional<kafka::RecordView> record = records.next()) {
          out.push_back(absl::StrCat(batch->leader_epoch().value(), " ",
                                     std::string(record->value.value_or("null"))));
        }
        from = batch->next_offset();
      }
    }
    return out;
  }

  void compare(Node& node, const PartitionView& view) {
    const Offset mark = view.high_watermark;
    const std::vector<std::string> records = read(node, node.compared, mark);
    for (const std::string& record : records) {
      const auto offset = static_cast<size_t>(node.compared.value());
      if (offset == committed_.size()) {
        committed_.push_back(record);
      } else if (committed_[offset] != record) {
        return violate(absl::StrCat("offset ", offset, " is committed as '", committed_[offset],
                                    "' and is '", record, "' on ", node.name));
      }
      node.compared = node.compared.next();
    }
    if (node.compared < mark) {
      violate(absl::StrCat(node.name, " has no record at ", node.compared.value(),
                           " below its high watermark ", mark.value(), ": log [",
                           view.log_start.value(), ", ", view.log_end.value(), "), durable ",
                           view.durable_end.value(), " ", view.trouble));
    }
  }

  void check_complete(Node& node, Offset end) {
    const std::vector<std::string> all = read(node, Offset{0}, end);
    for (const Producer& producer : producers_) {
      for (const auto& [sequence, offset] : producer.acknowledged) {
        const std::string wanted = absl::StrCat(" ", producer.id, ":", sequence);
        const auto at = static_cast<size_t>(offset);
        if (at < all.size() && all[at].ends_with(wanted)) continue;
        return violate(absl::StrCat(
            node.name, " leads epoch ", node.led.value(), " without the acknowledged '", wanted,
            "' at ", offset, ", it has ", at < all.size() ? all[at] : std::string("nothing")));
      }
    }
  }

  // After the calm: everybody agrees, everything goes on, and each sequence is there once.
  void judge() {
    if (state_.leader == kNoBroker) return violate("no leader after the calm");
    Node& leader = node(state_.leader);
    const PartitionView view = leader.shell->view();
    if (state_.in_sync.size() != kReplicas) {
      return violate(absl::StrCat("only ", state_.in_sync.size(), " in sync after the calm"));
    }
    check_complete(leader, view.log_end);
    std::map<std::string, int32_t> last;
    for (const std::string& record : read(leader, Offset{0}, view.high_watermark)) {
      const std::string value = record.substr(record.find(' ') + 1);
      const size_t colon = value.find(':');
      const std::string producer = value.substr(0, colon);
      const int32_t sequence = std::stoi(value.substr(colon + 1));
      auto [known, fresh] = last.emplace(producer, -1);
      if (sequence != known->second + 1) {
        return violate(absl::StrCat("producer ", producer, ": sequence ", sequence, " follows ",
                                    known->second));
      }
      known->second = sequence;
    }
    for (const Producer& producer : producers_) {
      if (producer.acknowledged.size() < 50) {
        return violate(absl::StrCat("producer ", producer.id, " got only ",
                                    producer.acknowledged.size(), " batches through"));
      }
    }
  }

  const WorldOptions options_;
  Simulation simulation;
  SimNetwork network;
  std::vector<std::unique_ptr<Node>> nodes;

 private:
  const std::unique_ptr<Random> faults_;
  const std::unique_ptr<Random> delays_;
  const std::unique_ptr<Random> disks_;
  PartitionImage state_;
  std::map<BrokerId, BrokerEpoch> epochs_;
  std::set<BrokerId> fenced_;
  std::set<BrokerId> isolated_;
  uint64_t version_ = 0;
  int64_t last_epoch_ = 100;
  std::vector<Producer> producers_;
  std::map<uint64_t, std::function<void()>> undos_;
  uint64_t undo_round_ = 0;
  bool calm_ = false;
  uint64_t crashes_ = 0;
  uint64_t elections_ = 0;
  std::map<LeaderEpoch, BrokerId> leader_of_;
  std::vector<std::string> committed_;
  std::string violation_;
};

// ---- Node ----

Node::Node(World& world, int32_t number)
    : world_(world), id(number), name(absl::StrCat("b", number)) {
  disk.set_sync_latency(microseconds(200));
  CHECK(disk.make_directories("/data").ok());
  CHECK(disk.sync_and_wait({.files = {}, .directories = {"/"}}).ok());
}

void Node::start() {
  VLOG(1) << world_.told() << name << " starts";
  up = true;
  ++incarnation;
  applied = 0;
  mark = compared = Offset{0};
  led = kNoLeaderEpoch;
  following = kNoBroker;
  following_epoch = kNoLeaderEpoch;
  loop = &world_.simulation.start_node(name);
  transport = std::make_unique<SimTransport>(world_.network, name);
  flusher = std::make_unique<storage::FlushScheduler>(disk, *loop);
  metadata::TopicSettings settings;
  settings.min_in_sync_replicas = 2;
  settings.segment_bytes = 4000;
  auto log = storage::Log::open(disk, "/data/t-0", {}, {});
  CHECK(log.ok()) << log.status();
  Surroundings around{id, loop->clock(), *flusher, *this};
  around.replica_lag_max = milliseconds(400);
  around.flush_lag_max = milliseconds(150);
  around.defects = world_.defects();
  auto opened = PartitionShell::open(around, kPartition, "t", *std::move(log), Offset{0},
                                     Lineage{0}, settings);
  CHECK(opened.ok()) << opened.status();
  shell = *std::move(opened);
  port = std::make_unique<ReplicaPort>(*transport, Endpoint{name, 9092}, *loop, shell);
  world_.registered(*this);
}

void Node::crash(bool power) {
  up = false;
  world_.simulation.kill(name, power ? Simulation::Death::kPower : Simulation::Death::kProcess);
  port.reset();
  leaders.clear();
  shell.reset();
  flusher.reset();
  transport.reset();
  if (power) {
    disk.crash(world_.disks());
  } else {
    disk.kill();
  }
  disk.fail_syncs(0);
}

void Node::metadata(uint64_t version, const PartitionImage& state,
                    const std::map<BrokerId, BrokerEpoch>& epochs) {
  if (!up || version <= applied) return;
  applied = version;
  const BrokerEpoch own = epochs.contains(id) ? epochs.at(id) : kNoBrokerEpoch;
  shell->update(state, own, epochs);
  for (auto& [leader, replication] : leaders) replication->set_epoch(own);
  if (following == state.leader && following_epoch == state.leader_epoch) return;
  if (following != kNoBroker && following != state.leader) {
    leaders.at(following)->unassign({kPartition});
  }
  following = state.leader == id ? kNoBroker : state.leader;
  following_epoch = state.leader_epoch;
  if (following == kNoBroker) return;
  auto& replication = leaders[following];
  if (replication == nullptr) {
    replication = std::make_shared<replication::LeaderReplication>(
        replication::FetcherOptions{id, Uuid{}}, following, *transport, *loop,
        world_.disks().fork(name));
    replication->set_epoch(own);
    replication->connect(Endpoint{absl::StrCat("b", following.value()), 9092});
  }
  replication->assign({shell});
}

void Node::propose(InSyncProposal proposal) { world_.alter(*this, std::move(proposal)); }

void Node::tick() { shell->tick(); }

}  // namespace

WorldResult run_world(const WorldOptions& options) { return World(options).run(); }

}  // namespace barnabas::partition::testing
