// DurableReport (15000): a follower says how far its disk has come (S16). Between brokers only:
// refused unless the sender is registered with the epoch that it claims. Answered at once.

#include "kafka/messages/durable_report.h"

#include <utility>
#include <vector>

#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {

void handle_durable_report(Services& services, Request request, Responder responder) {
  kafka::DurableReportRequest message;
  if (!decode(request, message, responder)) return;
  kafka::DurableReportResponse response;
  partition::ReplicaIdentity sender;
  kafka::ErrorCode refusal = kafka::ErrorCode::kNone;
  services.session.with_image([&](const metadata::Image& image) {
    const metadata::BrokerImage* broker = image.broker(BrokerId{message.broker_id});
    if (broker == nullptr) {
      refusal = kafka::ErrorCode::kClusterAuthorizationFailed;
    } else if (broker->epoch.value() != message.broker_epoch) {
      refusal = kafka::ErrorCode::kStaleBrokerEpoch;
    } else {
      sender.broker = broker->id;
      sender.epoch = broker->epoch;
      if (!broker->directories.empty()) sender.directory = broker->directories[0];
    }
  });
  if (refusal != kafka::ErrorCode::kNone) {
    response.error_code = code(refusal);
    return responder.send(response, response.error_code);
  }
  for (const auto& topic : message.topics) {
    auto& out = response.topics.emplace_back();
    out.topic_id = topic.topic_id;
    for (const auto& line : topic.partitions) {
      const auto replica =
          services.partitions.find({topic.topic_id, PartitionIndex{line.partition}});
      partition::DurableReportAnswer answer;
      if (replica == nullptr) {
        answer.error = kafka::ErrorCode::kNotLeaderOrFollower;
      } else {
        partition::DurableReport report;
        report.leader_epoch = LeaderEpoch{line.leader_epoch};
        report.durable_end = Offset{line.durable_end};
        report.epoch_before_end = LeaderEpoch{line.epoch_before_end};
        report.log_start = Offset{line.log_start};
        answer = replica->report(sender, report);
      }
      auto& told = out.partitions.emplace_back();
      told.partition = line.partition;
      told.error_code = code(answer.error);
      told.high_watermark = answer.high_watermark.value();
      told.leader_epoch = answer.leader_epoch.value();
    }
  }
  responder.send(response);
}

}  // namespace barnabas::api
