// Produce (0): each partition's batch goes, as a view into the frame, to its replica; the answer
// goes out when all partitions have answered. One thread does all of it up to parking.

#include "kafka/messages/produce.h"

#include <glog/logging.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/api/addresses.h"
#include "broker/api/internal_topics.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "kafka/records/batch.h"

namespace barnabas::api {
namespace {

using kafka::ErrorCode;
using kafka::ProduceRequest;
using kafka::ProduceResponse;
using partition::ProduceAnswer;

class ProduceCall : public std::enable_shared_from_this<ProduceCall> {
 public:
  ProduceCall(Services& services, const Request& request, Responder responder)
      : services_(services),
        connection_(request.connection),
        version_(request.version),
        responder_(std::move(responder)) {}

  void run(const Request& request, const ProduceRequest& message);

 private:
  // What makes a batch unwelcome before its partition looks at it; kNone: nothing does.
  ProduceAnswer check(const Request& request, const ProduceRequest& message,
                      const ProduceRequest::TopicProduceData& topic,
                      const ProduceRequest::PartitionProduceData& data) const;
  void answered(size_t topic, size_t partition, ProduceAnswer answer);
  void finish();

  Services& services_;
  std::shared_ptr<const ConnectionFacts> connection_;
  const int16_t version_;
  Responder responder_;
  int16_t acks_ = 0;
  ProduceResponse response_;
  std::deque<std::string> texts_;  // what the response borrows
  std::vector<BrokerId> new_leaders_;
  ErrorCode first_error_ = ErrorCode::kNone;
  size_t pending_ = 1;  // one for run() itself
};

ProduceAnswer ProduceCall::check(const Request& request, const ProduceRequest& message,
                                 const ProduceRequest::TopicProduceData& topic,
                                 const ProduceRequest::PartitionProduceData& data) const {
  ProduceAnswer answer;
  const auto refuse = [&](ErrorCode error, std::string text) {
    answer.error = error;
    answer.message = std::move(text);
    return answer;
  };
  if (message.acks != -1 && message.acks != 0 && message.acks != 1) {
    return refuse(ErrorCode::kInvalidRequiredAcks,
                  absl::StrCat("acks is ", message.acks, "; it can be -1 (all), 0 or 1"));
  }
  if (message.transactional_id.has_value()) {
    return refuse(ErrorCode::kInvalidTxnState,
                  "transactions are not available on this cluster yet; produce without a "
                  "transactional id");
  }
  if (is_internal_topic(topic.name) && request.client_id != "__admin_client") {
    return refuse(ErrorCode::kInvalidTopicException,
                  absl::StrCat("the topic ", std::string(topic.name),
                               " is internal: only the cluster itself writes to it"));
  }
  if (!data.records.has_value() || data.records->empty()) {
    return refuse(ErrorCode::kInvalidRecord, "the request carries no record batch for a partition");
  }
  if (version_ < 7 && data.records->size() >= kafka::kBatchHeaderSize) {
    const auto batch = kafka::BatchView::parse(data.records->view());
    if (batch.ok() && batch->codec() == kafka::Codec::kZstd) {
      return refuse(ErrorCode::kUnsupportedCompressionType,
                    "zstd needs Produce version 7 or newer; this client speaks an older one");
    }
  }
  // acks and reads of what is there go on; only growth stops, before the file system itself does.
  if (services_.disk.full.load(std::memory_order_relaxed)) {
    services_.metrics.produce_refused_disk_full.add(1);
    return refuse(ErrorCode::kKafkaStorageError,
                  absl::StrCat("the disk of broker ", services_.options.self.value(),
                               " is nearly full: ", services_.disk.free_bytes.load(),
                               " bytes are free, log.dirs.free.min.bytes is ",
                               services_.disk.free_min_bytes.load(),
                               "; free space or lower retention, produce resumes by itself"));
  }
  return answer;
}

void ProduceCall::run(const Request& request, const ProduceRequest& message) {
  acks_ = message.acks;
  std::vector<std::vector<Sought>> sought(message.topic_data.size());
  services_.session.with_image([&](const metadata::Image& image) {
    for (size_t t = 0; t < message.topic_data.size(); ++t) {
      const ProduceRequest::TopicProduceData& topic = message.topic_data[t];
      const metadata::TopicImage* known = image.topic_by_name(topic.name);
      sought[t].reserve(topic.partition_data.size());
      for (const auto& data : topic.partition_data) sought[t].push_back(seek(known, data.index));
    }
  });

  response_.responses.resize(message.topic_data.size());
  for (size_t t = 0; t < message.topic_data.size(); ++t) {
    const ProduceRequest::TopicProduceData& topic = message.topic_data[t];
    response_.responses[t].name = texts_.emplace_back(topic.name);
    response_.responses[t].partition_responses.resize(topic.partition_data.size());
    for (size_t p = 0; p < topic.partition_data.size(); ++p) {
      response_.responses[t].partition_responses[p].index = topic.partition_data[p].index;
    }
  }

  const Duration timeout =
      std::clamp<Duration>(std::chrono::milliseconds(message.timeout_ms), Duration::zero(),
                           services_.options.request_timeout_max);
  const Instant deadline = request.received + timeout;
  for (size_t t = 0; t < message.topic_data.size(); ++t) {
    for (size_t p = 0; p < message.topic_data[t].partition_data.size(); ++p) {
      const ProduceRequest::PartitionProduceData& data = message.topic_data[t].partition_data[p];
      ProduceAnswer refusal = check(request, message, message.topic_data[t], data);
      Sought& at = sought[t][p];
      if (refusal.error == ErrorCode::kNone) {
        find_replica(services_, at);
        refusal.error = at.error;
        refusal.leader = at.leader;
      }
      ++pending_;
      if (refusal.error != ErrorCode::kNone) {
        answered(t, p, std::move(refusal));
        continue;
      }
      services_.metrics.produced_bytes.add(static_cast<int64_t>(data.records->size()));
      std::optional<ProduceAnswer> answer =
          at.replica->produce(*data.records, message.acks, deadline, *connection_->loop,
                              [self = shared_from_this(), t, p](ProduceAnswer late) {
                                self->answered(t, p, std::move(late));
                              });
      if (answer.has_value()) answered(t, p, *std::move(answer));
    }
  }
  if (--pending_ == 0) finish();
}

void ProduceCall::answered(size_t topic, size_t partition, ProduceAnswer answer) {
  ProduceResponse::PartitionProduceResponse& out =
      response_.responses[topic].partition_responses[partition];
  // The Java client mistakes -1 for an outcome that it may not retry in order (KAFKA-14034).
  if (answer.error == ErrorCode::kUnknownServerError) answer.error = ErrorCode::kKafkaStorageError;
  out.error_code = code(answer.error);
  out.base_offset = answer.base_offset.value();
  out.log_append_time_ms = answer.log_append_time_ms;
  out.log_start_offset = answer.log_start.value();
  if (answer.error != ErrorCode::kNone) {
    if (first_error_ == ErrorCode::kNone) first_error_ = answer.error;
    if (!answer.message.empty()) out.error_message = texts_.emplace_back(std::move(answer.message));
    for (partition::RecordError& error : answer.record_errors) {
      auto& record = out.record_errors.emplace_back();
      record.batch_index = error.batch_index;
      record.batch_index_error_message = texts_.emplace_back(std::move(error.message));
    }
    const bool moved = answer.error == ErrorCode::kNotLeaderOrFollower ||
                       answer.error == ErrorCode::kFencedLeaderEpoch;
    if (moved && version_ >= 10 && answer.leader.leader != kNoBroker) {
      out.current_leader.leader_id = answer.leader.leader.value();
      out.current_leader.leader_epoch = answer.leader.epoch.value();
      new_leaders_.push_back(answer.leader.leader);
    }
  }
  if (--pending_ == 0) finish();
}

void ProduceCall::finish() {
  if (responder_.abandoned()) return;
  if (acks_ == 0) {
    if (first_error_ == ErrorCode::kNone) return responder_.nothing();
    // There is no other way to tell this client that it must look for the leader again.
    return responder_.close(absl::StrCat("a produce request with acks=0 failed with ",
                                         std::string(kafka::error_name(first_error_))));
  }
  if (!new_leaders_.empty()) {
    services_.session.with_image([&](const metadata::Image& image) {
      for (BrokerId leader : new_leaders_) {
        add_node_endpoint(image, leader, *connection_, services_.options, response_.node_endpoints,
                          texts_);
      }
    });
  }
  responder_.send(response_, code(first_error_));
}

}  // namespace

void handle_produce(Services& services, Request request, Responder responder) {
  ProduceRequest message;
  if (!decode(request, message, responder)) return;
  // The call keeps no view of the frame: while a batch waits for its replicas its bytes are in the
  // log, and need not be in memory twice.
  std::make_shared<ProduceCall>(services, request, std::move(responder))->run(request, message);
}

}  // namespace barnabas::api
