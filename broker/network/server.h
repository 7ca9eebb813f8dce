// The listeners and their connections. Each loop has connections of its own, which never move.

#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "broker/network/connection.h"

namespace barnabas::network {

class Server {
 public:
  Server(Transport& transport, std::vector<Executor*> loops, api::Services& services,
         ConnectionLimits limits);
  ~Server();

  // Listens at `at` for the listener `name`; gives the real endpoint. Connections are closed at
  // once until open() is called.
  absl::StatusOr<Endpoint> listen(const std::string& name, const Endpoint& at);
  void open();

  // Stops listening, lets connections send what they have queued for a moment, closes them. `done`
  // runs on `loop` when none is left.
  void stop(Executor& loop, Task done);

 private:
  struct Shard;

  Transport& transport_;
  std::vector<Executor*> loops_;
  api::Services& services_;
  const ConnectionLimits limits_;
  std::vector<std::shared_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<Listening>> listening_;
  std::shared_ptr<std::atomic<bool>> open_;
};

}  // namespace barnabas::network
