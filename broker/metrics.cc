#include "broker/metrics.h"

#include <algorithm>

#include "common/process_metrics.h"

namespace barnabas::broker {

void BrokerMetrics::collect(const SessionFacts& facts, const http::MetricsQuery& query, Instant now,
                            Exposition& into) {
  show_session(facts, into);
  show_idle(now, into);
  requests_.collect(sources_.requests, now, into);
  const std::vector<PartitionFacts> partitions =
      look_at_partitions(sources_.session, sources_.partitions, sources_.self);
  partitions_.collect(partitions, sources_.self, query, into);
  groups_.collect(sources_.groups.facts(), partitions, sources_.partitions, system_clock().wall(),
                  query, into);
  show_disk(into);
}

void BrokerMetrics::show_session(const SessionFacts& facts, Exposition& into) const {
  into.gauge("barnabas_info", "Who this is; always 1", 1,
             {{"role", "broker"},
              {"node", std::to_string(sources_.self.value())},
              {"cluster", facts.cluster_id}});
  // Kafka's numbers: 1 starting, 3 running, 6 stopping.
  into.gauge("kafka_server_kafkaserver_brokerstate", "1: starting, 3: running, 6: stopping",
             facts.stopping  ? 6
             : facts.serving ? 3
                             : 1);
  into.gauge("barnabas_broker_attached", "1: has a session with the active controller",
             facts.attached);
  into.gauge("barnabas_broker_fenced", "1: the controller counts this broker as gone",
             facts.fenced);
  int64_t index = 0;
  size_t brokers = 0;
  sources_.session.with_image([&](const metadata::Image& image) {
    index = image.index().value();
    for (const auto& [id, broker] : image.brokers()) brokers += broker.fenced ? 0 : 1;
  });
  into.gauge("barnabas_metadata_index", "Up to which entry of the quorum's log metadata is known",
             static_cast<double>(index));
  into.gauge("kafka_brokers", "Brokers that live, as this one knows; take the maximum",
             static_cast<double>(brokers));
}

void BrokerMetrics::show_disk(Exposition& into) const {
  const storage::FlushStatistics& flushes = sources_.flushes;
  into.histogram("barnabas_fsync_seconds", "How long it took to make one round of appends durable",
                 flushes.sync.snapshot(), 1e6);
  into.histogram("barnabas_flush_bytes", "Bytes that one round made durable",
                 flushes.bytes.snapshot(), 1);
  into.histogram("barnabas_flush_partitions", "Partitions that one round made durable",
                 flushes.clients.snapshot(), 1);
  into.counter("barnabas_fsync_failures_total", "Rounds that failed; the first one is the last",
               static_cast<double>(flushes.failures.value()));
  into.gauge("kafka_log_logmanager_offlinelogdirectorycount", "Data directories out of service",
             flushes.failures.value() > 0);
  into.gauge("barnabas_disk_free_bytes", "Free space where the data is",
             static_cast<double>(sources_.disk.free_bytes.load()));
  into.gauge("barnabas_disk_total_bytes", "Size of the file system where the data is",
             static_cast<double>(sources_.disk.total_bytes.load()));
  into.gauge("barnabas_disk_free_min_bytes", "Below this, produce is refused",
             static_cast<double>(sources_.disk.free_min_bytes.load()));
}

void BrokerMetrics::show_idle(Instant now, Exposition& into) {
  double busy = 0;
  const std::map<std::string, double> threads = thread_cpu_seconds();
  for (const std::string& name : io_threads_) {
    const auto found = threads.find(name);
    if (found != threads.end()) busy += found->second;
  }
  const double passed = std::chrono::duration<double>(now - looked_at_).count();
  // The kernel counts in hundredths of a second: over less than a second that says nothing.
  if (looked_at_ == Instant{} || passed >= 1) {
    if (looked_at_ != Instant{} && !io_threads_.empty()) {
      const double share =
          (busy - busy_seconds_) / passed / static_cast<double>(io_threads_.size());
      idle_ = std::clamp(1 - share, 0.0, 1.0);
    }
    looked_at_ = now;
    busy_seconds_ = busy;
  }
  // Requests are handled on the threads that read them: both are one here.
  into.gauge("kafka_network_socketserver_networkprocessoravgidle_percent",
             "Share of time in which the I/O threads had nothing to do: 1 is idle", idle_);
  into.gauge("kafka_server_kafkarequesthandlerpool_requesthandleravgidle_percent",
             "The same threads handle requests: the same share", idle_);
}

}  // namespace barnabas::broker
