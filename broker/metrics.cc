#include "broker/metrics.h"

#include "broker/api/table.h"

namespace barnabas::broker {

void publish(const api::RequestMetrics& requests, const partition::Partitions& partitions,
             Exposition& into) {
  for (const api::Api& api : api::all_apis()) {
    const auto& of = requests.apis[static_cast<size_t>(api::RequestMetrics::place(api.key))];
    const Labels labels = {{"request", api.name}};
    into.counter("barnabas_requests_total", "Requests received",
                 static_cast<double>(of.requests.value()), labels);
    into.counter("barnabas_request_errors_total", "Requests answered with an error",
                 static_cast<double>(of.errors.value()), labels);
    into.counter("barnabas_request_microseconds_total",
                 "Time from receiving requests to answering them",
                 static_cast<double>(of.total_microseconds.value()), labels);
  }
  into.counter("barnabas_network_received_bytes_total", "Bytes of requests",
               static_cast<double>(requests.bytes_in.value()));
  into.counter("barnabas_network_sent_bytes_total", "Bytes of answers",
               static_cast<double>(requests.bytes_out.value()));
  into.counter("barnabas_connections_refused_total", "Connections closed for what they sent",
               static_cast<double>(requests.refused_connections.value()));
  into.counter("barnabas_produced_bytes_total", "Bytes of record batches received",
               static_cast<double>(requests.produced_bytes.value()));
  into.counter("barnabas_produce_refused_disk_full_total",
               "Batches refused because the disk is nearly full",
               static_cast<double>(requests.produce_refused_disk_full.value()));
  into.gauge("barnabas_connections", "Open connections",
             static_cast<double>(requests.connections.value()));

  double leading = 0;
  double in_trouble = 0;
  double bytes = 0;
  const auto replicas = partitions.all();
  for (const auto& replica : replicas) {
    const partition::PartitionView view = replica->view();
    leading += view.leading ? 1 : 0;
    in_trouble += view.trouble.empty() ? 0 : 1;
    bytes += static_cast<double>(view.size_bytes);
  }
  into.gauge("barnabas_replicas", "Replicas on this broker", static_cast<double>(replicas.size()));
  into.gauge("barnabas_replicas_leading", "Replicas that lead", leading);
  into.gauge("barnabas_replicas_offline", "Replicas that are offline or fenced", in_trouble);
  into.gauge("barnabas_log_bytes", "Bytes in logs", bytes);
}

}  // namespace barnabas::broker
