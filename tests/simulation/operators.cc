#include "tests/simulation/operators.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "kafka/errors.h"

namespace barnabas::simulation {
namespace {

using kafka::ErrorCode;
using proto::AdminAnswer;
using proto::AdminRequest;

constexpr int32_t kTopicResource = 2;
constexpr Duration kAtTheEnd = std::chrono::milliseconds(100);

bool is(int32_t code, ErrorCode error) { return code == static_cast<int32_t>(error); }

}  // namespace

const char* to_string(Operation operation) {
  constexpr const char* kNames[kOperationCount] = {"drain",          "elect",    "min-in-sync",
                                                   "add-partitions", "transfer", "create-once",
                                                   "change-voters"};
  return kNames[static_cast<int>(operation)];
}

Operators::Operators(Cluster& cluster, OperatorOptions options, Findings& findings)
    : cluster_(cluster),
      options_(std::move(options)),
      findings_(findings),
      random_(cluster.fork("operators")),
      calls_(cluster, cluster.fork("admin calls"), findings) {}

Operators::~Operators() = default;

uint64_t Operators::done() const {
  return std::accumulate(done_.begin(), done_.end(), uint64_t{0});
}

std::string Operators::unfinished() const {
  if (finished()) return "";
  return absl::StrCat("operators: ", drained_.size(), " brokers drained, ",
                      idle_ ? "" : calls_.describe(), "; ");
}

void Operators::start(std::vector<std::string> topics, int partitions) {
  if (options_.operations.empty()) return;
  topics_ = std::move(topics);
  partitions_.assign(topics_.size(), partitions);
  started_ = true;
  act_later();
}

void Operators::act_later() {
  const auto spread = static_cast<uint64_t>(options_.every.count()) * 2;
  cluster_.simulation().after(Duration(static_cast<int64_t>(random_->below(spread) + 1)),
                              [this, turn = ++turn_, alive = std::weak_ptr<char>(alive_)] {
                                if (!alive.expired() && turn == turn_) act();
                              });
}

void Operators::finish() {
  finishing_ = true;
  options_.every = kAtTheEnd;
  if (started_ && idle_) act_later();
}

std::optional<AdminRequest> Operators::replacement() const {
  ControllerProcess* const active = cluster_.active_controller();
  if (active == nullptr) return std::nullopt;
  std::set<std::pair<int32_t, Uuid>> voters;
  for (const raft::ProgressView& member : active->node().status().members) {
    if (member.kind != raft::MemberKind::kVoter) continue;
    voters.emplace(member.id.value(), member.directory);
  }
  for (const auto& [id, directory] : voters) {
    ControllerProcess* const process = cluster_.controller(Cluster::controller_name(id));
    if (process == nullptr || process->directory_id() == directory) continue;
    AdminRequest request;
    if (voters.count({id, process->directory_id()}) == 0) {
      request.mutable_add_voter()->set_id(id);
    } else {
      request.mutable_remove_voter()->set_id(id);
      request.mutable_remove_voter()->set_directory(directory.bytes());
    }
    return request;
  }
  return std::nullopt;
}

bool Operators::lacks_a_voter() const {
  return cluster_.active_controller() == nullptr || replacement().has_value();
}

void Operators::act() {
  if (std::optional<AdminRequest> request = replacement()) {
    return call(Operation::kChangeVoters, *std::move(request));
  }
  if (!finishing_) return act(options_.operations[random_->below(options_.operations.size())]);
  if (!drained_.empty()) return drain(drained_.front(), /*undo=*/true);
  act_later();  // a voter may have to be replaced still
}

void Operators::act(Operation operation) {
  const size_t topic = random_->below(topics_.size());
  AdminRequest request;
  switch (operation) {
    case Operation::kDrain: {
      const bool undo = !drained_.empty();
      const auto brokers = static_cast<uint64_t>(cluster_.options().brokers);
      return drain(undo ? drained_.front() : static_cast<int>(1 + random_->below(brokers)), undo);
    }
    case Operation::kElectPreferred:
      request.mutable_elect_leaders()->set_all(true);
      break;
    case Operation::kMinInSync: {
      auto* const resource = request.mutable_alter_configs()->add_resources();
      resource->set_type(kTopicResource);
      resource->set_name(topics_[topic]);
      auto* const change = resource->add_changes();
      change->set_key("min.insync.replicas");
      change->set_value(std::to_string(1 + random_->below(2)));
      break;
    }
    case Operation::kAddPartitions: {
      if (partitions_[topic] >= options_.partitions_most) return act_later();
      auto* const more = request.mutable_create_partitions()->add_topics();
      more->set_name(topics_[topic]);
      more->set_count(++partitions_[topic]);
      break;
    }
    case Operation::kTransfer:
      request.mutable_transfer_leadership();
      if (random_->chance(50)) {
        const auto controllers = static_cast<uint64_t>(cluster_.options().controllers);
        request.mutable_transfer_leadership()->set_to(
            static_cast<int32_t>(1 + random_->below(controllers)));
      }
      break;
    case Operation::kCreateOnce:
      return create_once();
    case Operation::kChangeVoters:
      return change_voters();
  }
  call(operation, std::move(request));
}

// One more while there is one, or one less, but never fewer than the cluster began with.
void Operators::change_voters() {
  ControllerProcess* const active = cluster_.active_controller();
  if (active == nullptr) return act_later();
  std::vector<int32_t> voters;
  for (const raft::ProgressView& member : active->node().status().members) {
    if (member.kind == raft::MemberKind::kVoter) voters.push_back(member.id.value());
  }
  std::vector<int32_t> spare;
  for (int32_t id = 1; id <= static_cast<int32_t>(cluster_.controller_names().size()); ++id) {
    if (std::find(voters.begin(), voters.end(), id) == voters.end()) spare.push_back(id);
  }
  const bool may_shrink = static_cast<int>(voters.size()) > cluster_.options().controllers;
  if (spare.empty() && !may_shrink) return act_later();
  AdminRequest request;
  if (!spare.empty() && (!may_shrink || random_->chance(50))) {
    request.mutable_add_voter()->set_id(spare[random_->below(spare.size())]);
  } else {
    request.mutable_remove_voter()->set_id(voters[random_->below(voters.size())]);
  }
  call(Operation::kChangeVoters, std::move(request));
}

void Operators::call(Operation operation, AdminRequest request) {
  idle_ = false;
  cluster_.note(absl::StrCat("operator: ", request.ShortDebugString()));
  calls_.call(std::move(request), [this, operation](const AdminAnswer& answer, bool) {
    cluster_.note(absl::StrCat("operator is told: ", answer.ShortDebugString()));
    ended(operation, answer.error().code() == 0);
  });
}

void Operators::ended(Operation operation, bool done) {
  idle_ = true;
  if (done) ++done_[static_cast<size_t>(operation)];
  act_later();
}

void Operators::drain(int broker, bool undo) {
  idle_ = false;
  AdminRequest request;
  request.mutable_drain_broker()->set_broker(broker);
  request.mutable_drain_broker()->set_undo(undo);
  cluster_.note(absl::StrCat("operator: ", request.ShortDebugString()));
  // From now on it may be drained, whatever is heard.
  if (!undo) drained_.push_back(broker);
  calls_.call(std::move(request), [this, broker, undo](const AdminAnswer& answer, bool) {
    cluster_.note(absl::StrCat("operator is told: ", answer.ShortDebugString()));
    if (answer.error().code() != 0) {
      report("I53 a sound command is carried out",
             absl::StrCat("drain ", broker, ": ", answer.ShortDebugString()));
    }
    if (undo) std::erase(drained_, broker);
    ended(Operation::kDrain, true);
  });
}

// The name is new: whoever says that it is there already has carried out this very command before.
void Operators::create_once() {
  idle_ = false;
  const std::string name = absl::StrCat("once-", ++created_);
  AdminRequest request;
  auto* const topic = request.mutable_create_topics()->add_topics();
  topic->set_name(name);
  topic->set_partitions(1);
  topic->set_replication_factor(std::min(options_.replicas, cluster_.options().brokers));
  cluster_.note(absl::StrCat("operator: create ", name));
  calls_.call(std::move(request), [this, name](const AdminAnswer& answer, bool) {
    cluster_.note(absl::StrCat("operator is told: ", answer.ShortDebugString()));
    const int32_t code = answer.create_topics().topics_size() != 1
                             ? answer.error().code()
                             : answer.create_topics().topics(0).error().code();
    if (is(code, ErrorCode::kTopicAlreadyExists)) {
      report("S3 a command that is asked again gets the first answer",
             absl::StrCat("the creation of ", name, ", which nobody else creates, was answered ",
                          answer.ShortDebugString()));
    }
    // Too few brokers at the moment, perhaps; an attempt may still be on its way.
    if (code != 0) return ended(Operation::kCreateOnce, false);
    calls_.call_again([this, name](const AdminAnswer&, bool) { delete_once(name); });
  });
}

void Operators::delete_once(const std::string& name) {
  AdminRequest request;
  request.mutable_delete_topics()->add_topics()->set_name(name);
  calls_.call(std::move(request), [this, name](const AdminAnswer& answer, bool) {
    cluster_.note(absl::StrCat("operator is told: ", answer.ShortDebugString()));
    const int32_t code = answer.delete_topics().topics_size() != 1
                             ? answer.error().code()
                             : answer.delete_topics().topics(0).error().code();
    if (code != 0) {
      report("S3 a command that is asked again gets the first answer",
             absl::StrCat("the deletion of ", name, ", which was there, was answered ",
                          answer.ShortDebugString()));
    }
    ended(Operation::kCreateOnce, true);
  });
}

void Operators::report(const char* invariant, const std::string& what) {
  findings_.report(invariant, what);
}

}  // namespace barnabas::simulation
