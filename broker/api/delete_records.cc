// DeleteRecords (21): partitions lose what lies below an offset. Answered when every partition has
// answered: when all its in-sync replicas have let go, or the request's time is over.

#include "kafka/messages/delete_records.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/api/internal_topics.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {
namespace {

using kafka::DeleteRecordsRequest;
using kafka::DeleteRecordsResponse;
using kafka::ErrorCode;
using partition::DeleteRecordsAnswer;

class DeleteRecordsCall : public std::enable_shared_from_this<DeleteRecordsCall> {
 public:
  DeleteRecordsCall(Services& services, const Request& request, Responder responder)
      : services_(services),
        connection_(request.connection),
        received_(request.received),
        responder_(std::move(responder)) {}

  void run(const DeleteRecordsRequest& message) {
    std::vector<std::vector<Sought>> sought(message.topics.size());
    services_.session.with_image([&](const metadata::Image& image) {
      for (size_t t = 0; t < message.topics.size(); ++t) {
        const metadata::TopicImage* topic = image.topic_by_name(message.topics[t].name);
        for (const auto& asked : message.topics[t].partitions) {
          sought[t].push_back(seek(topic, asked.partition_index));
        }
      }
    });
    const Duration timeout =
        std::clamp<Duration>(std::chrono::milliseconds(message.timeout_ms), Duration::zero(),
                             services_.options.request_timeout_max);
    response_.topics.resize(message.topics.size());
    for (size_t t = 0; t < message.topics.size(); ++t) {
      const auto& topic = message.topics[t];
      response_.topics[t].name = texts_.emplace_back(topic.name);
      response_.topics[t].partitions.resize(topic.partitions.size());
      for (size_t p = 0; p < topic.partitions.size(); ++p) {
        response_.topics[t].partitions[p].partition_index = topic.partitions[p].partition_index;
        if (is_internal_topic(topic.name)) sought[t][p].error = ErrorCode::kInvalidTopicException;
        find_replica(services_, sought[t][p]);
        ++pending_;
        ask(t, p, sought[t][p], Offset{topic.partitions[p].offset}, received_ + timeout);
      }
    }
    if (--pending_ == 0) finish();
  }

 private:
  void ask(size_t topic, size_t index, const Sought& at, Offset to, Instant deadline) {
    std::optional<DeleteRecordsAnswer> answer;
    if (at.error != ErrorCode::kNone) {
      answer = DeleteRecordsAnswer{at.error, kNoOffset};
    } else {
      answer = at.replica->delete_records(
          to, deadline, *connection_->loop,
          [self = shared_from_this(), topic, index](const DeleteRecordsAnswer& late) {
            self->answered(topic, index, late);
          });
    }
    if (answer.has_value()) answered(topic, index, *answer);
  }

  void answered(size_t topic, size_t index, const DeleteRecordsAnswer& answer) {
    auto& out = response_.topics[topic].partitions[index];
    out.error_code = code(answer.error);
    // As in Kafka: a request whose time is over has no low watermark either.
    out.low_watermark = answer.error == ErrorCode::kNone ? answer.low_watermark.value() : -1;
    if (first_error_ == ErrorCode::kNone) first_error_ = answer.error;
    if (--pending_ == 0) finish();
  }

  void finish() { responder_.send(response_, code(first_error_)); }

  Services& services_;
  std::shared_ptr<const ConnectionFacts> connection_;
  const Instant received_;
  Responder responder_;
  DeleteRecordsResponse response_;
  std::deque<std::string> texts_;  // what the response borrows
  ErrorCode first_error_ = ErrorCode::kNone;
  size_t pending_ = 1;  // one for run() itself
};

}  // namespace

void handle_delete_records(Services& services, Request request, Responder responder) {
  DeleteRecordsRequest message;
  if (!decode(request, message, responder)) return;
  std::make_shared<DeleteRecordsCall>(services, request, std::move(responder))->run(message);
}

}  // namespace barnabas::api
