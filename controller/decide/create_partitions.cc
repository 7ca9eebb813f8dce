#include "controller/decide/create_partitions.h"

#include <absl/container/flat_hash_map.h>
#include <absl/strings/str_cat.h>

#include <set>

#include "controller/decide/new_partitions.h"
#include "metadata/config_keys.h"

namespace barnabas::controller {

using metadata::Image;
using metadata::TopicImage;

namespace {

Failure check_count(const TopicImage& topic, const proto::MorePartitions& asked) {
  const auto present = static_cast<int32_t>(topic.partitions.size());
  if (asked.count() == present) {
    return {ErrorCode::kInvalidPartitions,
            absl::StrCat("Topic '", topic.name, "' already has ", present, " partition(s).")};
  }
  if (asked.count() < present) {
    return {
        ErrorCode::kInvalidPartitions,
        absl::StrCat("Topic '", topic.name, "' has ", present, " partition(s), and ", asked.count(),
                     " would not be an increase. Partitions can only be added; for fewer, "
                     "create another topic.")};
  }
  return {};
}

Failure check_assignments(const Image& image, const TopicImage& topic,
                          const proto::MorePartitions& asked, Assignment& out) {
  const auto present = static_cast<int32_t>(topic.partitions.size());
  const int32_t more = asked.count() - present;
  if (asked.assignments_size() != more) {
    return {ErrorCode::kInvalidReplicaAssignment,
            absl::StrCat("Topic '", topic.name, "' gets ", more, " more partition(s), but ",
                         asked.assignments_size(), " assignment(s) were given.")};
  }
  const size_t wanted = topic.partitions.front().replicas.size();
  for (int32_t i = 0; i < more; ++i) {
    if (Failure failure =
            check_by_hand(image, present + i, asked.assignments(i).brokers(), wanted, out);
        failure.failed()) {
      return failure;
    }
  }
  return {};
}

Failure place_by_rule(const Image& image, const TopicImage& topic, int32_t more, Random& random,
                      Assignment& out) {
  Assignment existing;
  for (const metadata::PartitionImage& partition : topic.partitions) {
    existing.push_back(partition.replicas);
  }
  std::vector<PlacementBroker> brokers;
  if (Failure failure = brokers_for(image, static_cast<int32_t>(existing.front().size()), brokers);
      failure.failed()) {
    return failure;
  }
  out = place_more(std::move(brokers), existing, more, random);
  return {};
}

class Growth {
 public:
  Growth(const Image& image, const proto::CreatePartitionsRequest& command, Random& random,
         const Limits& limits)
      : image_(image), random_(random), limits_(limits), room_(limits.max_changes) {
    for (const proto::MorePartitions& topic : command.topics()) ++named_[topic.name()];
  }

  Failure check(const proto::MorePartitions& asked, Assignment& out) {
    if (named_[asked.name()] > 1) {
      return {ErrorCode::kInvalidRequest, "The topic is named twice in one request."};
    }
    const TopicImage* topic = image_.topic_by_name(asked.name());
    if (topic == nullptr) {
      return {ErrorCode::kUnknownTopicOrPartition,
              absl::StrCat("Topic '", asked.name(), "' does not exist.")};
    }
    if (Failure failure = check_count(*topic, asked); failure.failed()) return failure;
    const auto more = static_cast<size_t>(asked.count()) - topic->partitions.size();
    if (more > room_) {
      return {
          more > limits_.max_changes ? ErrorCode::kInvalidPartitions : ErrorCode::kPolicyViolation,
          absl::StrCat("One request adds at most ", limits_.max_changes,
                       " partitions in all. Add fewer at once.")};
    }
    Failure failure = asked.assignments().empty()
                          ? place_by_rule(image_, *topic, static_cast<int32_t>(more), random_, out)
                          : check_assignments(image_, *topic, asked, out);
    if (!failure.failed()) room_ -= more;
    return failure;
  }

 private:
  const Image& image_;
  Random& random_;
  const Limits& limits_;
  size_t room_;
  absl::flat_hash_map<std::string, int> named_;
};

}  // namespace

Decided<proto::CreatePartitionsAnswer> decide_create_partitions(
    const Image& image, const proto::CreatePartitionsRequest& command, Random& random,
    const Limits& limits) {
  Decided<proto::CreatePartitionsAnswer> out;
  Growth growth(image, command, random, limits);
  std::set<std::string> answered;
  for (const proto::MorePartitions& asked : command.topics()) {
    // A name that stands there twice is answered once.
    if (!answered.insert(asked.name()).second) continue;
    proto::CreatedPartitions* answer = out.answer.add_topics();
    answer->set_name(asked.name());
    Assignment assignment;
    if (Failure failure = growth.check(asked, assignment); failure.failed()) {
      set_error(answer->mutable_error(), failure);
      continue;
    }
    answer->set_count(asked.count());
    if (command.validate_only()) continue;
    const TopicImage& topic = *image.topic_by_name(asked.name());
    add_partitions(image, topic.id, topic.partitions.size(), assignment,
                   metadata::topic_settings(image, topic.name).durability, out.decision);
  }
  return out;
}

}  // namespace barnabas::controller
