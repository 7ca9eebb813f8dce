#include "cli/wire/group_messages.h"

#include <algorithm>

#include "common/bytes.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_fetch.h"

namespace barnabas::cli::wire {
namespace {

// From the next ones on topics go by id, which nobody has told us.
constexpr int16_t kOffsetFetchByName = 9;
constexpr int16_t kOffsetCommitByName = 9;
constexpr int16_t kWholeGroup = 2;  // the first OffsetFetch that need not name topics
constexpr int16_t kManyGroups = 8;  // the first OffsetFetch with several groups

template <class Topics>
void collect(const Topics& topics, std::map<Partition, Committed>& out) {
  for (const auto& topic : topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.error_code == 0 && partition.committed_offset < 0) continue;  // none
      out[{std::string(topic.name), partition.partition_index}] = {
          partition.committed_offset, std::string(partition.metadata.value_or("")),
          partition.error_code};
    }
  }
}

}  // namespace

absl::StatusOr<CommittedOffsets> fetch_committed(Connection& coordinator, const std::string& group,
                                                 Deadline deadline) {
  using kafka::OffsetFetchRequest;
  OffsetFetchRequest request;
  const auto version =
      coordinator.version_of(OffsetFetchRequest::kApiKey, {kWholeGroup, kOffsetFetchByName});
  if (!version.ok()) return version.status();
  if (*version >= kManyGroups) {
    auto& one = request.groups.emplace_back();
    one.group_id = group;
    one.topics.reset();  // all
  } else {
    request.group_id = group;
    request.topics.reset();
  }
  const auto answer = coordinator.call_as<kafka::OffsetFetchResponse>(request, *version, deadline);
  if (!answer.ok()) return answer.status();
  CommittedOffsets out{answer->body.error_code, {}};
  for (const auto& one : answer->body.groups) {
    out.error = one.error_code;
    collect(one.topics, out.partitions);
  }
  collect(answer->body.topics, out.partitions);
  return out;
}

absl::StatusOr<std::map<Partition, int16_t>> commit_offsets(
    Connection& coordinator, const std::string& group, const std::map<Partition, int64_t>& offsets,
    Deadline deadline) {
  using kafka::OffsetCommitRequest;
  OffsetCommitRequest request;
  request.group_id = group;
  for (const auto& [partition, offset] : offsets) {
    if (request.topics.empty() || request.topics.back().name != partition.first) {
      request.topics.emplace_back().name = partition.first;
    }
    auto& line = request.topics.back().partitions.emplace_back();
    line.partition_index = partition.second;
    line.committed_offset = offset;
  }
  const auto version = coordinator.version_of(
      OffsetCommitRequest::kApiKey, {OffsetCommitRequest::kMinVersion, kOffsetCommitByName});
  if (!version.ok()) return version.status();
  const auto answer = coordinator.call_as<kafka::OffsetCommitResponse>(request, *version, deadline);
  if (!answer.ok()) return answer.status();
  std::map<Partition, int16_t> errors;
  for (const auto& topic : answer->body.topics) {
    for (const auto& partition : topic.partitions) {
      errors[{std::string(topic.name), partition.partition_index}] = partition.error_code;
    }
  }
  return errors;
}

std::map<std::string, std::vector<int32_t>> parse_assignment(std::string_view bytes) {
  std::map<std::string, std::vector<int32_t>> out;
  ByteReader in(bytes);
  in.read_int16();  // version
  const int32_t topics = in.read_int32();
  for (int32_t i = 0; i < topics && in.ok(); ++i) {
    const int16_t length = in.read_int16();
    if (length < 0) return {};
    std::vector<int32_t>& partitions = out[std::string(in.read_bytes(static_cast<size_t>(length)))];
    const int32_t count = in.read_int32();
    for (int32_t j = 0; j < count && in.ok(); ++j) partitions.push_back(in.read_int32());
    std::sort(partitions.begin(), partitions.end());
  }
  if (!in.ok()) out.clear();
  return out;
}

}  // namespace barnabas::cli::wire
