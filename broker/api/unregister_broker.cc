// UnregisterBroker (64): a broker that does not come back leaves the cluster's metadata. Forwarded.

#include "kafka/messages/unregister_broker.h"

#include <utility>

#include "broker/api/forwarding.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"

namespace barnabas::api {
namespace {

constexpr int32_t kTimeoutMs = 30'000;

}  // namespace

void handle_unregister_broker(Services& services, Request request, Responder responder) {
  kafka::UnregisterBrokerRequest message;
  if (!decode(request, message, responder)) return;
  proto::AdminRequest admin;
  admin.mutable_unregister_broker()->set_broker(message.broker_id);
  forward(services, request, std::move(admin), kTimeoutMs,
          [responder = std::move(responder)](Forwarded forwarded) mutable {
            kafka::UnregisterBrokerResponse response;
            response.error_code = code(forwarded.error);
            if (forwarded.error != kafka::ErrorCode::kNone) {
              response.error_message = forwarded.message;
            }
            responder.send(response, response.error_code);
          });
}

}  // namespace barnabas::api
