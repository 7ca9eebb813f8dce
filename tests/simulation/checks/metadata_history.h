// I29-I34 on the committed image, as it changes: "a broker's epoch grows with each registration;
// topic ids never come back; a leader is in the in-sync set, and that among the replicas; leader,
// partition and lineage numbers never go back; a fenced broker leads nothing; who is elected was in
// sync or eligible before (P29), or the lineage moves, and that only where unclean elections are
// allowed; producer ids are given out once."

#pragma once

#include <map>
#include <set>
#include <string>

#include "metadata/image.h"
#include "tests/simulation/checks/place.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class MetadataHistory {
 public:
  explicit MetadataHistory(Findings& findings) : findings_(findings) {}

  // Images of whatever node; one that is not newer than the newest seen says nothing new.
  void committed(const metadata::Image& image);
  // One partition of it. (Images refuse the coarsest mistakes themselves.)
  void partition(const Place& place, const metadata::PartitionImage& partition,
                 bool leader_is_fenced, bool unclean_is_allowed = false);
  // How often a leader came from outside the in-sync set, cleanly and uncleanly.
  uint64_t eligible_elections() const { return eligible_elections_; }
  uint64_t unclean_elections() const { return unclean_elections_; }

 private:
  void check_brokers(const metadata::Image& image);
  void check_topics(const metadata::Image& image);

  Findings& findings_;
  LogIndex newest_{-1};
  std::map<BrokerId, BrokerEpoch> epochs_;
  std::map<Place, metadata::PartitionImage> partitions_;
  std::set<Uuid> alive_;
  std::set<Uuid> dead_;
  ProducerId next_producer_id_{0};
  uint64_t eligible_elections_ = 0;
  uint64_t unclean_elections_ = 0;
};

}  // namespace barnabas::simulation
