// barnabas status: one screen on the whole cluster, and an exit code for monitoring.

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <string>

#include "cli/duration.h"
#include "cli/health.h"
#include "cli/json_text.h"
#include "cli/message_json.h"
#include "cli/table.h"
#include "cli/verbs.h"

namespace barnabas::cli {
namespace {

void print_json(const Output& output, const Health& health,
                const proto::DescribeClusterAnswer* cluster,
                const proto::DescribeQuorumAnswer* quorum) {
  output.print_data(JsonObject()
                        .add("verdict", health.word())
                        .add_json("reasons", json_strings(health.reasons))
                        .add_json("cluster", cluster == nullptr ? "null" : message_json(*cluster))
                        .add_json("quorum", quorum == nullptr ? "null" : message_json(*quorum))
                        .text());
}

std::string address_of(const proto::BrokerView& broker) {
  if (broker.listeners().empty()) return "-";
  const std::string& listener = broker.listeners(0);
  const size_t scheme = listener.find("://");
  return scheme == std::string::npos ? listener : listener.substr(scheme + 3);
}

std::string verdict(const Output& output, const Health& health) {
  return output.painted(health.word(), health.level == 0   ? kGreen
                                       : health.level == 1 ? kYellow
                                                           : kRed);
}

void print_nodes(const Output& output, const proto::DescribeClusterAnswer& cluster,
                 const proto::DescribeQuorumAnswer* quorum) {
  Table table({{"node"},
               {"state"},
               {"address"},
               {"leaders", Align::kRight},
               {"replicas", Align::kRight},
               {"lag", Align::kRight},
               {"last heard of", Align::kRight},
               {"rack"},
               {"version"}});
  if (quorum != nullptr) {
    for (const proto::VoterView& voter : quorum->voters()) {
      const bool leads = voter.id() == quorum->leader();
      const bool known = quorum->answered_by() == quorum->leader();
      const bool heard = voter.since_contact_ms() >= 0;
      table.add({absl::StrCat("controller ", voter.id()), leads ? "active" : "standby",
                 voter.endpoint(), "", "", known && !leads ? absl::StrCat(voter.lag()) : "",
                 leads || !known ? ""
                 : heard         ? text_of(Milliseconds(voter.since_contact_ms()))
                                 : "never",
                 "", ""});
    }
    for (const auto* members : {&quorum->learners(), &quorum->observers()}) {
      for (const proto::VoterView& member : *members) {
        const bool learns = member.kind() == "learner";
        table.add({absl::StrCat("controller ", member.id()), member.kind(), member.endpoint(), "",
                   "", learns ? absl::StrCat(member.lag()) : "",
                   text_of(Milliseconds(member.since_contact_ms())), "", ""});
      }
    }
  }
  for (const proto::BrokerView& broker : cluster.brokers()) {
    table.add(
        {absl::StrCat("broker ", broker.id()), broker.state(), address_of(broker),
         absl::StrCat(broker.leaders()), absl::StrCat(broker.replicas()),
         absl::StrCat(std::max<int64_t>(0, cluster.index() - broker.metadata_index())),
         broker.since_heartbeat_ms() < 0 ? "-" : text_of(Milliseconds(broker.since_heartbeat_ms())),
         broker.rack(), broker.software()});
  }
  output.print(table);
}

// Without an active controller records still flow, and nobody can say how the partitions are.
int without_cluster(const Output& output, const Problem& problem,
                    const Result<proto::DescribeQuorumAnswer>& quorum) {
  Health health;
  const bool silent = !quorum.ok();
  health.level = silent ? kStatusDown : kStatusDegraded;
  health.reasons.push_back(silent ? "no controller answers" : "no controller is active");
  if (output.data()) {
    print_json(output, health, nullptr, quorum.ok() ? &quorum.value() : nullptr);
  } else if (!output.quiet) {
    output.out << "cluster " << verdict(output, health) << ": "
               << absl::StrJoin(health.reasons, "; ") << '\n';
  }
  if (!output.data()) output.fail(silent ? quorum.problem() : problem);
  return health.level;
}

}  // namespace

int status(AdminClient& client, const Output& output) {
  const auto quorum = describe_quorum(client);
  if (!quorum.ok()) return without_cluster(output, quorum.problem(), quorum);
  proto::AdminRequest request;
  request.mutable_describe_cluster();
  const auto answer = client.call(std::move(request), "ask for the state of the cluster");
  if (!answer.ok()) return without_cluster(output, answer.problem(), quorum);
  proto::DescribeClusterAnswer cluster = answer.value().describe_cluster();
  std::sort(cluster.mutable_brokers()->begin(), cluster.mutable_brokers()->end(),
            [](const auto& a, const auto& b) { return a.id() < b.id(); });
  const Health health = judge(cluster, &quorum.value());
  if (output.data()) {
    print_json(output, health, &cluster, &quorum.value());
    return health.level;
  }
  if (output.quiet) {
    output.out << health.word() << '\n';
    return health.level;
  }
  output.out << "cluster " << cluster.cluster_id() << "   " << verdict(output, health) << "   "
             << counted(cluster.topics(), "topic", "topics") << ", "
             << counted(cluster.partitions(), "partition", "partitions") << ": "
             << cluster.leaderless() << " leaderless, " << cluster.under_replicated()
             << " under-replicated, " << cluster.under_min_in_sync() << " under min ISR\n"
             << "quorum  leader " << cluster.controller() << "   term " << quorum.value().term()
             << "   committed " << quorum.value().commit() << '\n';
  for (const std::string& reason : health.reasons) output.out << "  - " << reason << '\n';
  print_nodes(output, cluster, &quorum.value());
  return health.level;
}

Result<std::string> find_brokers(AdminClient& client) {
  proto::AdminRequest request;
  request.mutable_describe_cluster();
  const std::string tried = "ask the controllers where the brokers are";
  const auto answer = client.call(std::move(request), tried);
  if (!answer.ok()) return answer.problem();
  std::string found;
  for (const proto::BrokerView& broker : answer.value().describe_cluster().brokers()) {
    if (broker.state() != "running" || broker.listeners().empty()) continue;
    const std::string address = address_of(broker);
    // A broker that listens everywhere registers no host: it is where its controller is.
    absl::StrAppend(&found, found.empty() ? "" : ",", address.front() == ':' ? "localhost" : "",
                    address);
  }
  if (!found.empty()) return found;
  return Problem{ExitCode::kPrecondition, tried, "no broker is running",
                 "brokers have not been started, or are still starting", "barnabas status"};
}

}  // namespace barnabas::cli
