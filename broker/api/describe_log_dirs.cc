// DescribeLogDirs (35): what lies in this broker's data directory. There is one (a broker has one
// disk), and it works, or the broker would not answer.

#include "kafka/messages/describe_log_dirs.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {
namespace {

using kafka::DescribeLogDirsRequest;
using kafka::DescribeLogDirsResponse;
using PartitionPtr = std::shared_ptr<partition::Partition>;

// By topic and number, those that were asked for.
std::map<std::string, std::map<int32_t, PartitionPtr>> chosen(
    const Services& services, const DescribeLogDirsRequest& request) {
  std::map<std::string, std::set<int32_t>> asked;
  if (request.topics.has_value()) {
    for (const auto& topic : *request.topics) {
      asked[std::string(topic.topic)].insert(topic.partitions.begin(), topic.partitions.end());
    }
  }
  std::map<std::string, std::map<int32_t, PartitionPtr>> out;
  for (PartitionPtr& replica : services.partitions.all()) {
    const int32_t index = replica->id().index.value();
    if (request.topics.has_value()) {
      const auto topic = asked.find(replica->topic());
      if (topic == asked.end() || !topic->second.contains(index)) continue;
    }
    const std::string& name = replica->topic();
    out[name][index] = std::move(replica);
  }
  return out;
}

}  // namespace

void handle_describe_log_dirs(Services& services, Request request, Responder responder) {
  DescribeLogDirsRequest message;
  if (!decode(request, message, responder)) return;
  const auto replicas = chosen(services, message);
  DescribeLogDirsResponse response;
  auto& directory = response.results.emplace_back();
  directory.log_dir = services.options.log_dir;
  directory.total_bytes = static_cast<int64_t>(services.disk.total_bytes.load());
  directory.usable_bytes = static_cast<int64_t>(services.disk.free_bytes.load());
  for (const auto& [name, partitions] : replicas) {
    auto& topic = directory.topics.emplace_back();
    topic.name = name;
    for (const auto& [index, replica] : partitions) {
      const partition::PartitionView view = replica->view();
      auto& out = topic.partitions.emplace_back();
      out.partition_index = index;
      out.partition_size = static_cast<int64_t>(view.size_bytes);
      // How far the log is behind what it knows to be committed.
      out.offset_lag = std::max<int64_t>(distance(view.log_end, view.high_watermark), 0);
    }
  }
  responder.send(response, 0, 256 + 64 * replicas.size());
}

}  // namespace barnabas::api
