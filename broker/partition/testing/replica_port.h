// The port of a leader, as far as replicas need it: Fetch with long poll and DurableReport, on real
// frames. For simulations that want replication without the rest of a broker.

#pragma once

#include <map>
#include <memory>
#include <vector>

#include "broker/partition/partition.h"
#include "common/transport.h"

namespace barnabas::partition::testing {

class ReplicaPort {
 public:
  ReplicaPort(Transport& transport, const Endpoint& at, Executor& loop,
              std::shared_ptr<Partition> partition);
  ~ReplicaPort();

 private:
  class Connection;
  void accept(LinkPtr link);

  Executor& loop_;
  std::shared_ptr<Partition> partition_;
  std::vector<std::shared_ptr<Connection>> connections_;
  std::unique_ptr<Listening> listening_;
};

}  // namespace barnabas::partition::testing
