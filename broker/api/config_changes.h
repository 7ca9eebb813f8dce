// Changes of configuration on their way to the controller, for AlterConfigs and for
// IncrementalAlterConfigs. What is wrong about a resource without asking anybody is refused here;
// the others are forwarded together, and the answers of all come in the order of the request.

#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/api/request.h"
#include "broker/api/services.h"
#include "kafka/errors.h"
#include "proto/admin.pb.h"

namespace barnabas::api {

struct ResourceOutcome {
  int8_t type = 0;
  std::string name;
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  std::string message;
};

class ConfigChanges {
 public:
  // `replace`: what is not named goes back to its default.
  ConfigChanges(BrokerId self, bool validate_only, bool replace);

  void begin(int8_t type, std::string_view name);
  // Of the resource begun last. `operation` as Kafka numbers them.
  void add(std::string_view key, int8_t operation, std::optional<std::string_view> value);

  using Done = absl::AnyInvocable<void(std::vector<ResourceOutcome>)>;
  // `done` runs on the connection's loop.
  static void carry_out(ConfigChanges changes, Services& services, const Request& request,
                        Done done);

 private:
  struct Asked {
    ResourceOutcome outcome;
    proto::ConfigResource resource;
  };
  void refuse(Asked& asked, std::string why,
              kafka::ErrorCode error = kafka::ErrorCode::kInvalidRequest);
  void check_resource(Asked& asked);
  void refuse_repeated();

  BrokerId self_;
  bool validate_only_;
  bool replace_;
  std::vector<Asked> asked_;
};

// Fills the `responses` that both APIs have alike; gives the first error.
template <class Response>
int16_t add_outcomes(const std::vector<ResourceOutcome>& outcomes, Response& response) {
  int16_t first_error = 0;
  for (const ResourceOutcome& outcome : outcomes) {
    auto& out = response.responses.emplace_back();
    out.resource_type = outcome.type;
    out.resource_name = outcome.name;
    out.error_code = static_cast<int16_t>(outcome.error);
    out.error_message.reset();
    if (out.error_code != 0) out.error_message = outcome.message;
    if (first_error == 0) first_error = out.error_code;
  }
  return first_error;
}

}  // namespace barnabas::api
