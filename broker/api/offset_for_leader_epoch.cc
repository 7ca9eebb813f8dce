// OffsetForLeaderEpoch (23): where an epoch ends in the leader's log, by which consumers and
// replicas find out where their own history departs from it.

#include "kafka/messages/offset_for_leader_epoch.h"

#include <utility>
#include <vector>

#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {

void handle_offset_for_leader_epoch(Services& services, Request request, Responder responder) {
  kafka::OffsetForLeaderEpochRequest message;
  if (!decode(request, message, responder)) return;
  std::vector<std::vector<Sought>> sought(message.topics.size());
  services.session.with_image([&](const metadata::Image& image) {
    for (size_t t = 0; t < message.topics.size(); ++t) {
      const metadata::TopicImage* topic = image.topic_by_name(message.topics[t].topic);
      for (const auto& asked : message.topics[t].partitions) {
        sought[t].push_back(seek(topic, asked.partition));
      }
    }
  });
  kafka::OffsetForLeaderEpochResponse response;
  kafka::ErrorCode first_error = kafka::ErrorCode::kNone;
  for (size_t t = 0; t < message.topics.size(); ++t) {
    auto& topic = response.topics.emplace_back();
    topic.topic = message.topics[t].topic;
    for (size_t p = 0; p < message.topics[t].partitions.size(); ++p) {
      const auto& asked = message.topics[t].partitions[p];
      Sought& at = sought[t][p];
      find_replica(services, at);
      partition::EpochEndAnswer answer;
      answer.error = at.error;
      if (answer.error == kafka::ErrorCode::kNone) {
        answer = at.replica->epoch_end(LeaderEpoch{asked.leader_epoch},
                                       LeaderEpoch{asked.current_leader_epoch});
      }
      if (first_error == kafka::ErrorCode::kNone) first_error = answer.error;
      auto& out = topic.partitions.emplace_back();
      out.partition = asked.partition;
      out.error_code = code(answer.error);
      if (answer.error != kafka::ErrorCode::kNone) continue;
      out.leader_epoch = answer.end.epoch.value();
      out.end_offset = answer.end.end.value();
    }
  }
  responder.send(response, code(first_error));
}

}  // namespace barnabas::api
