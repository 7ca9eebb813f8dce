// FindCoordinator (10): which broker coordinates a group: the leader of the partition of
// __consumer_offsets in which the group's state lies. The first one who asks brings that topic into
// being, and waits a moment for it.

#include "kafka/messages/find_coordinator.h"

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/api/addresses.h"
#include "broker/api/replicas.h"
#include "broker/api/table.h"
#include "broker/group/coordinator.h"
#include "broker/group/offsets_topic.h"

namespace barnabas::api {
namespace {

using kafka::ErrorCode;
using kafka::FindCoordinatorRequest;
using kafka::FindCoordinatorResponse;

constexpr int8_t kGroup = 0;
constexpr int8_t kTransaction = 1;

struct Found {
  ErrorCode error = ErrorCode::kNone;
  std::string message;
  int32_t node = -1;
  std::string host;
  int32_t port = -1;
};

class FindCall : public std::enable_shared_from_this<FindCall> {
 public:
  FindCall(Services& services, Request request, Responder responder)
      : services_(services), request_(std::move(request)), responder_(std::move(responder)) {}

  void run();

 private:
  bool many() const { return request_.version >= 4; }
  // The outcome, or that the topic is not there yet.
  Found find(const metadata::Image& image, std::string_view group) const;
  void answer();

  Services& services_;
  const Request request_;
  Responder responder_;
  FindCoordinatorRequest message_;
  std::vector<std::string_view> keys_;
};

Found FindCall::find(const metadata::Image& image, std::string_view group) const {
  Found out;
  if (message_.key_type == kTransaction) {
    out.error = ErrorCode::kInvalidRequest;
    out.message =
        "transactions are not available on this cluster yet; produce without a transactional id";
    return out;
  }
  if (message_.key_type != kGroup) {
    out.error = ErrorCode::kInvalidRequest;
    out.message = absl::StrCat("the key type is ", static_cast<int>(message_.key_type),
                               "; it can be 0 (a group)");
    return out;
  }
  const group::GroupPlace place = group::place_of(image, group);
  out.error = place.error;
  if (out.error != ErrorCode::kNone) {
    out.message = place.topic_exists ? "the group's partition of __consumer_offsets has no leader "
                                       "now; ask again in a moment"
                                     : "__consumer_offsets is being created; ask again in a moment";
    return out;
  }
  const metadata::BrokerImage* leader = image.broker(place.leader);
  const auto address = leader == nullptr
                           ? std::nullopt
                           : address_for(*leader, *request_.connection, services_.options);
  if (!address.has_value()) {
    out.error = ErrorCode::kCoordinatorNotAvailable;
    out.message = absl::StrCat("broker ", place.leader.value(), " coordinates this group, and has ",
                               "no listener ", request_.connection->listener);
    return out;
  }
  out.node = place.leader.value();
  out.host = address->host;
  out.port = address->port;
  return out;
}

void FindCall::run() {
  if (!decode(request_, message_, responder_)) return;
  if (many()) {
    keys_ = message_.coordinator_keys;
  } else {
    keys_ = {message_.key};
  }
  bool missing = false;
  if (message_.key_type == kGroup && !keys_.empty()) {
    services_.session.with_image([&](const metadata::Image& image) {
      missing = image.topic_by_name(group::kOffsetsTopic) == nullptr;
    });
  }
  if (!missing) return answer();
  services_.groups.offsets_topic().create(*request_.connection->loop,
                                          [self = shared_from_this()] { self->answer(); });
}

void FindCall::answer() {
  std::vector<Found> found;
  services_.session.with_image([&](const metadata::Image& image) {
    for (std::string_view key : keys_) found.push_back(find(image, key));
  });
  FindCoordinatorResponse response;
  ErrorCode first = ErrorCode::kNone;
  for (size_t i = 0; i < found.size(); ++i) {
    const Found& one = found[i];
    if (first == ErrorCode::kNone) first = one.error;
    if (many()) {
      auto& out = response.coordinators.emplace_back();
      out.key = keys_[i];
      out.node_id = one.node;
      out.host = one.host;
      out.port = one.port;
      out.error_code = code(one.error);
      out.error_message = one.message;
    } else {
      response.node_id = one.node;
      response.host = one.host;
      response.port = one.port;
      response.error_code = code(one.error);
      response.error_message = one.message;
    }
  }
  responder_.send(response, code(first));
}

}  // namespace

void handle_find_coordinator(Services& services, Request request, Responder responder) {
  std::make_shared<FindCall>(services, std::move(request), std::move(responder))->run();
}

}  // namespace barnabas::api
