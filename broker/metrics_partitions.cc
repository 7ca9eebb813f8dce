#include "broker/metrics_partitions.h"

#include <map>

#include "metadata/config_keys.h"

namespace barnabas::broker {
namespace {

void show_counts(const std::vector<PartitionFacts>& partitions, BrokerId self, Exposition& into) {
  int leading = 0, under_replicated = 0, under_min = 0, at_min = 0, offline = 0;
  double bytes = 0;
  for (const PartitionFacts& partition : partitions) {
    offline += !partition.here || !partition.view.trouble.empty();
    bytes += static_cast<double>(partition.view.size_bytes);
    if (partition.leader != self) continue;
    ++leading;
    under_replicated += partition.in_sync < partition.replicas;
    under_min += partition.in_sync < partition.min_in_sync;
    at_min += partition.in_sync == partition.min_in_sync;
  }
  const auto gauge = [&](const char* name, const char* help, double value) {
    into.gauge(std::string("kafka_server_replicamanager_") + name, help, value);
  };
  gauge("partitioncount", "Replicas on this broker", static_cast<double>(partitions.size()));
  gauge("leadercount", "Partitions that this broker leads", leading);
  gauge("underreplicatedpartitions", "Of those it leads: not all replicas are in sync",
        under_replicated);
  gauge("underminisrpartitioncount", "Of those it leads: fewer in sync than min.insync.replicas",
        under_min);
  gauge("atminisrpartitioncount", "Of those it leads: in sync exactly min.insync.replicas", at_min);
  gauge("offlinereplicacount", "Replicas on this broker that are damaged or out of service",
        offline);
  into.gauge("barnabas_log_bytes", "Bytes in the logs of this broker", bytes);
}

void show_partition(const PartitionFacts& partition, BrokerId self, Exposition& into) {
  const Labels labels = {{"topic", partition.topic},
                         {"partition", std::to_string(partition.id.index.value())}};
  const auto gauge = [&](const char* name, const char* help, double value) {
    into.gauge(name, help, value, labels);
  };
  const auto offset = [](Offset at) { return static_cast<double>(at.value()); };
  if (partition.here) {
    gauge("kafka_log_log_size", "Bytes in the log of this replica",
          static_cast<double>(partition.view.size_bytes));
    gauge("kafka_log_log_logstartoffset", "First offset of this replica",
          offset(partition.view.log_start));
    gauge("kafka_log_log_logendoffset", "Next offset of this replica",
          offset(partition.view.log_end));
    gauge("barnabas_log_durable_end_offset", "Everything below is on the disk of this replica",
          offset(partition.view.durable_end));
  }
  if (partition.leader != self) return;
  const bool under = partition.in_sync < partition.replicas;
  gauge("kafka_cluster_partition_replicascount", "Replicas",
        static_cast<double>(partition.replicas));
  gauge("kafka_cluster_partition_insyncreplicascount", "Replicas in sync",
        static_cast<double>(partition.in_sync));
  gauge("kafka_cluster_partition_underreplicated", "1: not all replicas are in sync", under);
  gauge("kafka_cluster_partition_underminisr", "1: fewer in sync than min.insync.replicas",
        partition.in_sync < partition.min_in_sync);
  gauge("kafka_cluster_partition_atminisr", "1: in sync exactly min.insync.replicas",
        partition.in_sync == partition.min_in_sync);
  // As kafka_exporter names them; each by the leader alone, so that they may be added up.
  gauge("kafka_topic_partition_current_offset", "High watermark: where consumers end",
        offset(partition.view.high_watermark));
  gauge("kafka_topic_partition_oldest_offset", "First offset", offset(partition.view.log_start));
  gauge("kafka_topic_partition_in_sync_replica", "Replicas in sync",
        static_cast<double>(partition.in_sync));
  gauge("kafka_topic_partition_leader", "Number of the broker that leads",
        partition.leader.value());
  gauge("kafka_topic_partition_leader_is_preferred", "1: the first of its replicas leads",
        partition.leader_is_preferred);
  gauge("kafka_topic_partition_replicas", "Replicas", static_cast<double>(partition.replicas));
  gauge("kafka_topic_partition_under_replicated_partition", "1: not all replicas are in sync",
        under);
}

}  // namespace

bool matches(const std::string& asked, const std::string& name) {
  if (asked.empty()) return true;
  if (asked.back() != '*') return asked == name;
  return name.compare(0, asked.size() - 1, asked, 0, asked.size() - 1) == 0;
}

std::vector<PartitionFacts> look_at_partitions(const ControllerSession& session,
                                               const partition::Partitions& partitions,
                                               BrokerId self) {
  std::vector<PartitionFacts> out;
  session.with_image([&](const metadata::Image& image) {
    const std::vector<metadata::TopicPartition> ours = image.partitions_of(self);
    out.reserve(ours.size());
    const metadata::TopicImage* topic = nullptr;  // of the partition before: they are sorted
    metadata::TopicSettings settings;
    PartitionIndex tells;
    for (const metadata::TopicPartition& id : ours) {
      if (topic == nullptr || topic->id != id.topic) {
        topic = image.topic(id.topic);
        if (topic == nullptr) continue;
        settings = metadata::topic_settings(image, topic->name);
        // The first partition that is led speaks for its topic.
        size_t first = 0;
        while (first + 1 < topic->partitions.size() &&
               topic->partitions[first].leader == kNoBroker) {
          ++first;
        }
        tells = PartitionIndex(static_cast<int32_t>(first));
      }
      const metadata::PartitionImage& state =
          topic->partitions[static_cast<size_t>(id.index.value())];
      PartitionFacts& facts = out.emplace_back();
      facts.id = id;
      facts.topic = topic->name;
      facts.replicas = state.replicas.size();
      facts.in_sync = state.in_sync.size();
      facts.min_in_sync =
          static_cast<size_t>(metadata::effective_min_in_sync(settings, state.replicas.size()));
      facts.leader = state.leader;
      facts.leader_is_preferred = state.leader == state.replicas.front();
      if (id.index == tells) facts.partitions_of_topic = topic->partitions.size();
    }
  });
  for (PartitionFacts& facts : out) {
    const auto replica = partitions.find(facts.id);
    facts.here = replica != nullptr;
    if (facts.here) facts.view = replica->view();
  }
  return out;
}

void PartitionCollector::collect(const std::vector<PartitionFacts>& partitions, BrokerId self,
                                 const http::MetricsQuery& query, Exposition& into) {
  show_counts(partitions, self, into);
  for (const PartitionFacts& partition : partitions) {
    if (partition.here) traffic_.see(partition.id, partition.topic, partition.view.traffic);
  }
  traffic_.end();
  const partition::TrafficView& all = traffic_.all();
  show_traffic(all, {}, into);
  into.counter("kafka_server_replicamanager_isrshrinks_total",
               "In-sync sets that became smaller, as their leader saw it",
               static_cast<double>(all.in_sync_shrinks));
  into.counter("kafka_server_replicamanager_isrexpands_total",
               "In-sync sets that became larger, as their leader saw it",
               static_cast<double>(all.in_sync_expands));
  if (!query.full) return;
  for (const auto& [topic, traffic] : traffic_.topics()) {
    if (matches(query.topic, topic)) show_traffic(traffic, {{"topic", topic}}, into);
  }
  for (const PartitionFacts& partition : partitions) {
    if (!matches(query.topic, partition.topic)) continue;
    if (partition.leader == self && partition.partitions_of_topic > 0) {
      into.gauge("kafka_topic_partitions", "Partitions of a topic",
                 static_cast<double>(partition.partitions_of_topic), {{"topic", partition.topic}});
    }
    show_partition(partition, self, into);
  }
}

}  // namespace barnabas::broker
