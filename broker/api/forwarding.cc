#include "broker/api/forwarding.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

namespace barnabas::api {
namespace {

// A client that gives no time at all still gets one round trip to the controller.
constexpr Duration kLeastTime = std::chrono::milliseconds(100);
// How long an answer waits for this broker's own image, at most: being kind must not cost more.
constexpr Duration kApplyTime = std::chrono::seconds(2);

int64_t index_of(const proto::AdminAnswer& answer) {
  if (answer.has_create_topics()) return answer.create_topics().index();
  if (answer.has_delete_topics()) return answer.delete_topics().index();
  if (answer.has_alter_configs()) return answer.alter_configs().index();
  if (answer.has_create_partitions()) return answer.create_partitions().index();
  if (answer.has_elect_leaders()) return answer.elect_leaders().index();
  if (answer.has_unregister_broker()) return answer.unregister_broker().index();
  return 0;
}

}  // namespace

void forward(Services& services, const Request& request, proto::AdminRequest message,
             int32_t timeout_ms, absl::AnyInvocable<void(Forwarded)> done) {
  message.set_principal("User:ANONYMOUS");
  message.set_client_host(request.connection->peer.host);
  const Duration time = std::clamp<Duration>(std::chrono::milliseconds(timeout_ms), kLeastTime,
                                             services.options.request_timeout_max);
  services.session.admin(
      std::move(message), time,
      [&services, connection = request.connection,
       done = std::move(done)](absl::StatusOr<proto::AdminAnswer> answer) mutable {
        Forwarded out;
        int64_t index = 0;
        if (!answer.ok()) {
          // Whether it was carried out is not known, and never reported as a failure.
          out.error = kafka::ErrorCode::kRequestTimedOut;
          out.message =
              absl::StrCat("no answer from the active controller in time (",
                           answer.status().message(), "); the request may still be carried out");
        } else {
          out.error = static_cast<kafka::ErrorCode>(answer->error().code());
          out.message = answer->error().message();
          index = index_of(*answer);
          out.answer = *std::move(answer);
        }
        Task tell = [connection, done = std::move(done), out = std::move(out)]() mutable {
          connection->loop->post(
              [done = std::move(done), out = std::move(out)]() mutable { done(std::move(out)); });
        };
        if (index == 0) return tell();
        services.session.when_applied(LogIndex{index}, kApplyTime, std::move(tell));
      });
}

}  // namespace barnabas::api
