// A Kafka port whose controller is the test: what is forwarded waits in a queue until the test
// answers it.

#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "broker/testing/kafka_port.h"

namespace barnabas::testing_support {

class AdminPort : public testing::Test {
 protected:
  AdminPort() : client(port.connect()) {}

  template <class Request>
  void send(const Request& message, int16_t version) {
    client->send(request_frame(message, version, 1));
    port.simulation.run_for(std::chrono::milliseconds(5));
  }
  template <class Response>
  Answer<Response> answer(int16_t version) {
    if (!port.until([&] { return !client->frames.empty(); })) {
      ADD_FAILURE() << "no answer";
      return {};
    }
    Buffer frame = std::move(client->frames.front());
    client->frames.pop_front();
    return parse_answer<Response>(std::move(frame), version);
  }
  template <class Response, class Request>
  Answer<Response> call(const Request& message, int16_t version) {
    return port.call<Response>(*client, message, version);
  }
  // Answers the oldest forwarded request.
  proto::AdminRequest take(absl::StatusOr<proto::AdminAnswer> with) {
    if (port.session.admin_requests.empty()) {
      ADD_FAILURE() << "nothing was forwarded";
      return {};
    }
    auto [request, done] = std::move(port.session.admin_requests.front());
    port.session.admin_requests.pop_front();
    done(std::move(with));
    // What is answered may be forwarded on.
    port.simulation.run_for(std::chrono::milliseconds(5));
    return request;
  }
  void configure(metadata::ResourceType type, const std::string& name, const std::string& key,
                 const std::string& value) {
    proto::Decision decision;
    proto::Config& record = *decision.add_records()->mutable_config();
    record.set_type(static_cast<proto::ResourceType>(type));
    record.set_name(name);
    record.set_key(key);
    record.set_value(value);
    port.session.commit(decision);
  }

  KafkaPort port;
  std::unique_ptr<RawClient> client;
};

}  // namespace barnabas::testing_support
