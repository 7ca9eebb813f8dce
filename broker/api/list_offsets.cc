// ListOffsets (2): first, last and by-time offsets of partitions led here.

#include "kafka/messages/list_offsets.h"

#include <optional>
#include <utility>
#include <vector>

#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {
namespace {

using kafka::ErrorCode;
using kafka::ListOffsetsRequest;
using kafka::ListOffsetsResponse;
using partition::ListOffsetsAnswer;
using partition::ListOffsetsArgs;
using partition::ListOffsetsKind;

// A timestamp below zero names a place, if the version knows the name.
constexpr int64_t kLatest = -1;
constexpr int64_t kEarliest = -2;
constexpr int64_t kMaxTimestamp = -3;           // from version 7
constexpr int64_t kEarliestLocal = -4;          // 8
constexpr int64_t kLatestTiered = -5;           // 9
constexpr int64_t kEarliestPendingUpload = -6;  // 11

int16_t first_version_of(int64_t timestamp) {
  switch (timestamp) {
    case kMaxTimestamp:
      return 7;
    case kEarliestLocal:
      return 8;
    case kLatestTiered:
      return 9;
    case kEarliestPendingUpload:
      return 11;
    default:
      return timestamp < kEarliestPendingUpload ? INT16_MAX : 1;
  }
}

ListOffsetsKind kind_of(int64_t timestamp) {
  switch (timestamp) {
    case kEarliest:
      return ListOffsetsKind::kEarliest;
    case kMaxTimestamp:
      return ListOffsetsKind::kMaxTimestamp;
    case kEarliestLocal:
      return ListOffsetsKind::kEarliestLocal;
    default:
      return timestamp >= 0 ? ListOffsetsKind::kTimestamp : ListOffsetsKind::kLatest;
  }
}

ListOffsetsAnswer ask(Sought& at, const ListOffsetsRequest& request,
                      const ListOffsetsRequest::ListOffsetsPartition& asked, int16_t version) {
  ListOffsetsAnswer answer;
  answer.error = at.error;
  if (answer.error != ErrorCode::kNone) return answer;
  if (version < first_version_of(asked.timestamp)) {
    answer.error = ErrorCode::kUnsupportedVersion;
    return answer;
  }
  ListOffsetsArgs args;
  args.kind = kind_of(asked.timestamp);
  args.timestamp_ms = asked.timestamp;
  args.leader_epoch = LeaderEpoch{asked.current_leader_epoch};
  args.read_committed = request.isolation_level == 1;
  args.replica = request.replica_id != -1;
  answer = at.replica->list_offsets(args);
  // Nothing is tiered here: the question is understood, and the answer is "none".
  if (asked.timestamp == kLatestTiered || asked.timestamp == kEarliestPendingUpload) {
    answer.offset = kNoOffset;
    answer.timestamp_ms = -1;
    answer.leader_epoch = kNoLeaderEpoch;
  }
  if (answer.error == ErrorCode::kOffsetNotAvailable && version < 5) {
    answer.error = ErrorCode::kLeaderNotAvailable;
  }
  return answer;
}

}  // namespace

void handle_list_offsets(Services& services, Request request, Responder responder) {
  ListOffsetsRequest message;
  if (!decode(request, message, responder)) return;
  std::vector<std::vector<Sought>> sought(message.topics.size());
  services.session.with_image([&](const metadata::Image& image) {
    for (size_t t = 0; t < message.topics.size(); ++t) {
      const metadata::TopicImage* topic = image.topic_by_name(message.topics[t].name);
      for (const auto& asked : message.topics[t].partitions) {
        sought[t].push_back(seek(topic, asked.partition_index));
      }
    }
  });
  ListOffsetsResponse response;
  ErrorCode first_error = ErrorCode::kNone;
  for (size_t t = 0; t < message.topics.size(); ++t) {
    auto& topic = response.topics.emplace_back();
    topic.name = message.topics[t].name;
    for (size_t p = 0; p < message.topics[t].partitions.size(); ++p) {
      const auto& asked = message.topics[t].partitions[p];
      find_replica(services, sought[t][p]);
      const ListOffsetsAnswer answer = ask(sought[t][p], message, asked, request.version);
      if (first_error == ErrorCode::kNone) first_error = answer.error;
      auto& out = topic.partitions.emplace_back();
      out.partition_index = asked.partition_index;
      out.error_code = code(answer.error);
      if (answer.error != ErrorCode::kNone) continue;
      out.offset = answer.offset.value();
      out.timestamp = answer.timestamp_ms;
      if (request.version >= 4) out.leader_epoch = answer.leader_epoch.value();
    }
  }
  responder.send(response, code(first_error));
}

}  // namespace barnabas::api
