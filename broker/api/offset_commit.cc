// OffsetCommit (8): partitions that do not exist are refused here, by the image; the others are the
// group's to judge, and are answered when they are on disk.

#include "kafka/messages/offset_commit.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/group/coordinator.h"

namespace barnabas::api {
namespace {

using kafka::ErrorCode;
using kafka::OffsetCommitRequest;
using kafka::OffsetCommitResponse;

constexpr int16_t kTopicIds = 10;
constexpr int16_t kGroupIdNotFound = 9;

class CommitCall : public std::enable_shared_from_this<CommitCall> {
 public:
  CommitCall(Services& services, Request request, Responder responder)
      : services_(services), request_(std::move(request)), responder_(std::move(responder)) {}

  void run();

 private:
  group::CommitOffsetsCommand sort(const metadata::Image& image);
  void answered(const group::CommitOffsetsAnswer& answer);
  void finish();

  Services& services_;
  const Request request_;
  Responder responder_;
  OffsetCommitRequest message_;
  OffsetCommitResponse response_;
  // Where in the response the n-th offset stands that the group was asked to keep.
  std::vector<OffsetCommitResponse::OffsetCommitResponsePartition*> asked_;
};

// Fills the response with what is refused already, and the command with the rest.
group::CommitOffsetsCommand CommitCall::sort(const metadata::Image& image) {
  group::CommitOffsetsCommand out;
  out.group = message_.group_id;
  out.generation = message_.generation_id_or_member_epoch;
  out.member_id = message_.member_id;
  if (message_.group_instance_id.has_value()) out.instance_id = *message_.group_instance_id;
  out.retention_ms = message_.retention_time_ms;
  out.knows_group_id_not_found = request_.version >= kGroupIdNotFound;
  response_.topics.resize(message_.topics.size());
  for (size_t t = 0; t < message_.topics.size(); ++t) {
    const OffsetCommitRequest::OffsetCommitRequestTopic& topic = message_.topics[t];
    OffsetCommitResponse::OffsetCommitResponseTopic& answer = response_.topics[t];
    answer.name = topic.name;
    answer.topic_id = topic.topic_id;
    const bool by_id = request_.version >= kTopicIds;
    const metadata::TopicImage* known =
        by_id ? image.topic(topic.topic_id) : image.topic_by_name(topic.name);
    group::TopicOffsetsToCommit offsets;
    if (known != nullptr) offsets.topic = known->name;
    answer.partitions.resize(topic.partitions.size());
    for (size_t p = 0; p < topic.partitions.size(); ++p) {
      const auto& partition = topic.partitions[p];
      answer.partitions[p].partition_index = partition.partition_index;
      const ErrorCode error = seek(known, partition.partition_index).error;
      if (error != ErrorCode::kNone) {
        answer.partitions[p].error_code =
            code(by_id && known == nullptr ? ErrorCode::kUnknownTopicId : error);
        continue;
      }
      asked_.push_back(&answer.partitions[p]);
      offsets.partitions.push_back({partition.partition_index, partition.committed_offset,
                                    partition.committed_leader_epoch,
                                    std::string(partition.committed_metadata.value_or(""))});
    }
    if (!offsets.partitions.empty()) out.topics.push_back(std::move(offsets));
  }
  return out;
}

void CommitCall::run() {
  if (!decode(request_, message_, responder_)) return;
  group::CommitOffsetsCommand command;
  services_.session.with_image([&](const metadata::Image& image) { command = sort(image); });
  if (command.topics.empty()) return finish();
  services_.groups.ask(std::move(command), *request_.connection->loop,
                       [self = shared_from_this()](group::Result result) {
                         self->answered(std::get<group::CommitOffsetsAnswer>(result));
                       });
}

void CommitCall::answered(const group::CommitOffsetsAnswer& answer) {
  size_t next = 0;
  for (const group::TopicErrors& topic : answer.topics) {
    for (const group::PartitionError& partition : topic.partitions) {
      if (next < asked_.size()) asked_[next++]->error_code = code(partition.error);
    }
  }
  finish();
}

void CommitCall::finish() {
  int16_t first_error = 0;
  for (const auto& topic : response_.topics) {
    for (const auto& partition : topic.partitions) {
      if (first_error == 0) first_error = partition.error_code;
    }
  }
  responder_.send(response_, first_error);
}

}  // namespace

void handle_offset_commit(Services& services, Request request, Responder responder) {
  std::make_shared<CommitCall>(services, std::move(request), std::move(responder))->run();
}

}  // namespace barnabas::api
