// Which partitions are copied from which broker: keeps one LeaderReplication per broker that leads
// something this broker follows, connected to where that broker listens now.
//
// Used on the metadata loop only.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/partition/partition_shell.h"
#include "broker/replication/leader_replication.h"
#include "common/random.h"
#include "common/transport.h"
#include "metadata/image.h"

namespace barnabas::partition {

class Leaders {
 public:
  Leaders(replication::FetcherOptions options, std::string listener, Transport& transport,
          std::vector<Executor*> loops, Random& random);
  ~Leaders();

  // The committed state of a partition here: follow its leader, or (leading, leaderless) nobody.
  void follow(const std::shared_ptr<PartitionShell>& partition,
              const metadata::PartitionImage& state);
  void let_go(const metadata::TopicPartition& id);
  // Carries out what follow() and let_go() have gathered: one message to each broker's loop.
  void commit(const metadata::Image& image, BrokerEpoch own_epoch);
  void stop();

 private:
  struct Followed {
    BrokerId leader;
    LeaderEpoch epoch;
  };
  struct Leader {
    std::shared_ptr<replication::LeaderReplication> replication;
    BrokerEpoch epoch = kNoBrokerEpoch;
    Endpoint at;
    bool fenced = false;
    size_t followed = 0;
    std::vector<std::shared_ptr<Follower>> to_assign;
    std::vector<metadata::TopicPartition> to_unassign;
  };

  Leader& leader(BrokerId id);

  const replication::FetcherOptions options_;
  const std::string listener_;
  Transport& transport_;
  const std::vector<Executor*> loops_;
  Random& random_;
  size_t next_loop_ = 0;
  BrokerEpoch own_epoch_ = kNoBrokerEpoch;
  std::map<BrokerId, Leader> leaders_;
  std::map<metadata::TopicPartition, Followed> followed_;
};

}  // namespace barnabas::partition
