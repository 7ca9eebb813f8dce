// barnabas node drain, barnabas node undrain.

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <set>

#include "cli/duration.h"
#include "cli/json_text.h"
#include "cli/node_verbs.h"

namespace barnabas::cli {
namespace {

constexpr Milliseconds kLook{50};
constexpr Milliseconds kStill{500};  // without progress: see what does not move
constexpr Milliseconds kWord{2000};

struct Stuck {
  std::string partition;  // "board:3"
  std::string reason;
};

struct Look {
  int32_t leaders = -1;    // -1: no such broker
  std::set<int32_t> able;  // brokers that may become leaders
};

Result<Look> look(AdminClient& client, int32_t node, const std::string& tried) {
  proto::AdminRequest request;
  request.mutable_describe_cluster();
  const auto answer = client.call(std::move(request), tried);
  if (!answer.ok()) return answer.problem();
  Look found;
  for (const proto::BrokerView& broker : answer.value().describe_cluster().brokers()) {
    if (broker.id() == node) found.leaders = broker.leaders();
    if (broker.state() == "running" && !broker.draining()) found.able.insert(broker.id());
  }
  return found;
}

// Why a partition cannot be led by anybody else; empty: it can.
std::string reason_of(const proto::PartitionView& partition, const Look& cluster, int32_t node) {
  if (partition.replicas_size() == 1) return "this is its only replica";
  std::vector<int32_t> behind;
  std::vector<int32_t> unable;  // in sync, but stopped or drained themselves
  for (const int32_t replica : partition.replicas()) {
    if (replica == node) continue;
    const auto& in_sync = partition.in_sync();
    if (std::find(in_sync.begin(), in_sync.end(), replica) == in_sync.end()) {
      behind.push_back(replica);
    } else if (cluster.able.count(replica) == 0) {
      unable.push_back(replica);
    } else {
      return "";
    }
  }
  std::string out;
  if (!behind.empty()) absl::StrAppend(&out, "not in sync: broker ", absl::StrJoin(behind, ", "));
  if (!unable.empty()) {
    absl::StrAppend(&out, out.empty() ? "" : "; ", "draining or not running: broker ",
                    absl::StrJoin(unable, ", "));
  }
  return out;
}

Result<std::vector<Stuck>> what_stays(AdminClient& client, int32_t node, const Look& cluster,
                                      const std::string& tried) {
  proto::AdminRequest request;
  request.mutable_describe_topics()->set_partitions(true);
  const auto answer = client.call(std::move(request), tried);
  if (!answer.ok()) return answer.problem();
  std::vector<Stuck> out;
  for (const proto::TopicView& topic : answer.value().describe_topics().topics()) {
    for (const proto::PartitionView& partition : topic.partitions()) {
      if (partition.leader() != node) continue;
      out.push_back({absl::StrCat(topic.name(), ":", partition.index()),
                     reason_of(partition, cluster, node)});
    }
  }
  return out;
}

bool all_stuck(const std::vector<Stuck>& stays) {
  return std::all_of(stays.begin(), stays.end(),
                     [](const Stuck& one) { return !one.reason.empty(); });
}

void print_json(const Output& output, int32_t node, bool draining, int32_t leaders,
                const std::vector<Stuck>& stays) {
  std::vector<std::string> rows;
  for (const Stuck& one : stays) {
    rows.push_back(JsonObject().add("partition", one.partition).add("reason", one.reason).text());
  }
  output.print_data(JsonObject()
                        .add("node", node)
                        .add("draining", draining)
                        .add("leaders", leaders)
                        .add_json("stays", json_list(rows))
                        .text(),
                    "stays");
}

int end(const Output& output, const NodeOptions& options, int32_t leaders,
        const std::vector<Stuck>& stays, ExitCode exit, Milliseconds waited) {
  if (output.data()) {
    print_json(output, options.node, true, leaders, stays);
  } else if (leaders > 0 && !output.quiet && !stays.empty()) {
    Table table({{"stays on it"}, {"because"}});
    for (const Stuck& one : stays) {
      table.add({one.partition, one.reason.empty() ? "it has not moved yet" : one.reason});
    }
    output.print(table);
  }
  if (exit == ExitCode::kOk) {
    if (!output.data() && !output.quiet) {
      output.out << "node " << options.node << " is drained: ";
      if (leaders > 0) {
        output.out << "it still leads " << counted(leaders, "partition", "partitions") << '\n';
      } else {
        output.out << "it leads nothing\n";
      }
    }
    return 0;
  }
  const std::string left = counted(leaders, "partition", "partitions");
  if (exit == ExitCode::kTimedOut) {
    return output.fail({exit, absl::StrCat("see node ", options.node, " drained"),
                        absl::StrCat("after ", text_of(waited), " it still leads ", left),
                        "leaderships are on their way, or replicas are catching up",
                        absl::StrCat("barnabas node drain ", options.node,
                                     " once more goes on waiting; --timeout gives more time")});
  }
  return output.fail(
      {exit, absl::StrCat("drain node ", options.node, " wholly"),
       absl::StrCat("it still leads ", left, " that nobody else can"),
       "their other replicas are missing or behind; stopping the node now makes them unavailable",
       absl::StrCat("barnabas status; when the others are in sync: barnabas node drain ",
                    options.node)});
}

Result<int32_t> ask(AdminClient& client, const NodeOptions& options, bool undo,
                    const std::string& tried) {
  proto::AdminRequest request;
  request.mutable_drain_broker()->set_broker(options.node);
  request.mutable_drain_broker()->set_undo(undo);
  const auto answer = client.call(std::move(request), tried);
  if (!answer.ok()) return answer.problem();
  return answer.value().drain_broker().still_leading();
}

}  // namespace

int node_drain(AdminClient& client, const Output& output, const NodeOptions& options,
               const Patience& patience, Milliseconds timeout) {
  const std::string tried = absl::StrCat("drain node ", options.node);
  auto asked = ask(client, options, false, tried);
  if (!asked.ok()) return output.fail(asked.problem());
  const Milliseconds start = patience.now();
  Milliseconds moved = start;
  Milliseconds word = start + kWord;
  const int32_t first = asked.value();
  for (int32_t last = first;;) {
    auto seen = look(client, options.node, tried);
    if (!seen.ok()) return output.fail(seen.problem());
    const int32_t leaders = std::max(seen.value().leaders, 0);
    const Milliseconds now = patience.now();
    if (leaders == 0 || !options.wait) {
      return end(output, options, leaders, {}, ExitCode::kOk, now - start);
    }
    if (leaders != last) moved = now;
    last = leaders;
    const bool late = now - start >= timeout;
    if (late || now - moved >= kStill) {
      auto stays = what_stays(client, options.node, seen.value(), tried);
      if (!stays.ok()) return output.fail(stays.problem());
      const auto left = static_cast<int32_t>(stays.value().size());
      if (left > 0 && (late || all_stuck(stays.value()))) {
        return end(output, options, left, stays.value(),
                   all_stuck(stays.value()) ? ExitCode::kPrecondition : ExitCode::kTimedOut,
                   now - start);
      }
      moved = now;
    }
    if (now >= word) {
      word = now + kWord;
      output.note(absl::StrCat("node ", options.node, " still leads ", leaders, " of ",
                               std::max(first, leaders), " after ", text_of(now - start)));
    }
    patience.wait(kLook);
  }
}

int node_undrain(AdminClient& client, const Output& output, const NodeOptions& options) {
  const std::string tried = absl::StrCat("undrain node ", options.node);
  auto asked = ask(client, options, true, tried);
  if (!asked.ok()) return output.fail(asked.problem());
  if (output.data()) {
    print_json(output, options.node, false, asked.value(), {});
  } else if (!output.quiet) {
    output.out << "node " << options.node << " may lead again\n";
  }
  return 0;
}

}  // namespace barnabas::cli
