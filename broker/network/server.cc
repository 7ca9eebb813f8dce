#include "broker/network/server.h"

#include <map>
#include <utility>

namespace barnabas::network {
namespace {

// How long stop() waits for clients to take the answers that are on their way.
constexpr Duration kFarewell = std::chrono::milliseconds(200);

}  // namespace

// The connections of one loop; touched on it only.
struct Server::Shard : std::enable_shared_from_this<Server::Shard> {
  explicit Shard(Executor& on) : loop(on) {}

  void add(LinkPtr link, const std::string& listener, api::Services& services,
           ConnectionLimits limits) {
    if (stopping) return;
    const uint64_t number = ++last_number;
    auto connection =
        std::make_shared<Connection>(std::move(link), loop, listener, services, limits,
                                     [self = weak_from_this(), number](Connection*) {
                                       if (const std::shared_ptr<Shard> shard = self.lock())
                                         shard->remove(number);
                                     });
    Connection& started = *connection;
    connections.emplace(number, std::move(connection));
    started.start();
  }

  // Called from the connection's last event: it outlives that by one turn of the loop.
  void remove(uint64_t number) {
    const auto found = connections.find(number);
    if (found == connections.end()) return;
    loop.post([keep = std::move(found->second)] {});
    connections.erase(found);
    tell_if_empty();
  }

  void stop(Task done) {
    stopping = true;
    when_empty = std::move(done);
    for (auto& [number, connection] : connections) connection->close();
    timer = loop.after(kFarewell, [self = shared_from_this()] {
      self->timer = 0;
      self->connections.clear();
      self->tell_if_empty();
    });
    tell_if_empty();
  }

  void tell_if_empty() {
    if (!stopping || !connections.empty() || !when_empty) return;
    loop.cancel(std::exchange(timer, 0));
    std::exchange(when_empty, Task())();
  }

  Executor& loop;
  // In the order in which they came, so that a stop is the same each time (simulation).
  std::map<uint64_t, std::shared_ptr<Connection>> connections;
  uint64_t last_number = 0;
  bool stopping = false;
  Task when_empty;
  TimerId timer = 0;
};

Server::Server(Transport& transport, std::vector<Executor*> loops, api::Services& services,
               ConnectionLimits limits)
    : transport_(transport),
      loops_(std::move(loops)),
      services_(services),
      limits_(limits),
      open_(std::make_shared<std::atomic<bool>>(false)) {
  for (Executor* loop : loops_) shards_.push_back(std::make_shared<Shard>(*loop));
}

Server::~Server() = default;

absl::StatusOr<Endpoint> Server::listen(const std::string& name, const Endpoint& at) {
  auto accept = [open = open_, shards = shards_, name, &services = services_, limits = limits_](
                    Channel, LinkPtr link) {
    if (!open->load(std::memory_order_acquire)) return;  // dropping the link closes it
    for (const std::shared_ptr<Shard>& shard : shards) {
      if (!shard->loop.here()) continue;
      return shard->add(std::move(link), name, services, limits);
    }
  };
  auto listening =
      transport_.listen(at, {Channel::kKafka, Channel::kFetch, Channel::kReport}, loops_, accept);
  if (!listening.ok()) return listening.status();
  Endpoint endpoint = (*listening)->endpoint();
  listening_.push_back(*std::move(listening));
  return endpoint;
}

void Server::open() { open_->store(true, std::memory_order_release); }

void Server::stop(Executor& loop, Task done) {
  open_->store(false, std::memory_order_release);
  listening_.clear();
  struct Countdown {
    size_t left;
    Task done;
  };
  auto countdown = std::make_shared<Countdown>(Countdown{shards_.size(), std::move(done)});
  for (const std::shared_ptr<Shard>& shard : shards_) {
    shard->loop.post([shard, countdown, &loop] {
      shard->stop([countdown, &loop] {
        loop.post([countdown] {
          if (--countdown->left == 0) countdown->done();
        });
      });
    });
  }
}

}  // namespace barnabas::network
