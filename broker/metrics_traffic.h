// Traffic of the broker and of each topic, summed up over replicas that come and go.
//
// A counter must not fall, or a rate taken from it shows a burst that never was. Each replica
// counts for itself; here it is remembered what each had counted when it was seen last, so that
// what a replica counted stays in the sums when the replica is gone.

#pragma once

#include <map>
#include <string>

#include "broker/partition/traffic.h"
#include "common/metrics.h"
#include "metadata/image.h"

namespace barnabas::broker {

class TrafficSums {
 public:
  // Once for every replica that is here, then end().
  void see(const metadata::TopicPartition& id, const std::string& topic,
           const partition::TrafficView& traffic);
  // Those that were not seen since the last end() are gone.
  void end();

  const partition::TrafficView& all() const { return all_; }
  // Of topics that have a replica here.
  const std::map<std::string, partition::TrafficView>& topics() const { return topics_; }

 private:
  struct Replica {
    std::string topic;
    partition::TrafficView traffic;
    bool seen = false;
  };
  void retire(const Replica& replica);

  std::map<metadata::TopicPartition, Replica> replicas_;
  partition::TrafficView retired_;
  std::map<std::string, partition::TrafficView> retired_topics_;
  partition::TrafficView all_;
  std::map<std::string, partition::TrafficView> topics_;
};

void show_traffic(const partition::TrafficView& traffic, const Labels& labels, Exposition& into);

}  // namespace barnabas::broker
