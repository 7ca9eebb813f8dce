// barnabas node list.

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "cli/duration.h"
#include "cli/message_json.h"
#include "cli/node_verbs.h"

namespace barnabas::cli {

int node_list(AdminClient& client, const Output& output) {
  proto::AdminRequest request;
  request.mutable_describe_cluster();
  auto answer = client.call(std::move(request), "list nodes");
  if (!answer.ok()) return output.fail(answer.problem());
  proto::DescribeClusterAnswer& cluster = *answer.value().mutable_describe_cluster();
  std::sort(cluster.mutable_brokers()->begin(), cluster.mutable_brokers()->end(),
            [](const auto& a, const auto& b) { return a.id() < b.id(); });
  if (output.data()) {
    output.print_data(message_json(cluster), "brokers");
    return 0;
  }
  if (output.quiet) {
    for (const proto::BrokerView& broker : cluster.brokers()) output.out << broker.id() << '\n';
    return 0;
  }
  if (cluster.brokers().empty()) {
    output.note("no broker has ever been registered");
    return 0;
  }
  Table table({{"node", Align::kRight},
               {"state"},
               {"address"},
               {"rack"},
               {"version"},
               {"leaders", Align::kRight},
               {"replicas", Align::kRight},
               {"epoch", Align::kRight},
               {"metadata", Align::kRight},
               {"last heard of", Align::kRight},
               {"note"}});
  for (const proto::BrokerView& broker : cluster.brokers()) {
    std::string address = broker.listeners().empty() ? "-" : broker.listeners(0);
    if (const size_t scheme = address.find("://"); scheme != std::string::npos && !output.wide()) {
      address.erase(0, scheme + 3);
    }
    table.add(
        {absl::StrCat(broker.id()), broker.state(), address, broker.rack(), broker.software(),
         absl::StrCat(broker.leaders()), absl::StrCat(broker.replicas()),
         output.wide() ? absl::StrCat(broker.epoch()) : "",
         output.wide() ? absl::StrCat(broker.metadata_index()) : "",
         broker.since_heartbeat_ms() < 0 ? "-" : text_of(Milliseconds(broker.since_heartbeat_ms())),
         broker.draining() ? "draining" : ""});
  }
  output.print(table);
  return 0;
}

}  // namespace barnabas::cli
