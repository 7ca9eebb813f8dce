// The simulated network under SimTransport: ordered links between named nodes, and what can happen
// to them.
//
// What is lost in TCP is sent again, so loss shows as delay or as a broken link, never as a hole:
//   - a partition delays frames, closes and connection attempts until it is mended; an attempt
//     that finds no way in time ends with kTimeout;
//   - a killed process's peers hear closed(kPeer) after the latency, and may have lost any tail of
//     what it sent; dialling it is refused;
//   - a node that lost its power is silent until it starts again; its peers then hear kPeer;
//   - a paused node's kernel still takes Kafka connections and bytes; gRPC channels open only when
//     the process answers;
//   - links break by chance, if asked to (break_links(), breaks_per_million_frames).
// Links keep order within themselves and overtake each other.

#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/random.h"
#include "common/sim/reachability.h"
#include "common/sim/simulation.h"
#include "common/transport.h"

namespace barnabas {

struct NetworkOptions {
  Duration min_latency = std::chrono::microseconds(30);
  Duration max_latency = std::chrono::microseconds(300);
  // So many frames of a hundred take up to `slow_latency` (a packet lost and sent again).
  uint32_t slow_percent = 0;
  Duration slow_latency = std::chrono::milliseconds(20);
  uint32_t breaks_per_million_frames = 0;
  Duration connect_timeout = std::chrono::seconds(2);
  Duration probe_timeout = std::chrono::milliseconds(300);
  // send() returns false while more than this is under way or unread.
  size_t max_queued_bytes = 64 * 1024 * 1024;
  size_t max_frame_bytes = 100 * 1024 * 1024;        // kKafka, kFetch, kReport
  size_t max_grpc_message_bytes = 16 * 1024 * 1024;  // kRaft, kRaftBulk, kController
};

struct SimConnection;

class SimNetwork final : private Simulation::NodeObserver {
 public:
  explicit SimNetwork(Simulation& simulation, NetworkOptions options = {});
  ~SimNetwork();

  Simulation& simulation() { return simulation_; }
  NetworkOptions& options() { return options_; }
  Reachability& reachability() { return reachability_; }

  // Says that `endpoint` belongs to `node` also while nobody listens there. Listening says so too.
  void assign(const Endpoint& endpoint, const std::string& node) { owners_[endpoint] = node; }
  // Closes all links between the two, as a middle box may: both sides hear kPeer, and what is
  // under way is lost.
  void break_links(const std::string& a, const std::string& b);
  // Open links and those under way.
  size_t connections() const { return connections_.size(); }
  uint64_t frames_delivered() const { return frames_delivered_; }

 private:
  friend class SimTransport;
  friend class SimLink;
  friend class SimListening;

  struct Listener {
    std::string node;
    std::vector<Channel> channels;
    std::vector<SimExecutor*> loops;
    size_t next_loop = 0;
    std::shared_ptr<Transport::Accept> accept;
  };
  using ConnectionPtr = std::shared_ptr<SimConnection>;

  void node_started(const std::string& name) override;
  void node_killed(const std::string& name, Simulation::Death death) override;

  Duration draw_latency();
  bool both_ways(const std::string& a, const std::string& b) const;
  // False if the machine that owns `endpoint` has no power.
  bool answers(const Endpoint& endpoint) const;

  void knock(const ConnectionPtr& connection, Instant give_up);
  void arrive(const ConnectionPtr& connection);
  void accepted(const ConnectionPtr& connection, const std::shared_ptr<Transport::Accept>& accept);
  void turn_away(const ConnectionPtr& connection, Close why);
  void open(const ConnectionPtr& connection);

  // When what side `from` sends now gets to the other side.
  Instant arrival(const SimConnection& connection, int from);
  void transmit(const ConnectionPtr& connection, int from, std::string bytes);
  void transmit_end(const ConnectionPtr& connection, int from);
  void schedule_pump(const ConnectionPtr& connection, int from);
  void pump(const ConnectionPtr& connection, int from);
  void deliver(const ConnectionPtr& connection, int side);
  void deliver_later(const ConnectionPtr& connection, int side);
  // Side `side` hears closed(why), once, after what was delivered to it before.
  void close_side(const ConnectionPtr& connection, int side, Close why);
  void break_connection(const ConnectionPtr& connection);
  void forget_if_over(const ConnectionPtr& connection);
  std::vector<ConnectionPtr> connections_of(const std::string& node) const;

  Simulation& simulation_;
  NetworkOptions options_;
  const std::unique_ptr<Random> random_;
  Reachability reachability_;
  std::map<Endpoint, Listener> listeners_;
  std::map<Endpoint, std::string> owners_;
  std::set<std::string> without_power_;
  std::map<uint64_t, ConnectionPtr> connections_;
  uint64_t last_connection_ = 0;
  uint16_t next_port_ = 20000;
  uint64_t frames_delivered_ = 0;
};

}  // namespace barnabas
