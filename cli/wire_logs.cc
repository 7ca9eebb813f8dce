// What is asked about partitions' logs, and about brokers' settings.

#include <absl/strings/str_cat.h>

#include <utility>

#include "cli/wire_cluster.h"
#include "kafka/messages/delete_records.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/describe_log_dirs.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/records/batch.h"
#include "kafka/records/compression.h"
#include "kafka/records/record.h"

namespace barnabas::cli {
namespace {

constexpr int16_t kFetchByName = 12;        // the newest version that names topics by name
constexpr int16_t kPlainOffsets = 9;        // newer ones know more special times
constexpr int32_t kEnoughForOne = 4 << 20;  // of a partition: more than one batch in nearly all
constexpr int8_t kBrokerResource = 4;

// The same topics and partitions in a request's lists. `put` fills the partition's element.
template <class Topics, class Map, class Name, class Put>
void fill(Topics& topics, const Map& wanted, const std::set<TopicPartition>& chosen, Name name,
          Put put) {
  for (const TopicPartition& one : chosen) {  // ordered by topic
    if (topics.empty() || name(topics.back()) != one.topic) {
      name(topics.emplace_back()) = one.topic;
    }
    put(topics.back().partitions.emplace_back(), one, wanted.at(one));
  }
}

template <class Value>
std::set<TopicPartition> keys_of(const std::map<TopicPartition, Value>& map) {
  std::set<TopicPartition> out;
  for (const auto& [key, value] : map) out.insert(key);
  return out;
}

// A request whose answer is an offset and a code for each partition. `put` fills a partition's
// element of the request, `offset` reads one of the answer.
template <class Response, class Request, class Put, class Read>
Result<std::map<TopicPartition, OffsetAnswer>> ask_offsets(
    BrokerPool& pool, const std::string& tried, const std::map<TopicPartition, int64_t>& wanted,
    const Request& empty, int16_t newest, Put put, Read offset) {
  std::map<TopicPartition, OffsetAnswer> found;
  const auto problem = pool.ask_leaders(
      keys_of(wanted), tried,
      [&](Connection& link,
          const std::set<TopicPartition>& chosen) -> absl::StatusOr<std::set<TopicPartition>> {
        Request request = empty;
        fill(request.topics, wanted, chosen, [](auto& topic) -> auto& { return topic.name; }, put);
        auto answer = call<Response>(link, request, pool.deadline(), newest);
        if (!answer.ok()) return answer.status();
        std::set<TopicPartition> again;
        for (const auto& topic : answer->body.topics) {
          for (const auto& partition : topic.partitions) {
            const TopicPartition one{std::string(topic.name), partition.partition_index};
            if (passes(partition.error_code)) again.insert(one);
            found[one] = {offset(partition), partition.error_code};
          }
        }
        return again;
      },
      [&](const TopicPartition& one, int code) { found[one] = {-1, code}; });
  if (problem.has_value()) return *problem;
  return found;
}

// The time of the first record at `offset` or behind it, in `batches`.
std::optional<int64_t> time_of(std::string_view batches, int64_t offset) {
  kafka::BatchStream stream(batches);
  while (const auto batch = stream.next()) {
    if (batch->last_offset().value() < offset) continue;
    std::string plain;
    std::string_view records = batch->payload();
    if (batch->compressed()) {
      auto decompressed = kafka::decompress(batch->codec(), records);
      if (!decompressed.ok()) return batch->base_timestamp();
      plain = std::move(*decompressed);
      records = plain;
    }
    kafka::RecordReader reader(*batch, records);
    while (const auto record = reader.next()) {
      if (record->offset.value() >= offset) return record->timestamp;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<std::map<std::string, std::vector<int32_t>>> WireCluster::partitions(
    const std::set<std::string>& topics) {
  std::map<std::string, std::vector<int32_t>> found;
  const std::string tried = "ask for partitions";
  const Deadline until = pool_.failover_deadline();
  for (;;) {
    if (auto problem = pool_.refresh(topics, tried)) return *problem;
    bool again = false;
    for (const std::string& name : topics) {
      const auto at = pool_.topics().find(name);
      const int code = at == pool_.topics().end() ? 3 : at->second.code;
      if (passes(code) && std::chrono::steady_clock::now() < until) {
        again = true;
      } else if (code != 0) {
        return problem_of(code, absl::StrCat("no topic is called ", name),
                          absl::StrCat("ask for the partitions of ", name), name);
      } else {
        auto& list = found[name];
        list.clear();
        for (size_t i = 0; i < at->second.leaders.size(); ++i) {
          list.push_back(static_cast<int32_t>(i));
        }
      }
    }
    if (!again) return found;
    pool_.pause();
  }
}

Result<std::map<TopicPartition, OffsetAnswer>> WireCluster::offsets(
    const std::map<TopicPartition, int64_t>& at) {
  kafka::ListOffsetsRequest empty;
  empty.replica_id = -1;
  return ask_offsets<kafka::ListOffsetsResponse>(
      pool_, "ask for offsets", at, empty, kPlainOffsets,
      [](auto& partition, const TopicPartition& one, int64_t time) {
        partition.partition_index = one.partition;
        partition.timestamp = time;
      },
      [](const auto& partition) { return partition.offset; });
}

Result<std::map<TopicPartition, int64_t>> WireCluster::record_times(
    const std::map<TopicPartition, int64_t>& at) {
  std::map<TopicPartition, int64_t> found;
  std::set<TopicPartition> had;  // has been the first of a request, whose batch comes at any size
  const auto learn = [&](const kafka::FetchResponse& answer, std::set<TopicPartition>* again) {
    for (const auto& topic : answer.responses) {
      for (const auto& partition : topic.partitions) {
        const TopicPartition one{std::string(topic.topic), partition.partition_index};
        if (again != nullptr && passes(partition.error_code)) again->insert(one);
        if (partition.error_code != 0 || !partition.records.has_value()) continue;
        const auto time = time_of(partition.records->view(), at.at(one));
        if (time.has_value()) found[one] = *time;
      }
    }
  };
  const auto problem = pool_.ask_leaders(
      keys_of(at), "read the time of records",
      [&](Connection& link,
          const std::set<TopicPartition>& chosen) -> absl::StatusOr<std::set<TopicPartition>> {
        std::set<TopicPartition> again;
        kafka::FetchRequest request;
        request.min_bytes = 0;
        request.max_bytes = 16 << 20;
        fill(
            request.topics, at, chosen, [](auto& topic) -> auto& { return topic.topic; },
            [&](auto& partition, const TopicPartition& one, int64_t offset) {
              partition.partition = one.partition;
              partition.fetch_offset = offset;
              partition.partition_max_bytes = chosen.size() == 1 ? kEnoughForOne : 1;
            });
        auto answer = call<kafka::FetchResponse>(link, request, pool_.deadline(), kFetchByName);
        if (!answer.ok()) return answer.status();
        learn(answer->body, &again);
        if (chosen.size() == 1) return again;
        // Where several were asked for, those that did not fit are asked for one by one.
        for (const TopicPartition& one : chosen) {
          if (found.count(one) != 0 || again.count(one) != 0 || !had.insert(one).second) continue;
          kafka::FetchRequest single;
          single.min_bytes = 0;
          auto& wanted = single.topics.emplace_back();
          wanted.topic = one.topic;
          auto& partition = wanted.partitions.emplace_back();
          partition.partition = one.partition;
          partition.fetch_offset = at.at(one);
          partition.partition_max_bytes = kEnoughForOne;
          auto alone = call<kafka::FetchResponse>(link, single, pool_.deadline(), kFetchByName);
          if (!alone.ok()) return alone.status();
          learn(alone->body, nullptr);
        }
        return again;
      },
      [](const TopicPartition&, int) {});
  if (problem.has_value()) return *problem;
  return found;
}

Result<std::map<TopicPartition, OffsetAnswer>> WireCluster::delete_records(
    const std::map<TopicPartition, int64_t>& before) {
  kafka::DeleteRecordsRequest empty;
  empty.timeout_ms = static_cast<int32_t>(timeout_.count());
  return ask_offsets<kafka::DeleteRecordsResponse>(
      pool_, "delete records", before, empty, INT16_MAX,
      [](auto& partition, const TopicPartition& one, int64_t offset) {
        partition.partition_index = one.partition;
        partition.offset = offset;
      },
      [](const auto& partition) { return partition.low_watermark; });
}

Result<LogDirs> WireCluster::log_dirs(const std::set<std::string>& topics) {
  const std::string tried = "ask what lies on the brokers' disks";
  if (auto problem = pool_.refresh(topics, tried)) return *problem;
  kafka::DescribeLogDirsRequest request;
  if (topics.empty()) request.topics.reset();  // all
  for (const std::string& name : topics) {
    auto& topic = request.topics->emplace_back();
    topic.topic = name;
    const auto known = pool_.topics().find(name);
    if (known == pool_.topics().end()) continue;
    for (size_t i = 0; i < known->second.leaders.size(); ++i) {
      topic.partitions.push_back(static_cast<int32_t>(i));
    }
  }
  LogDirs found;
  for (const auto& [id, node] : std::map<int32_t, Node>(pool_.nodes())) {
    auto link = pool_.node(id, tried);
    if (!link.ok()) return link.problem();
    auto answer = call<kafka::DescribeLogDirsResponse>(*link.value(), request, pool_.deadline());
    if (!answer.ok()) return pool_.broken(answer.status(), tried);
    for (const auto& directory : answer->body.results) {
      const std::string path(directory.log_dir);
      found.disks.push_back(
          {id, path, directory.error_code, directory.total_bytes, directory.usable_bytes});
      for (const auto& topic : directory.topics) {
        for (const auto& partition : topic.partitions) {
          if (partition.is_future_key) continue;
          found.replicas.push_back({{std::string(topic.name), partition.partition_index},
                                    id,
                                    path,
                                    partition.partition_size,
                                    partition.offset_lag});
        }
      }
    }
  }
  return found;
}

Result<std::vector<ConfigValue>> WireCluster::node_config(int32_t node) {
  const std::string tried = absl::StrCat("ask broker ", node, " for its settings");
  if (auto problem = pool_.refresh({}, tried)) return *problem;
  auto link = pool_.node(node, tried);
  if (!link.ok()) return link.problem();
  const std::string name = absl::StrCat(node);
  kafka::DescribeConfigsRequest request;
  auto& resource = request.resources.emplace_back();
  resource.resource_type = kBrokerResource;
  resource.resource_name = name;
  resource.configuration_keys.reset();  // all
  request.include_documentation = true;
  auto answer = call<kafka::DescribeConfigsResponse>(*link.value(), request, pool_.deadline());
  if (!answer.ok()) return pool_.broken(answer.status(), tried);
  std::vector<ConfigValue> found;
  for (const auto& result : answer->body.results) {
    if (result.error_code != 0) {
      return problem_of(result.error_code, result.error_message.value_or(""), tried, "");
    }
    for (const auto& config : result.configs) {
      ConfigValue& value = found.emplace_back();
      value.key = std::string(config.name);
      if (config.value.has_value()) value.value = std::string(*config.value);
      value.source = config.config_source;
      value.read_only = config.read_only;
      value.sensitive = config.is_sensitive;
      value.type = config.config_type;
      value.documentation = std::string(config.documentation.value_or(""));
    }
  }
  return found;
}

}  // namespace barnabas::cli
