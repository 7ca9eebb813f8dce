#include "broker/metrics.h"

#include "broker/api/table.h"

namespace barnabas::broker {
namespace {

void raise(Counter& counter, int64_t to) {
  const double by = static_cast<double>(to) - counter.value();
  if (by > 0) counter.add(by);
}

}  // namespace

void publish(const api::RequestMetrics& requests, const partition::Partitions& partitions,
             Metrics& into) {
  for (const api::Api& api : api::all_apis()) {
    const auto& of = requests.apis[static_cast<size_t>(api::RequestMetrics::place(api.key))];
    const Labels labels = {{"request", api.name}};
    raise(into.counter("barnabas_requests_total", "Requests received", labels),
          of.requests.value());
    raise(into.counter("barnabas_request_errors_total", "Requests answered with an error", labels),
          of.errors.value());
    raise(into.counter("barnabas_request_microseconds_total",
                       "Time from receiving requests to answering them", labels),
          of.total_microseconds.value());
  }
  raise(into.counter("barnabas_network_received_bytes_total", "Bytes of requests"),
        requests.bytes_in.value());
  raise(into.counter("barnabas_network_sent_bytes_total", "Bytes of answers"),
        requests.bytes_out.value());
  raise(into.counter("barnabas_connections_refused_total", "Connections closed for what they sent"),
        requests.refused_connections.value());
  raise(into.counter("barnabas_produced_bytes_total", "Bytes of record batches received"),
        requests.produced_bytes.value());
  raise(into.counter("barnabas_produce_refused_disk_full_total",
                     "Batches refused because the disk is nearly full"),
        requests.produce_refused_disk_full.value());
  into.gauge("barnabas_connections", "Open connections")
      .set(static_cast<double>(requests.connections.value()));

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
  into.gauge("barnabas_replicas", "Replicas on this broker")
      .set(static_cast<double>(replicas.size()));
  into.gauge("barnabas_replicas_leading", "Replicas that lead").set(leading);
  into.gauge("barnabas_replicas_offline", "Replicas that are offline or fenced").set(in_trouble);
  into.gauge("barnabas_log_bytes", "Bytes in logs").set(bytes);
}

}  // namespace barnabas::broker
