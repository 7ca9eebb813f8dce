#include "broker/group/refusals.h"

#include <utility>

namespace barnabas::group {

using kafka::ErrorCode;

JoinAnswer refusal(const JoinCommand& command, ErrorCode error) {
  JoinAnswer answer;
  answer.error = error;
  answer.member_id = command.member_id;
  return answer;
}

SyncAnswer refusal(const SyncCommand&, ErrorCode error) {
  SyncAnswer answer;
  answer.error = error;
  return answer;
}

HeartbeatAnswer refusal(const HeartbeatCommand&, ErrorCode error) { return {error}; }

LeaveAnswer refusal(const LeaveCommand&, ErrorCode error) { return {error, {}}; }

CommitOffsetsAnswer refusal(const CommitOffsetsCommand& command, ErrorCode error) {
  CommitOffsetsAnswer answer;
  answer.topics.reserve(command.topics.size());
  for (const TopicOffsetsToCommit& topic : command.topics) {
    TopicErrors& errors = answer.topics.emplace_back();
    errors.topic = topic.topic;
    for (const OffsetToCommit& offset : topic.partitions) {
      errors.partitions.push_back({offset.partition, error});
    }
  }
  return answer;
}

FetchOffsetsAnswer refusal(const FetchOffsetsCommand&, ErrorCode error) { return {error, {}}; }

DeleteOffsetsAnswer refusal(const DeleteOffsetsCommand&, ErrorCode error) { return {error, {}}; }

DeleteGroupsAnswer refusal(const DeleteGroupsCommand& command, ErrorCode error) {
  DeleteGroupsAnswer answer;
  for (const std::string& group : command.groups) answer.groups.push_back({group, error});
  return answer;
}

ListGroupsAnswer refusal(const ListGroupsCommand&, ErrorCode error) { return {error, {}}; }

DescribeGroupAnswer refusal(const DescribeGroupCommand&, ErrorCode error) {
  DescribeGroupAnswer answer;
  answer.error = error;
  return answer;
}

namespace {

struct Failure {
  ErrorCode error;

  Result operator()(const JoinAnswer& decided) const {
    JoinAnswer answer;
    answer.error = error;
    answer.member_id = decided.member_id;
    return answer;
  }
  Result operator()(const SyncAnswer&) const { return refusal(SyncCommand(), error); }
  Result operator()(const HeartbeatAnswer&) const { return HeartbeatAnswer{error}; }
  Result operator()(const LeaveAnswer&) const { return LeaveAnswer{error, {}}; }
  Result operator()(CommitOffsetsAnswer answer) const {
    for (TopicErrors& topic : answer.topics) {
      for (PartitionError& partition : topic.partitions) partition.error = error;
    }
    return answer;
  }
  Result operator()(const FetchOffsetsAnswer&) const { return FetchOffsetsAnswer{error, {}}; }
  Result operator()(const DeleteOffsetsAnswer&) const { return DeleteOffsetsAnswer{error, {}}; }
  Result operator()(DeleteGroupsAnswer answer) const {
    for (DeletedGroup& group : answer.groups) group.error = error;
    return answer;
  }
  Result operator()(const ListGroupsAnswer&) const { return ListGroupsAnswer{error, {}}; }
  Result operator()(const DescribeGroupAnswer&) const {
    return refusal(DescribeGroupCommand(), error);
  }
};

}  // namespace

Result failure(const Result& decided, ErrorCode error) {
  return std::visit(Failure{error}, decided);
}

}  // namespace barnabas::group
