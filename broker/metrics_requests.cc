#include "broker/metrics_requests.h"

#include <string>
#include <utility>

#include "broker/api/table.h"
#include "kafka/errors.h"

namespace barnabas::broker {
namespace {

constexpr std::pair<double, const char*> kQuantiles[] = {
    {0.5, "0.50"}, {0.75, "0.75"}, {0.95, "0.95"}, {0.99, "0.99"}, {0.999, "0.999"}};

void quantiles(const std::string& name, const std::string& help, const std::string& request,
               const Histogram::Snapshot& recent, Exposition& into) {
  for (const auto& [quantile, label] : kQuantiles) {
    into.gauge(name, help, recent.quantile(quantile) / 1000,
               {{"request", request}, {"quantile", label}});
  }
}

double number(const Count& count) { return static_cast<double>(count.value()); }

}  // namespace

void RequestCollector::collect(const api::RequestMetrics& requests, Instant now, Exposition& into) {
  for (const api::Api& api : api::all_apis()) {
    const auto& counted = requests.apis[static_cast<size_t>(api::RequestMetrics::place(api.key))];
    if (counted.requests.value() == 0) continue;  // nobody here uses it
    const std::string name(api.name);
    into.counter("kafka_network_requestmetrics_requests_total", "Requests received",
                 number(counted.requests), {{"request", name}});
    into.counter("kafka_network_requestmetrics_errors_total",
                 "Requests answered with an error in first place", number(counted.errors),
                 {{"request", name}});
    into.histogram("barnabas_request_seconds", "From receiving a request to answering it",
                   counted.total.snapshot(), 1e6, {{"request", name}});
    OfApi& api_recent = apis_[api.key];
    quantiles("kafka_network_requestmetrics_totaltimems",
              "Milliseconds from receiving to answering, of the last one to two minutes", name,
              api_recent.total.recent(counted.total.snapshot(), now), into);
    quantiles("kafka_network_requestmetrics_localtimems",
              "Of these, milliseconds in which this broker worked on it", name,
              api_recent.local.recent(counted.local.snapshot(), now), into);
    quantiles("kafka_network_requestmetrics_remotetimems",
              "Of these, milliseconds in which it waited: for replicas, controllers, data", name,
              api_recent.remote.recent(counted.remote.snapshot(), now), into);
  }
  for (size_t code = 0; code < requests.errors.size(); ++code) {
    if (requests.errors[code].value() == 0) continue;
    const bool known = code + 1 < requests.errors.size();
    into.counter(
        "barnabas_errors_total", "Answers with this error in first place",
        number(requests.errors[code]),
        {{"error",
          known ? std::string(kafka::error_name(static_cast<kafka::ErrorCode>(code))) : "other"}});
  }
  into.counter("barnabas_network_received_bytes_total", "Bytes of requests",
               number(requests.bytes_in));
  into.counter("barnabas_network_sent_bytes_total", "Bytes of answers", number(requests.bytes_out));
  into.gauge("kafka_server_socket_server_metrics_connection_count", "Open connections",
             number(requests.connections));
  into.counter("barnabas_connections_refused_total",
               "Connections closed for what they sent: no Kafka protocol, or an unknown request",
               number(requests.refused_connections));
  into.counter("barnabas_unreachable_advertised_suspected_total",
               "Machines whose clients keep asking where the brokers are and never connect to them",
               number(requests.unreached_clients));
  into.counter("barnabas_produce_refused_disk_full_total",
               "Batches refused because the disk is nearly full",
               number(requests.produce_refused_disk_full));
}

}  // namespace barnabas::broker
