// OffsetDelete (47): forgets what a group has committed for topics that it does not read.

#include "kafka/messages/offset_delete.h"

#include <string>
#include <utility>
#include <variant>

#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/group/coordinator.h"

namespace barnabas::api {

using kafka::OffsetDeleteRequest;
using kafka::OffsetDeleteResponse;

void handle_offset_delete(Services& services, Request request, Responder responder) {
  OffsetDeleteRequest message;
  if (!decode(request, message, responder)) return;
  group::DeleteOffsetsCommand command;
  command.group = message.group_id;
  OffsetDeleteResponse unknown;  // refused by the image already
  services.session.with_image([&](const metadata::Image& image) {
    for (const OffsetDeleteRequest::OffsetDeleteRequestTopic& topic : message.topics) {
      group::TopicPartitions known{std::string(topic.name), {}};
      OffsetDeleteResponse::OffsetDeleteResponseTopic missing;
      missing.name = topic.name;
      for (const auto& partition : topic.partitions) {
        const kafka::ErrorCode error =
            seek(image.topic_by_name(topic.name), partition.partition_index).error;
        if (error == kafka::ErrorCode::kNone) {
          known.partitions.push_back(partition.partition_index);
          continue;
        }
        auto& refused = missing.partitions.emplace_back();
        refused.partition_index = partition.partition_index;
        refused.error_code = code(error);
      }
      if (!known.partitions.empty()) command.topics.push_back(std::move(known));
      if (!missing.partitions.empty()) unknown.topics.push_back(std::move(missing));
    }
  });
  Executor& loop = *request.connection->loop;
  services.groups.ask(std::move(command), loop,
                      [request = std::move(request), response = std::move(unknown),
                       responder = std::move(responder)](const group::Result& result) mutable {
                        const auto& answer = std::get<group::DeleteOffsetsAnswer>(result);
                        response.error_code = code(answer.error);
                        int16_t first_error = response.error_code;
                        if (first_error != 0) response.topics.clear();
                        for (const group::TopicErrors& topic : answer.topics) {
                          auto& out = response.topics.emplace_back();
                          out.name = topic.topic;
                          for (const group::PartitionError& partition : topic.partitions) {
                            auto& to = out.partitions.emplace_back();
                            to.partition_index = partition.partition;
                            to.error_code = code(partition.error);
                            if (first_error == 0) first_error = to.error_code;
                          }
                        }
                        responder.send(response, first_error);
                      });
}

}  // namespace barnabas::api
