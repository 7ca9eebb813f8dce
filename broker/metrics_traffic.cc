#include "broker/metrics_traffic.h"

#include <utility>

namespace barnabas::broker {

void TrafficSums::see(const metadata::TopicPartition& id, const std::string& topic,
                      const partition::TrafficView& traffic) {
  const auto [place, is_new] = replicas_.try_emplace(id);
  Replica& replica = place->second;
  if (!is_new) {
    bool fell = false;
    replica.traffic.with(traffic, [&](int64_t before, int64_t now) { fell |= now < before; });
    if (fell) retire(replica);  // it was closed and opened again
  }
  replica = {topic, traffic, true};
}

void TrafficSums::retire(const Replica& replica) {
  retired_.add(replica.traffic);
  retired_topics_[replica.topic].add(replica.traffic);
}

void TrafficSums::end() {
  for (auto at = replicas_.begin(); at != replicas_.end();) {
    if (std::exchange(at->second.seen, false)) {
      ++at;
      continue;
    }
    retire(at->second);
    at = replicas_.erase(at);
  }
  all_ = retired_;
  topics_.clear();
  for (const auto& [id, replica] : replicas_) {
    all_.add(replica.traffic);
    topics_[replica.topic].add(replica.traffic);
  }
  std::erase_if(retired_topics_, [&](const auto& gone) { return !topics_.contains(gone.first); });
  for (const auto& [topic, traffic] : retired_topics_) topics_[topic].add(traffic);
}

void show_traffic(const partition::TrafficView& traffic, const Labels& labels, Exposition& into) {
  const auto show = [&](const char* name, const char* help, int64_t value) {
    into.counter(std::string("kafka_server_brokertopicmetrics_") + name, help,
                 static_cast<double>(value), labels);
  };
  show("messagesin_total", "Records that clients produced", traffic.records_in);
  show("bytesin_total", "Bytes of record batches that clients produced", traffic.bytes_in);
  show("bytesout_total", "Bytes of record batches that clients fetched", traffic.bytes_out);
  show("totalproducerequests_total", "Produce requests, once for each partition in them",
       traffic.produce_requests);
  show("totalfetchrequests_total", "Fetch requests of clients, once for each partition in them",
       traffic.fetch_requests);
  show("failedproducerequests_total", "Of these, produce requests that failed",
       traffic.failed_produce_requests);
  show("failedfetchrequests_total", "Of these, fetch requests that failed",
       traffic.failed_fetch_requests);
}

}  // namespace barnabas::broker
