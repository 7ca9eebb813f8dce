#include "common/sim/sim_network.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "common/sim/sim_connection.h"
#include "common/sim/sim_link.h"

namespace barnabas {
namespace {

// How often an attempt without answer is repeated by the kernel.
constexpr Duration kKnockAgain = std::chrono::milliseconds(500);

bool is_grpc(Channel channel) {
  return channel == Channel::kRaft || channel == Channel::kRaftBulk ||
         channel == Channel::kController;
}

}  // namespace

SimNetwork::SimNetwork(Simulation& simulation, NetworkOptions options)
    : simulation_(simulation),
      options_(options),
      random_(seeded_random(simulation.seed())->fork("network")) {
  simulation_.observe(this);
  reachability_.on_mended([this] {
    for (const auto& [id, connection] : std::map(connections_)) {
      for (int side : {0, 1}) schedule_pump(connection, side);
    }
  });
}

SimNetwork::~SimNetwork() {
  simulation_.forget(this);
  for (const auto& [id, connection] : connections_) connection->network = nullptr;
}

Duration SimNetwork::draw_latency() {
  const bool slow = random_->chance(options_.slow_percent);
  const Duration limit = slow ? options_.slow_latency : options_.max_latency;
  const int64_t span = std::max<int64_t>((limit - options_.min_latency).count(), 0) + 1;
  return options_.min_latency +
         Duration(static_cast<int64_t>(random_->below(static_cast<uint64_t>(span))));
}

bool SimNetwork::both_ways(const std::string& a, const std::string& b) const {
  return reachability_.reaches(a, b) && reachability_.reaches(b, a);
}

std::vector<SimNetwork::ConnectionPtr> SimNetwork::connections_of(const std::string& node) const {
  std::vector<ConnectionPtr> out;
  for (const auto& [id, connection] : connections_) {
    if (connection->sides[0].node == node || connection->sides[1].node == node) {
      out.push_back(connection);
    }
  }
  return out;
}

// ---- Nodes ----

void SimNetwork::node_killed(const std::string& name, Simulation::Death death) {
  std::erase_if(listeners_, [&](const auto& listener) { return listener.second.node == name; });
  if (death == Simulation::Death::kPower) without_power_.insert(name);
  for (const ConnectionPtr& connection : connections_of(name)) {
    for (int side : {0, 1}) {
      SimConnection::Side& dead = connection->sides[side];
      if (dead.node != name) continue;
      dead.gone = true;
      dead.inbox.clear();
      // The kernel may not have sent all that it was given; what is out is out.
      if (!dead.wire.empty()) {
        dead.sent_end = false;
        dead.wire.resize(static_cast<size_t>(random_->below(dead.wire.size())));
      }
      if (death == Simulation::Death::kProcess) transmit_end(connection, side);
    }
    forget_if_over(connection);
  }
}

void SimNetwork::node_started(const std::string& name) {
  if (without_power_.erase(name) == 0) return;
  // The new kernel knows nothing of the old connections and says so to whoever still talks.
  for (const ConnectionPtr& connection : connections_of(name)) {
    for (int side : {0, 1}) {
      if (connection->sides[side].node == name) transmit_end(connection, side);
    }
  }
}

void SimNetwork::break_links(const std::string& a, const std::string& b) {
  for (const ConnectionPtr& connection : connections_of(a)) {
    const auto& sides = connection->sides;
    if ((sides[0].node == a && sides[1].node == b) || (sides[0].node == b && sides[1].node == a)) {
      break_connection(connection);
    }
  }
}

void SimNetwork::break_connection(const ConnectionPtr& connection) {
  for (int side : {0, 1}) {
    connection->sides[side].wire.clear();
    connection->sides[side].sent_end = true;
    close_side(connection, side, Close::kPeer);
  }
}

// ---- Connecting ----

bool SimNetwork::answers(const Endpoint& endpoint) const {
  const auto owner = owners_.find(endpoint);
  return owner == owners_.end() || without_power_.count(owner->second) == 0;
}

void SimNetwork::knock(const ConnectionPtr& connection, Instant give_up) {
  simulation_.after(draw_latency(), [this, connection, give_up] {
    SimConnection::Side& dialler = connection->sides[0];
    if (connection->network == nullptr || dialler.gone) return;
    const auto owner = owners_.find(connection->to);
    const std::string target = owner == owners_.end() ? "" : owner->second;
    if (answers(connection->to) && (target.empty() || both_ways(dialler.node, target))) {
      return arrive(connection);
    }
    if (simulation_.now() + kKnockAgain > give_up) return;  // the dialler's timer ends it
    simulation_.after(kKnockAgain, [this, connection, give_up] {
      if (connection->network != nullptr) knock(connection, give_up);
    });
  });
}

void SimNetwork::arrive(const ConnectionPtr& connection) {
  const auto found = listeners_.find(connection->to);
  if (found == listeners_.end()) {
    return turn_away(connection, Close::kRefused);
  }
  Listener& listener = found->second;
  SimExecutor& loop = *listener.loops[listener.next_loop++ % listener.loops.size()];
  SimConnection::Side& accepting = connection->sides[1];
  accepting.node = listener.node;
  accepting.executor = &loop;
  accepting.address = connection->to;
  const auto& channels = listener.channels;
  if (std::find(channels.begin(), channels.end(), connection->channel) == channels.end()) {
    accepting.gone = true;
    return turn_away(connection, Close::kProtocol);
  }
  // The kernel completes TCP's handshake by itself; gRPC's needs the process.
  if (!is_grpc(connection->channel)) open(connection);
  loop.post([this, connection, accept = listener.accept] {
    if (connection->network != nullptr) accepted(connection, accept);
  });
}

void SimNetwork::accepted(const ConnectionPtr& connection,
                          const std::shared_ptr<Transport::Accept>& accept) {
  SimConnection::Side& accepting = connection->sides[1];
  if (accepting.gone) return;
  accepting.open = true;
  if (is_grpc(connection->channel)) open(connection);
  auto link = std::make_unique<SimLink>(connection, 1);
  const bool listening = std::any_of(listeners_.begin(), listeners_.end(),
                                     [&](const auto& l) { return l.second.accept == accept; });
  if (!listening) return;  // the link dies and the dialler hears of it
  (*accept)(connection->channel, std::move(link));
}

void SimNetwork::turn_away(const ConnectionPtr& connection, Close why) {
  simulation_.after(draw_latency(), [this, connection, why] {
    if (connection->network != nullptr) close_side(connection, 0, why);
  });
}

void SimNetwork::open(const ConnectionPtr& connection) {
  // Nothing that the accepting side says may overtake this.
  connection->opens_at = simulation_.now() + draw_latency();
  simulation_.at(connection->opens_at, [this, connection] {
    SimConnection::Side& dialler = connection->sides[0];
    if (connection->network == nullptr || dialler.gone || dialler.executor == nullptr) return;
    dialler.executor->post([this, connection] {
      SimConnection::Side& side = connection->sides[0];
      if (connection->network == nullptr || side.gone || side.open) return;
      side.open = true;
      if (side.sink != nullptr) side.sink->opened();
      deliver_later(connection, 0);
      schedule_pump(connection, 0);
    });
  });
}

// ---- Bytes ----

Instant SimNetwork::arrival(const SimConnection& connection, int from) {
  const SimConnection::Side& side = connection.sides[from];
  Instant arrival = simulation_.now() + draw_latency();
  if (!side.wire.empty()) arrival = std::max(arrival, side.wire.back().arrives);
  if (from == 1) arrival = std::max(arrival, connection.opens_at + Duration(1));
  return arrival;
}

void SimNetwork::transmit(const ConnectionPtr& connection, int from, std::string bytes) {
  SimConnection::Side& side = connection->sides[from];
  if (side.sent_end || side.gone) return;
  if (options_.breaks_per_million_frames > 0 &&
      random_->below(1'000'000) < options_.breaks_per_million_frames) {
    return break_connection(connection);
  }
  side.unread_bytes += bytes.size();
  side.wire.push_back({std::move(bytes), false, arrival(*connection, from)});
  schedule_pump(connection, from);
}

void SimNetwork::transmit_end(const ConnectionPtr& connection, int from) {
  SimConnection::Side& side = connection->sides[from];
  if (std::exchange(side.sent_end, true)) return;
  side.wire.push_back({"", true, arrival(*connection, from)});
  schedule_pump(connection, from);
}

void SimNetwork::schedule_pump(const ConnectionPtr& connection, int from) {
  SimConnection::Side& side = connection->sides[from];
  if (side.pump_scheduled || side.wire.empty()) return;
  side.pump_scheduled = true;
  simulation_.at(side.wire.front().arrives, [this, connection, from] {
    connection->sides[from].pump_scheduled = false;
    if (connection->network != nullptr) pump(connection, from);
  });
}

void SimNetwork::pump(const ConnectionPtr& connection, int from) {
  SimConnection::Side& sender = connection->sides[from];
  SimConnection::Side& receiver = connection->sides[1 - from];
  if (!sender.wire.empty() && sender.wire.front().arrives <= simulation_.now()) {
    // Nothing passes a cut: it waits, and on_mended() comes back to it. Nor does anything enter a
    // connection that the other side does not have yet.
    if (!reachability_.reaches(sender.node, receiver.node) || receiver.node.empty() ||
        without_power_.count(receiver.node) != 0) {
      return;
    }
    SimConnection::Item item = std::move(sender.wire.front());
    sender.wire.pop_front();
    if (receiver.gone) {
      // Its kernel answers with a reset.
      if (!item.end) transmit_end(connection, 1 - from);
    } else if (item.end) {
      receiver.end_in_inbox = true;
      deliver_later(connection, 1 - from);
    } else {
      receiver.inbox.push_back(std::move(item.bytes));
      deliver_later(connection, 1 - from);
    }
  }
  schedule_pump(connection, from);
  forget_if_over(connection);
}

void SimNetwork::deliver_later(const ConnectionPtr& connection, int side_index) {
  SimConnection::Side& side = connection->sides[side_index];
  if (side.delivery_posted || side.gone || side.executor == nullptr) return;
  if (side.inbox.empty() && !side.end_in_inbox) return;
  side.delivery_posted = true;
  side.executor->post([this, connection, side_index] {
    connection->sides[side_index].delivery_posted = false;
    if (connection->network != nullptr) deliver(connection, side_index);
  });
}

void SimNetwork::deliver(const ConnectionPtr& connection, int side_index) {
  SimConnection::Side& side = connection->sides[side_index];
  SimConnection::Side& sender = connection->sides[1 - side_index];
  const size_t limit =
      is_grpc(connection->channel) ? options_.max_grpc_message_bytes : options_.max_frame_bytes;
  while (!side.gone && side.open && side.sink != nullptr && !side.muted && !side.sent_end &&
         !side.inbox.empty()) {
    std::string bytes = std::move(side.inbox.front());
    side.inbox.pop_front();
    sender.unread_bytes -= bytes.size();
    if (bytes.size() > limit) {
      transmit_end(connection, side_index);
      return close_side(connection, side_index, Close::kProtocol);
    }
    if (sender.over_limit && sender.unread_bytes == 0 && !sender.gone) {
      sender.over_limit = false;
      sender.executor->post([connection, from = 1 - side_index] {
        SimConnection::Side& s = connection->sides[from];
        if (!s.gone && s.sink != nullptr) s.sink->drained();
      });
    }
    ++frames_delivered_;
    side.sink->frame(Buffer::own(std::move(bytes)));
  }
  if (side.gone || side.sent_end || !side.end_in_inbox || side.sink == nullptr) return;
  if (!side.open) return close_side(connection, side_index, Close::kTimeout);
  if (side.inbox.empty()) close_side(connection, side_index, Close::kPeer);
}

void SimNetwork::close_side(const ConnectionPtr& connection, int side_index, Close why) {
  SimConnection::Side& side = connection->sides[side_index];
  if (connection->network == nullptr || side.gone || side.executor == nullptr) return;
  side.executor->post([this, connection, side_index, why] {
    SimConnection::Side& s = connection->sides[side_index];
    if (s.gone) return;
    // An accepted link that has not been started yet hears of it when it is.
    if (s.sink == nullptr && s.link != nullptr) {
      s.end_in_inbox = true;
      s.inbox.clear();
      return;
    }
    s.gone = true;
    s.open = false;
    s.inbox.clear();
    LinkSink* const sink = s.sink;
    if (connection->network != nullptr) {
      transmit_end(connection, side_index);
      forget_if_over(connection);
    }
    if (sink != nullptr) sink->closed(why);
  });
}

void SimNetwork::forget_if_over(const ConnectionPtr& connection) {
  const auto over = [](const SimConnection::Side& side) {
    return side.gone || side.executor == nullptr;
  };
  if (over(connection->sides[0]) && over(connection->sides[1])) {
    connections_.erase(connection->id);
  }
}

}  // namespace barnabas
