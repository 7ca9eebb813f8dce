// DescribeTopicPartitions (75): topics in the order of their names, so many partitions at a time,
// with the replicas that may yet lead (KIP-966). What did not fit is asked for again from the
// cursor.
//
// The answer borrows its texts from the image and is written out under the image's reader lock.

#include "kafka/messages/describe_topic_partitions.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "broker/api/authorized_operations.h"
#include "broker/api/internal_topics.h"
#include "broker/api/partition_state.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/api/topic_name.h"

namespace barnabas::api {
namespace {

using kafka::DescribeTopicPartitionsRequest;
using kafka::DescribeTopicPartitionsResponse;
using kafka::ErrorCode;
using Topic = DescribeTopicPartitionsResponse::DescribeTopicPartitionsResponseTopic;

// max.request.partition.size.limit
constexpr int32_t kMostPartitions = 2000;

class Page {
 public:
  Page(Services& services, const Request& request, const DescribeTopicPartitionsRequest& message)
      : services_(services),
        connection_(*request.connection),
        left_(static_cast<size_t>(
            std::clamp(message.response_partition_limit, int32_t{1}, kMostPartitions))) {
    if (!message.cursor.has_value()) return;
    from_topic_ = message.cursor->topic_name;
    from_partition_ = static_cast<size_t>(message.cursor->partition_index);
  }

  std::string_view from_topic() const { return from_topic_; }
  DescribeTopicPartitionsResponse& response() { return response_; }
  int16_t first_error() const { return first_error_; }

  // Both give false when the page is full.
  bool add(const metadata::Image& image, const metadata::TopicImage& topic) {
    if (is_full(topic.name)) return false;
    Topic& out = add_topic(topic.name, ErrorCode::kNone);
    out.topic_id = topic.id;
    size_t index = topic.name == from_topic_ ? from_partition_ : 0;
    for (; index < topic.partitions.size(); ++index, --left_) {
      if (left_ == 0) {
        set_cursor(topic.name, static_cast<int32_t>(index));
        return false;
      }
      add_partition(image, topic.partitions[index], static_cast<int32_t>(index), out);
    }
    return true;
  }
  bool add_unknown(std::string_view name) {
    if (is_full(name)) return false;
    add_topic(name, is_topic_name(name) ? ErrorCode::kUnknownTopicOrPartition
                                        : ErrorCode::kInvalidTopicException);
    return true;
  }

 private:
  bool is_full(std::string_view next) {
    if (left_ > 0) return false;
    set_cursor(next, 0);
    return true;
  }
  void set_cursor(std::string_view topic, int32_t partition) {
    DescribeTopicPartitionsResponse::Cursor cursor;
    cursor.topic_name = topic;
    cursor.partition_index = partition;
    response_.next_cursor = cursor;
  }
  Topic& add_topic(std::string_view name, ErrorCode error) {
    Topic& out = response_.topics.emplace_back();
    out.error_code = code(error);
    out.name = name;
    out.is_internal = is_internal_topic(name);
    out.topic_authorized_operations = kAllTopicOperations;
    if (first_error_ == 0) first_error_ = out.error_code;
    return out;
  }
  void add_partition(const metadata::Image& image, const metadata::PartitionImage& state,
                     int32_t index, Topic& topic) {
    auto& out = topic.partitions.emplace_back();
    const ReachableLeader leader = reachable_leader(image, state, connection_, services_.options);
    out.error_code = code(leader.error);
    out.partition_index = index;
    out.leader_id = leader.id.value();
    out.leader_epoch = state.leader_epoch.value();
    add_ids(state.replicas, out.replica_nodes);
    add_ids(state.in_sync, out.isr_nodes);
    add_ids(state.eligible, out.eligible_leader_replicas.emplace());
    add_ids(state.last_known_eligible, out.last_known_elr.emplace());
    add_offline(image, state, out.offline_replicas);
  }

  Services& services_;
  const ConnectionFacts& connection_;
  size_t left_;
  std::string_view from_topic_;
  size_t from_partition_ = 0;
  DescribeTopicPartitionsResponse response_;
  int16_t first_error_ = 0;
};

// There is no place in the answer for an error of the whole request.
void refuse(const DescribeTopicPartitionsRequest& message, Responder& responder) {
  DescribeTopicPartitionsResponse response;
  for (const auto& topic : message.topics) {
    auto& out = response.topics.emplace_back();
    out.error_code = code(ErrorCode::kInvalidRequest);
    out.name = topic.name;
  }
  responder.send(response, code(ErrorCode::kInvalidRequest));
}

void add_all(const metadata::Image& image, Page& page) {
  const auto& names = image.topics_by_name();
  for (auto at = names.lower_bound(page.from_topic()); at != names.end(); ++at) {
    if (!page.add(image, *image.topic(at->second))) return;
  }
}

void add_named(const metadata::Image& image, const std::set<std::string_view>& names, Page& page) {
  for (auto at = names.lower_bound(page.from_topic()); at != names.end(); ++at) {
    const metadata::TopicImage* topic = image.topic_by_name(*at);
    if (!(topic == nullptr ? page.add_unknown(*at) : page.add(image, *topic))) return;
  }
}

}  // namespace

void handle_describe_topic_partitions(Services& services, Request request, Responder responder) {
  DescribeTopicPartitionsRequest message;
  if (!decode(request, message, responder)) return;
  std::set<std::string_view> names;
  for (const auto& topic : message.topics) names.insert(topic.name);
  if (message.cursor.has_value()) {
    const bool is_asked_for = names.empty() || names.contains(message.cursor->topic_name);
    if (!is_asked_for || message.cursor->partition_index < 0) return refuse(message, responder);
  }
  Page page(services, request, message);
  services.session.with_image([&](const metadata::Image& image) {
    if (names.empty()) {
      add_all(image, page);
    } else {
      add_named(image, names, page);
    }
    responder.send(page.response(), page.first_error(), 256 + 64 * page.response().topics.size());
  });
}

}  // namespace barnabas::api
