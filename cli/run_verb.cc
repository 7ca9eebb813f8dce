#include "cli/run_verb.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <iostream>

#include "cli/completion.h"
#include "cli/config_verbs.h"
#include "cli/group_verbs.h"
#include "cli/node_verbs.h"
#include "cli/quorum_verbs.h"
#include "cli/still_trying.h"
#include "cli/streams.h"
#include "cli/verbs.h"
#include "cli/wire_cluster.h"

namespace barnabas::cli {
namespace {

constexpr Milliseconds kFailover{4000};
constexpr Milliseconds kGlance{1000};  // for what is nice to have beside an answer

// Brokers are asked directly; where none was named, the controllers know them all.
Bootstrap bootstrap_of(AdminClient& client, const CommandLine& line) {
  return [&client, named = line.common.bootstrap]() -> Result<std::string> {
    if (!named.empty()) return named;
    return find_brokers(client);
  };
}

WireCluster brokers_of(AdminClient& client, const CommandLine& line) {
  std::string client_id = "barnabas-cli";
  for (const auto& [key, value] : line.common.properties) {
    if (key == "client.id") client_id = value;
  }
  Milliseconds timeout = line.common.timeout;
  Milliseconds failover = kFailover;
  if (line.verb == Verb::kTopicDescribe) timeout = std::min(timeout, kGlance), failover = {};
  if (line.verb == Verb::kComplete) timeout = std::min(timeout, kCompletionTime), failover = {};
  return {bootstrap_of(client, line), client_id, timeout, failover};
}

// librdkafka's properties mean something to produce and consume only.
std::optional<Problem> check_properties(const CommandLine& line) {
  if (line.verb == Verb::kProduce || line.verb == Verb::kConsume) return std::nullopt;
  for (const auto& [key, value] : line.common.properties) {
    if (key == "client.id") continue;
    return Problem{
        ExitCode::kUsage, absl::StrCat("set ", key, "=", value), "this verb does not move records",
        "only produce and consume take librdkafka's properties; all others take client.id",
        "the same without -X"};
  }
  return std::nullopt;
}

// librdkafka has to be told addresses before it starts.
template <class Move>
int stream(AdminClient& client, const Output& output, StreamOptions& options, Move move) {
  if (options.bootstrap.empty()) {
    auto found = find_brokers(client);
    if (!found.ok()) return output.fail(found.problem());
    options.bootstrap = std::move(found.value());
  }
  return move();
}

// Verbs that speak for themselves while they wait, or live for long.
bool speaks(Verb verb) {
  return verb == Verb::kProduce || verb == Verb::kConsume || verb == Verb::kNodeDrain ||
         verb == Verb::kComplete || verb == Verb::kQuorumAdd || verb == Verb::kQuorumRemove ||
         verb == Verb::kQuorumTransfer || verb == Verb::kQuorumReplace;
}

}  // namespace

int run_verb(AdminClient& client, const Surroundings& around, const Output& output,
             CommandLine& line) {
  const int64_t now_ms = around.now_ms;
  if (const auto problem = check_properties(line)) return output.fail(*problem);
  std::optional<StillTrying> still_trying;
  if (!speaks(line.verb) && !line.common.watch && !output.quiet) still_trying.emplace();
  WireCluster brokers = brokers_of(client, line);
  switch (line.verb) {
    case Verb::kStatus:
      return status(client, output);
    case Verb::kQuorumStatus:
      return quorum_status(client, output);
    case Verb::kQuorumAdd:
      return quorum_add(client, output, line.quorum, around.patience, line.common.timeout);
    case Verb::kQuorumRemove:
      return quorum_remove(client, output, line.quorum, around.patience, line.common.timeout);
    case Verb::kQuorumTransfer:
      return quorum_transfer(client, output, line.quorum, around.patience, line.common.timeout);
    case Verb::kQuorumReplace:
      return quorum_replace(client, output, line.quorum, around.patience, line.common.timeout);
    case Verb::kTopicCreate:
      return topic_create(client, output, line.create);
    case Verb::kTopicDelete:
      return topic_delete(client, output, line.remove);
    case Verb::kTopicList:
      return topic_list(client, output, line.list);
    case Verb::kTopicDescribe:
      return topic_describe(client, &brokers, output, line.describe);
    case Verb::kTopicAlter:
      return topic_alter(client, output, line.alter);
    case Verb::kTopicAddPartitions:
      return topic_add_partitions(client, output, line.add_partitions);
    case Verb::kTopicTrim:
      return topic_trim(brokers, output, line.trim);
    case Verb::kGroupList:
      return group_list(brokers, output, line.group_list);
    case Verb::kGroupDescribe:
      return group_describe(brokers, output, line.groups, now_ms);
    case Verb::kGroupLag:
      return group_lag(brokers, output, line.groups, now_ms);
    case Verb::kGroupSeek:
      return group_seek(brokers, output, line.seek);
    case Verb::kGroupDelete:
      return group_delete(brokers, output, line.groups);
    case Verb::kGroupOffsetDelete:
      return group_offset_delete(brokers, output, line.offset_delete);
    case Verb::kNodeList:
      return node_list(client, output);
    case Verb::kNodeDrain:
      return node_drain(client, output, line.node, around.patience, line.common.timeout);
    case Verb::kNodeUndrain:
      return node_undrain(client, output, line.node);
    case Verb::kConfigGet:
      return config_get(client, brokers, output, line.config);
    case Verb::kConfigDescribe:
      return config_describe(client, brokers, output, line.config);
    case Verb::kConfigDiff:
      return config_diff(client, brokers, output, line.config);
    case Verb::kConfigSet:
      return config_set(client, output, line.config);
    case Verb::kConfigList:
      return config_list(output, line.config);
    case Verb::kConfigExplain:
      return config_explain(output, line.word);
    case Verb::kExplain:
      return explain(output, line.word);
    case Verb::kCompletion:
      return completion(output, line.word);
    case Verb::kComplete:
      return complete(client, brokers, output, completion_of(line.words));
    case Verb::kProduce:
      return stream(client, output, line.produce.stream,
                    [&] { return produce(std::cin, output, line.produce, line.common.timeout); });
    case Verb::kConsume:
      return stream(client, output, line.consume.stream,
                    [&] { return consume(output, line.consume, line.common.timeout); });
    default:
      return static_cast<int>(ExitCode::kFailed);
  }
}

}  // namespace barnabas::cli
