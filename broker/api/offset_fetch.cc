// OffsetFetch (9): what groups have committed. One group before version 8, many from there on, by
// topic ids from version 10 on.

#include "kafka/messages/offset_fetch.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/group/coordinator.h"

namespace barnabas::api {
namespace {

using group::FetchedTopic;
using kafka::ErrorCode;
using kafka::OffsetFetchRequest;
using kafka::OffsetFetchResponse;

constexpr int16_t kTopErrors = 2;  // before, an error stands at each partition
constexpr int16_t kManyGroups = 8;
constexpr int16_t kTopicIds = 10;

class FetchOffsetsCall : public std::enable_shared_from_this<FetchOffsetsCall> {
 public:
  FetchOffsetsCall(Services& services, Request request, Responder responder)
      : services_(services), request_(std::move(request)), responder_(std::move(responder)) {}

  void run();

 private:
  using Topics = OffsetFetchRequest::OffsetFetchRequestTopics;
  using ResponseTopics = OffsetFetchResponse::OffsetFetchResponseTopics;

  std::vector<group::Command> commands(const metadata::Image& image);
  group::TopicPartitions named(const metadata::Image& image, const Topics& topic) const;
  void answered(std::vector<group::Result> results);
  void fill_one(const group::FetchOffsetsAnswer& answer);
  void fill_group(const OffsetFetchRequest::OffsetFetchRequestGroup& asked,
                  const group::FetchOffsetsAnswer& answer, const metadata::Image& image);
  void note(ErrorCode error) {
    if (first_error_ == ErrorCode::kNone) first_error_ = error;
  }

  Services& services_;
  const Request request_;
  Responder responder_;
  OffsetFetchRequest message_;
  OffsetFetchResponse response_;
  ErrorCode first_error_ = ErrorCode::kNone;
};

// A topic id that nobody knows becomes no name at all: nothing is committed under that.
group::TopicPartitions FetchOffsetsCall::named(const metadata::Image& image,
                                               const Topics& topic) const {
  group::TopicPartitions out{std::string(topic.name), topic.partition_indexes};
  if (request_.version < kTopicIds) return out;
  const metadata::TopicImage* known = image.topic(topic.topic_id);
  if (known != nullptr) out.topic = known->name;
  return out;
}

std::vector<group::Command> FetchOffsetsCall::commands(const metadata::Image& image) {
  std::vector<group::Command> out;
  const auto add = [&](std::string_view group) -> group::FetchOffsetsCommand& {
    group::FetchOffsetsCommand command;
    command.group = group;
    command.require_stable = message_.require_stable;
    return std::get<group::FetchOffsetsCommand>(out.emplace_back(std::move(command)));
  };
  if (request_.version < kManyGroups) {
    group::FetchOffsetsCommand& command = add(message_.group_id);
    if (!message_.topics.has_value()) return out;
    command.topics.emplace();
    for (const auto& topic : *message_.topics) {
      command.topics->push_back({std::string(topic.name), topic.partition_indexes});
    }
    return out;
  }
  for (const auto& group : message_.groups) {
    group::FetchOffsetsCommand& command = add(group.group_id);
    if (!group.topics.has_value()) continue;
    command.topics.emplace();
    for (const Topics& topic : *group.topics) command.topics->push_back(named(image, topic));
  }
  return out;
}

void FetchOffsetsCall::run() {
  if (!decode(request_, message_, responder_)) return;
  std::vector<group::Command> all;
  services_.session.with_image([&](const metadata::Image& image) { all = commands(image); });
  services_.groups.ask_all(std::move(all), *request_.connection->loop,
                           [self = shared_from_this()](std::vector<group::Result> results) {
                             self->answered(std::move(results));
                           });
}

template <class Partition>
void copy(const group::FetchedOffset& from, Partition& to) {
  to.partition_index = from.partition;
  to.committed_offset = from.offset;
  to.committed_leader_epoch = from.leader_epoch;
  to.metadata = from.metadata;
  to.error_code = code(from.error);
}

void FetchOffsetsCall::fill_one(const group::FetchOffsetsAnswer& answer) {
  note(answer.error);
  if (request_.version >= kTopErrors) response_.error_code = code(answer.error);
  for (const FetchedTopic& topic : answer.topics) {
    auto& out = response_.topics.emplace_back();
    out.name = topic.topic;
    for (const group::FetchedOffset& offset : topic.partitions) {
      copy(offset, out.partitions.emplace_back());
    }
  }
  if (answer.error == ErrorCode::kNone || request_.version >= kTopErrors) return;
  response_.topics.clear();
  if (!message_.topics.has_value()) return;
  for (const auto& topic : *message_.topics) {
    auto& out = response_.topics.emplace_back();
    out.name = topic.name;
    for (int32_t index : topic.partition_indexes) {
      auto& partition = out.partitions.emplace_back();
      partition.partition_index = index;
      partition.committed_offset = -1;
      partition.error_code = code(answer.error);
    }
  }
}

void FetchOffsetsCall::fill_group(const OffsetFetchRequest::OffsetFetchRequestGroup& asked,
                                  const group::FetchOffsetsAnswer& answer,
                                  const metadata::Image& image) {
  note(answer.error);
  auto& out = response_.groups.emplace_back();
  out.group_id = asked.group_id;
  out.error_code = code(answer.error);
  if (answer.error != ErrorCode::kNone) return;
  for (size_t t = 0; t < answer.topics.size(); ++t) {
    const FetchedTopic& topic = answer.topics[t];
    ResponseTopics to;
    to.name = topic.topic;
    bool known = true;
    if (request_.version >= kTopicIds) {
      if (asked.topics.has_value() && t < asked.topics->size()) {
        to.topic_id = (*asked.topics)[t].topic_id;
        known = image.topic(to.topic_id) != nullptr;
      } else {
        const metadata::TopicImage* its = image.topic_by_name(topic.topic);
        if (its == nullptr) continue;  // deleted: there is no id by which it could be told
        to.topic_id = its->id;
      }
      to.name = {};
    }
    for (const group::FetchedOffset& offset : topic.partitions) {
      auto& partition = to.partitions.emplace_back();
      copy(offset, partition);
      if (!known) {
        partition.error_code = code(ErrorCode::kUnknownTopicId);
        note(ErrorCode::kUnknownTopicId);
      }
    }
    out.topics.push_back(std::move(to));
  }
}

// Older clients do not expect "not available" here, but do look for the coordinator again when it
// has moved.
void tell_as_moved(group::FetchOffsetsAnswer& answer) {
  if (answer.error == ErrorCode::kCoordinatorNotAvailable) {
    answer.error = ErrorCode::kNotCoordinator;
  }
}

void FetchOffsetsCall::answered(std::vector<group::Result> results) {
  for (group::Result& result : results) tell_as_moved(std::get<group::FetchOffsetsAnswer>(result));
  if (request_.version < kManyGroups) {
    fill_one(std::get<group::FetchOffsetsAnswer>(results[0]));
  } else {
    services_.session.with_image([&](const metadata::Image& image) {
      for (size_t i = 0; i < results.size(); ++i) {
        fill_group(message_.groups[i], std::get<group::FetchOffsetsAnswer>(results[i]), image);
      }
    });
  }
  responder_.send(response_, code(first_error_));
}

}  // namespace

void handle_offset_fetch(Services& services, Request request, Responder responder) {
  std::make_shared<FetchOffsetsCall>(services, std::move(request), std::move(responder))->run();
}

}  // namespace barnabas::api
