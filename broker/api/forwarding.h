// Forwards what is the controller's business, and answers the client when this broker has applied
// the outcome itself: a client that creates a topic and asks the same broker for it finds it.

#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <string>

#include "broker/api/request.h"
#include "broker/api/services.h"
#include "kafka/errors.h"
#include "proto/admin.pb.h"

namespace barnabas::api {

struct Forwarded {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;  // for the whole request
  std::string message;
  proto::AdminAnswer answer;
};

// `done` runs on the connection's loop. `timeout_ms` is the client's own.
void forward(Services& services, const Request& request, proto::AdminRequest message,
             int32_t timeout_ms, absl::AnyInvocable<void(Forwarded)> done);

}  // namespace barnabas::api
