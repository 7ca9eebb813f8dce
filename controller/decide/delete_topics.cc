#include "controller/decide/delete_topics.h"

#include <absl/strings/str_cat.h>

#include <set>

namespace barnabas::controller {

using metadata::Image;
using metadata::TopicImage;

namespace {

Failure find(const Image& image, const proto::TopicName& asked, const TopicImage** found) {
  if (asked.name().empty() == asked.id().empty()) {
    return {ErrorCode::kInvalidRequest, "Name a topic either by its name or by its id."};
  }
  if (!asked.name().empty()) {
    *found = image.topic_by_name(asked.name());
    if (*found != nullptr) return {};
    return {ErrorCode::kUnknownTopicOrPartition,
            absl::StrCat("Topic '", asked.name(), "' does not exist.")};
  }
  const absl::StatusOr<Uuid> id = Uuid::from_bytes(asked.id());
  if (id.ok()) *found = image.topic(*id);
  if (*found != nullptr) return {};
  return {ErrorCode::kUnknownTopicId, "No topic has this id."};
}

}  // namespace

Decided<proto::DeleteTopicsAnswer> decide_delete_topics(const Image& image,
                                                        const proto::DeleteTopicsRequest& command,
                                                        const Limits& limits) {
  Decided<proto::DeleteTopicsAnswer> out;
  std::set<Uuid> gone;
  for (const proto::TopicName& asked : command.topics()) {
    proto::DeletedTopic* answer = out.answer.add_topics();
    answer->set_name(asked.name());
    answer->set_id(asked.id());
    const TopicImage* topic = nullptr;
    Failure failure = find(image, asked, &topic);
    if (!failure.failed() && gone.size() >= limits.max_changes) {
      failure = {ErrorCode::kPolicyViolation,
                 absl::StrCat("One request deletes at most ", limits.max_changes, " topics.")};
    }
    if (!failure.failed() && !gone.insert(topic->id).second) {
      failure = {ErrorCode::kInvalidRequest, "The topic is named twice in one request."};
    }
    if (failure.failed()) {
      set_error(answer->mutable_error(), failure);
      continue;
    }
    answer->set_name(topic->name);
    answer->set_id(topic->id.bytes());
    out.decision.add_records()->mutable_remove_topic()->set_id(topic->id.bytes());
  }
  return out;
}

}  // namespace barnabas::controller
