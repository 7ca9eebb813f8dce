// InitProducerId (22), without transactions: a fresh id with epoch 0 for an idempotent producer.

#include "kafka/messages/init_producer_id.h"

#include <utility>

#include "broker/api/producer_ids.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {
namespace {

void refuse(Responder& responder, kafka::ErrorCode error) {
  kafka::InitProducerIdResponse response;
  response.error_code = code(error);
  response.producer_epoch = -1;
  responder.send(response, response.error_code);
}

}  // namespace

void handle_init_producer_id(Services& services, Request request, Responder responder) {
  kafka::InitProducerIdRequest message;
  if (!decode(request, message, responder)) return;
  if (message.transactional_id.has_value()) {
    // Empty is never legal; any other names a feature that this cluster does not have. The code is
    // final for every client, so that it says so instead of trying for ever.
    return refuse(responder, message.transactional_id->empty()
                                 ? kafka::ErrorCode::kInvalidRequest
                                 : kafka::ErrorCode::kUnsupportedVersion);
  }
  services.producer_ids.next(*request.connection->loop, [responder = std::move(responder)](
                                                            absl::StatusOr<ProducerId> id) mutable {
    // The controller cannot be reached just now: try again.
    if (!id.ok()) return refuse(responder, kafka::ErrorCode::kCoordinatorLoadInProgress);
    kafka::InitProducerIdResponse response;
    response.producer_id = id->value();
    response.producer_epoch = 0;
    responder.send(response);
  });
}

}  // namespace barnabas::api
