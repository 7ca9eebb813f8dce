#include "cli/doctor_talk.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <optional>

#include "cli/problem.h"
#include "common/bytes.h"
#include "kafka/api_table.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/describe_quorum.h"
#include "kafka/messages/headers.h"
#include "kafka/messages/metadata.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::cli {
namespace {

// The answer borrows from `frame`.
template <class Request, class Response>
Answered ask(Wire& wire, const Request& request, int16_t version, Wire::Time limit,
             std::string& frame, Response& response, int16_t response_version) {
  kafka::MessageWriter out;
  kafka::RequestHeader header;
  header.request_api_key = Request::kApiKey;
  header.request_api_version = version;
  header.correlation_id = 7;
  header.client_id = "barnabas-doctor";
  if (!header.write(out, kafka::request_header_version(Request::kApiKey, version)).ok() ||
      !request.write(out, version).ok()) {
    return {Reach::kFailed, "the request could not be written"};
  }
  std::string bytes;
  for (const Buffer& piece : out.finish_frame()) bytes.append(piece.view());
  if (const Reach reach = wire.send(bytes, limit); reach != Reach::kOk) return {reach, ""};
  if (const Reach reach = wire.receive_frame(frame, limit); reach != Reach::kOk) {
    return {reach, ""};
  }
  ByteReader in(frame);
  kafka::ResponseHeader answered;
  absl::Status status =
      answered.read(in, kafka::response_header_version(Request::kApiKey, response_version));
  if (!status.ok() || answered.correlation_id != header.correlation_id) {
    return {Reach::kNotKafka, ""};
  }
  status = response.read(in, response_version);
  if (!status.ok()) return {Reach::kNotKafka, std::string(status.message())};
  return {};
}

// The newest version that both sides know; nothing if there is none.
template <class Request>
std::optional<int16_t> common_version(const ApiRanges& apis) {
  const auto found = apis.find(Request::kApiKey);
  if (found == apis.end()) return std::nullopt;
  const int16_t version = std::min(found->second.max, Request::kMaxVersion);
  if (version < std::max(found->second.min, Request::kMinVersion)) return std::nullopt;
  return version;
}

}  // namespace

Answered ask_api_versions(Wire& wire, Wire::Time limit, ApiRanges& into) {
  // Version 0 is answered by everything that ever spoke Kafka.
  kafka::ApiVersionsResponse response;
  std::string frame;
  Answered answered = ask(wire, kafka::ApiVersionsRequest{}, 0, limit, frame, response, 0);
  if (!answered.ok()) return answered;
  if (response.error_code != 0) return {Reach::kOk, code_text(response.error_code)};
  for (const auto& api : response.api_keys) into[api.api_key] = {api.min_version, api.max_version};
  return {};
}

Answered ask_metadata(Wire& wire, const ApiRanges& apis, Wire::Time limit, ClusterView& into) {
  const auto version = common_version<kafka::MetadataRequest>(apis);
  if (!version.has_value()) return {Reach::kOk, "it does not offer Metadata (API 3)"};
  kafka::MetadataRequest request;
  if (*version > 0) request.topics = std::nullopt;  // all
  if (*version >= 4) request.allow_auto_topic_creation = false;
  kafka::MetadataResponse response;
  std::string frame;
  Answered answered = ask(wire, request, *version, limit, frame, response, *version);
  if (!answered.ok()) return answered;
  if (response.error_code != 0) return {Reach::kOk, code_text(response.error_code)};
  into.cluster_id = std::string(response.cluster_id.value_or(""));
  into.controller = response.controller_id;
  for (const auto& node : response.brokers) {
    into.nodes.push_back(
        {node.node_id, {std::string(node.host), static_cast<uint16_t>(node.port)}});
  }
  into.topics = response.topics.size();
  for (const auto& topic : response.topics) {
    into.partitions += topic.partitions.size();
    for (const auto& partition : topic.partitions) {
      if (partition.leader_id >= 0) continue;
      into.leaderless.push_back(
          absl::StrCat(std::string(topic.name.value_or("?")), "-", partition.partition_index));
    }
  }
  return {};
}

Answered ask_quorum(Wire& wire, const ApiRanges& apis, Wire::Time limit, bool& offered,
                    int32_t& leader) {
  const auto version = common_version<kafka::DescribeQuorumRequest>(apis);
  offered = version.has_value();
  if (!offered) return {};
  kafka::DescribeQuorumRequest request;
  auto& topic = request.topics.emplace_back();
  topic.topic_name = "__cluster_metadata";
  topic.partitions.emplace_back();
  kafka::DescribeQuorumResponse response;
  std::string frame;
  Answered answered = ask(wire, request, *version, limit, frame, response, *version);
  if (!answered.ok()) return answered;
  if (response.error_code != 0) return {Reach::kOk, code_text(response.error_code)};
  if (response.topics.empty() || response.topics[0].partitions.empty()) {
    return {Reach::kOk, "the answer is empty"};
  }
  const auto& partition = response.topics[0].partitions[0];
  if (partition.error_code != 0) return {Reach::kOk, code_text(partition.error_code)};
  leader = partition.leader_id;
  return {};
}

}  // namespace barnabas::cli
