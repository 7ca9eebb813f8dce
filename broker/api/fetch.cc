// Fetch (1), for consumers and for replicas.

#include <memory>
#include <utility>

#include "broker/api/fetch_call.h"
#include "broker/api/table.h"

namespace barnabas::api {

void handle_fetch(Services& services, Request request, Responder responder) {
  kafka::FetchRequest message;
  if (!decode(request, message, responder)) return;
  std::make_shared<FetchCall>(services, request, std::move(responder))->run(message);
}

}  // namespace barnabas::api
