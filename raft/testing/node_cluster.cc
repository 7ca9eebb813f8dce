#include "raft/testing/node_cluster.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>

namespace barnabas::raft::testing {

NodeCluster::NodeCluster(size_t founders, uint64_t seed, size_t joiners)
    : simulation_(seed), network_(simulation_), random_(simulation_.random().fork("cluster")) {
  const size_t members = founders + joiners;
  std::vector<Voter> peers;
  for (size_t i = 0; i < members; ++i) {
    const std::string name = absl::StrCat("controller-", i + 1);
    const Endpoint endpoint{name, 9093};
    network_.assign(endpoint, name);
    peers.push_back({ControllerId{static_cast<int32_t>(i + 1)}, Uuid(), endpoint});
  }
  for (size_t i = 0; i < members; ++i) {
    auto member = std::make_unique<Member>();
    member->name = peers[i].endpoint.host;
    member->options.self = peers[i].id;
    for (const Voter& peer : peers) {
      const bool founder = static_cast<size_t>(peer.id.value()) <= founders;
      if (founder || peer.id == member->options.self) member->options.peers.push_back(peer);
    }
    member->options.directory = "/data/raft";
    CHECK(member->disk.make_directories("/data").ok());
    CHECK(member->disk.sync_and_wait({{}, {"/"}}).ok());
    member->options.directory_id = Uuid::make(*random_);
    member->disk.set_sync_latency(std::chrono::milliseconds(1));
    members_.push_back(std::move(member));
  }
}

NodeCluster::~NodeCluster() {
  for (auto& member : members_) {
    member->node.reset();
    member->listening.reset();
  }
}

void NodeCluster::start(size_t i) {
  Member& member = *members_[i];
  member.loop = &simulation_.start_node(member.name);
  member.transport = std::make_unique<SimTransport>(network_, member.name);
  auto listening =
      member.transport->listen(Endpoint{member.name, 9093}, {Channel::kRaft, Channel::kRaftBulk},
                               {member.loop}, [&member](Channel channel, LinkPtr link) {
                                 if (member.node != nullptr)
                                   member.node->accept(channel, std::move(link));
                               });
  CHECK(listening.ok()) << listening.status();
  member.listening = *std::move(listening);
  auto node = Node::start(member.options, member.disk, *member.transport, *member.loop, *random_,
                          *member.machine);
  member.start_status = node.status();
  if (!node.ok()) return;
  member.node = *std::move(node);
  member.node->on_fatal([&member](const absl::Status& status) { member.fatal = status; });
}

void NodeCluster::start_all() {
  for (size_t i = 0; i < size(); ++i) start(i);
}

void NodeCluster::end_process(size_t i, Simulation::Death death) {
  Member& member = *members_[i];
  simulation_.kill(member.name, death);
  member.node.reset();
  member.listening.reset();
  member.transport.reset();
  member.machine->forget_unflushed();
}

void NodeCluster::kill(size_t i) {
  end_process(i, Simulation::Death::kProcess);
  members_[i]->disk.kill();
}

void NodeCluster::cut_power(size_t i) {
  end_process(i, Simulation::Death::kPower);
  members_[i]->disk.crash(*random_);
}

void NodeCluster::wipe(size_t i) {
  Member& member = *members_[i];
  CHECK(member.node == nullptr);
  CHECK(member.disk.remove_directory("/data/raft").ok());
  member.options.directory_id = Uuid::make(*random_);
  member.machine = std::make_unique<History>();
}

bool NodeCluster::run_until(absl::AnyInvocable<bool()> done, Duration limit) {
  return simulation_.run_until(std::move(done), simulation_.now() + limit);
}

std::optional<size_t> NodeCluster::leader() {
  for (size_t i = 0; i < size(); ++i) {
    if (members_[i]->node != nullptr && members_[i]->node->is_leading()) return i;
  }
  return std::nullopt;
}

std::optional<size_t> NodeCluster::await_leader(Duration limit) {
  run_until([this] { return leader().has_value(); }, limit);
  return leader();
}

absl::StatusOr<LogIndex> NodeCluster::propose(const std::string& payload, Duration limit) {
  const std::optional<size_t> at = await_leader(limit);
  if (!at.has_value()) return absl::UnavailableError("no leader");
  auto answer = std::make_shared<std::optional<absl::StatusOr<LogIndex>>>();
  members_[*at]->node->propose(payload,
                               [answer](absl::StatusOr<LogIndex> index) { *answer = index; });
  run_until([&] { return answer->has_value(); }, limit);
  if (!answer->has_value()) return absl::DeadlineExceededError("no answer");
  return **answer;
}

absl::Status NodeCluster::ask_leader(Ask ask, Duration limit) {
  const std::optional<size_t> at = await_leader(limit);
  if (!at.has_value()) return absl::UnavailableError("no leader");
  auto answer = std::make_shared<std::optional<absl::Status>>();
  ask(*members_[*at]->node, [answer](const absl::Status& status) { *answer = status; });
  run_until([&] { return answer->has_value(); }, limit);
  return answer->value_or(absl::DeadlineExceededError("no answer"));
}

absl::Status NodeCluster::add_voter(size_t i, Duration limit) {
  const ControllerId id = members_[i]->options.self;
  return ask_leader([id](Node& node, Node::Changed done) { node.add_voter(id, std::move(done)); },
                    limit);
}

absl::Status NodeCluster::remove_voter(size_t i, std::optional<Uuid> directory, Duration limit) {
  const ControllerId id = members_[i]->options.self;
  return ask_leader(
      [&](Node& node, Node::Changed done) { node.remove_voter(id, directory, std::move(done)); },
      limit);
}

absl::Status NodeCluster::transfer(std::optional<size_t> to, Duration limit) {
  std::optional<ControllerId> id;
  if (to.has_value()) id = members_[*to]->options.self;
  return ask_leader(
      [&](Node& node, Node::Changed done) { node.transfer_leadership(id, std::move(done)); },
      limit);
}

std::string NodeCluster::standing() {
  std::string out;
  for (auto& member : members_) {
    absl::StrAppend(&out, "\n", member->name, ": ");
    if (member->node == nullptr) {
      absl::StrAppend(&out, "down, ", member->start_status.ToString());
      continue;
    }
    const Status status = member->node->status();
    absl::StrAppend(&out, status.role, " term ", status.term.value(), " leader ",
                    status.leader.has_value() ? status.leader->value() : -1, " log ",
                    status.first.value(), "..", status.durable.value(), "/", status.last.value(),
                    " commit ", status.commit.value(), " applied ", status.applied.value(), " ",
                    status.trouble);
  }
  return out;
}

bool NodeCluster::await_applied(size_t entries, Duration limit) {
  return run_until(
      [this, entries] {
        return std::all_of(members_.begin(), members_.end(), [entries](const auto& member) {
          return member->node == nullptr || member->machine->entries.size() >= entries;
        });
      },
      limit);
}

}  // namespace barnabas::raft::testing
