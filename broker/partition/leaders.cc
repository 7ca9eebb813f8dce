#include "broker/partition/leaders.h"

#include <absl/strings/str_cat.h>

#include <optional>
#include <utility>

namespace barnabas::partition {
namespace {

std::optional<Endpoint> endpoint_of(const metadata::BrokerImage& broker,
                                    const std::string& listener) {
  for (const metadata::ListenerAddress& address : broker.listeners) {
    if (address.name != listener) continue;
    // A broker that leaves its host open is reached where it came from when it registered.
    std::string host = address.host.empty() ? broker.peer_host : address.host;
    if (host.empty()) host = "127.0.0.1";
    return Endpoint{std::move(host), address.port};
  }
  return std::nullopt;
}

}  // namespace

Leaders::Leaders(replication::FetcherOptions options, std::string listener, Transport& transport,
                 std::vector<Executor*> loops, Random& random)
    : options_(options),
      listener_(std::move(listener)),
      transport_(transport),
      loops_(std::move(loops)),
      random_(random) {}

Leaders::~Leaders() { stop(); }

Leaders::Leader& Leaders::leader(BrokerId id) {
  Leader& out = leaders_[id];
  if (out.replication == nullptr) {
    Executor& loop = *loops_[next_loop_++ % loops_.size()];
    const std::string stream = absl::StrCat("leader ", id.value());
    out.replication = std::make_shared<replication::LeaderReplication>(options_, id, transport_,
                                                                       loop, random_.fork(stream));
    out.replication->set_epoch(own_epoch_);
  }
  return out;
}

void Leaders::follow(const std::shared_ptr<PartitionShell>& partition,
                     const metadata::PartitionImage& state) {
  if (state.leader == options_.self || state.leader == kNoBroker) {
    return let_go(partition->id());
  }
  auto known = followed_.find(partition->id());
  if (known != followed_.end()) {
    if (known->second.leader == state.leader && known->second.epoch == state.leader_epoch) return;
    if (known->second.leader != state.leader) let_go(partition->id());
  }
  Leader& to = leader(state.leader);
  if (!followed_.contains(partition->id())) ++to.followed;
  followed_[partition->id()] = {state.leader, state.leader_epoch};
  to.to_assign.push_back(partition);
}

void Leaders::let_go(const metadata::TopicPartition& id) {
  auto known = followed_.find(id);
  if (known == followed_.end()) return;
  Leader& from = leaders_.at(known->second.leader);
  --from.followed;
  from.to_unassign.push_back(id);
  followed_.erase(known);
}

void Leaders::commit(const metadata::Image& image, BrokerEpoch own_epoch) {
  if (own_epoch != own_epoch_) {
    own_epoch_ = own_epoch;
    for (auto& [id, to] : leaders_) to.replication->set_epoch(own_epoch);
  }
  for (auto entry = leaders_.begin(); entry != leaders_.end();) {
    Leader& to = entry->second;
    const metadata::BrokerImage* broker = image.broker(entry->first);
    // A broker that is gone and leads nothing any more is not called again.
    if (to.followed == 0 && (broker == nullptr || broker->fenced)) {
      to.replication->stop();
      entry = leaders_.erase(entry);
      continue;
    }
    if (!to.to_unassign.empty()) {
      to.replication->unassign(std::exchange(to.to_unassign, {}));
    }
    std::optional<Endpoint> at;
    if (broker != nullptr) at = endpoint_of(*broker, listener_);
    // Another incarnation, or one that was just let in again: do not wait out a growing delay.
    const bool back = broker != nullptr && to.fenced && !broker->fenced;
    if (at.has_value() && (broker->epoch != to.epoch || *at != to.at || back)) {
      to.epoch = broker->epoch;
      to.at = *at;
      to.replication->connect(*at);
    }
    if (broker != nullptr) to.fenced = broker->fenced;
    if (!to.to_assign.empty()) {
      to.replication->assign(std::exchange(to.to_assign, {}));
    }
    ++entry;
  }
}

void Leaders::stop() {
  for (auto& [id, to] : leaders_) to.replication->stop();
  leaders_.clear();
  followed_.clear();
}

}  // namespace barnabas::partition
