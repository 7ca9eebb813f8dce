#include "broker/api/config_changes.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <map>
#include <utility>

#include "broker/api/config_resources.h"
#include "broker/api/forwarding.h"
#include "broker/api/topic_name.h"

namespace barnabas::api {
namespace {

using kafka::ErrorCode;
using Change = proto::ConfigChange;

constexpr int32_t kTimeoutMs = 30'000;

std::optional<Change::Operation> operation_of(int8_t number) {
  switch (number) {
    case 0:
      return Change::SET;
    case 1:
      return Change::DELETE;
    case 2:
      return Change::APPEND;
    case 3:
      return Change::SUBTRACT;
    default:
      return std::nullopt;
  }
}

void take(const proto::AlteredResource& from, ResourceOutcome& outcome) {
  outcome.error = static_cast<ErrorCode>(from.error().code());
  outcome.message = from.error().message();
}

}  // namespace

ConfigChanges::ConfigChanges(BrokerId self, bool validate_only, bool replace)
    : self_(self), validate_only_(validate_only), replace_(replace) {}

void ConfigChanges::refuse(Asked& asked, std::string why, ErrorCode error) {
  if (asked.outcome.error != ErrorCode::kNone) return;
  asked.outcome.error = error;
  asked.outcome.message = std::move(why);
}

void ConfigChanges::begin(int8_t type, std::string_view name) {
  Asked& asked = asked_.emplace_back();
  asked.outcome.type = type;
  asked.outcome.name = name;
  asked.resource.set_type(type);
  asked.resource.set_name(asked.outcome.name);
  check_resource(asked);
}

void ConfigChanges::check_resource(Asked& asked) {
  const ResourceOutcome& outcome = asked.outcome;
  if (outcome.type == kTopicResource) {
    if (outcome.name.empty()) {
      refuse(asked, "A topic must be named: defaults for topics are set for all brokers.");
    } else if (!is_topic_name(outcome.name)) {
      refuse(asked,
             absl::StrCat("'", outcome.name.substr(0, 249), "' cannot be the name of a topic."),
             ErrorCode::kInvalidTopicException);
    }
    return;
  }
  if (outcome.type != kBrokerResource) {
    return refuse(asked, absl::StrCat("Resource type ", outcome.type,
                                      " cannot be changed here: topics (2) and brokers (4) can."));
  }
  if (outcome.name.empty()) return;
  int32_t id = 0;
  if (!absl::SimpleAtoi(outcome.name, &id)) {
    return refuse(asked, absl::StrCat("Node id must be an integer, but it is: ", outcome.name));
  }
  if (id != self_.value()) {
    refuse(asked, absl::StrCat("Unexpected broker id, expected ", self_.value(), ", but received ",
                               id, ": send this to broker ", id, " itself."));
  }
}

void ConfigChanges::add(std::string_view key, int8_t operation,
                        std::optional<std::string_view> value) {
  Asked& asked = asked_.back();
  const std::string name(key);
  const std::optional<Change::Operation> known = operation_of(operation);
  if (!known.has_value()) {
    return refuse(asked, absl::StrCat("Unknown operation type ", operation, " for '", name,
                                      "': it is 0 (set), 1 (delete), 2 (append) or 3 (subtract)."));
  }
  if (!value.has_value() && *known != Change::DELETE) {
    return refuse(asked, absl::StrCat("Null value not supported for : ", name));
  }
  Change& change = *asked.resource.add_changes();
  change.set_key(name);
  change.set_operation(*known);
  if (value.has_value()) change.set_value(std::string(*value));
}

void ConfigChanges::refuse_repeated() {
  std::map<std::pair<int8_t, std::string_view>, Asked*> seen;
  for (Asked& asked : asked_) {
    const auto [place, is_new] = seen.emplace(
        std::make_pair(asked.outcome.type, std::string_view(asked.outcome.name)), &asked);
    if (is_new) continue;
    refuse(*place->second, "Each resource must appear at most once.");
    refuse(asked, "Each resource must appear at most once.");
  }
}

void ConfigChanges::carry_out(ConfigChanges changes, Services& services, const Request& request,
                              Done done) {
  changes.refuse_repeated();
  std::vector<ResourceOutcome> outcomes;
  std::vector<size_t> places;  // of those that are forwarded
  proto::AdminRequest admin;
  proto::AlterConfigsRequest& alter = *admin.mutable_alter_configs();
  alter.set_validate_only(changes.validate_only_);
  alter.set_replace(changes.replace_);
  for (Asked& asked : changes.asked_) {
    if (asked.outcome.error == ErrorCode::kNone) {
      places.push_back(outcomes.size());
      *alter.add_resources() = std::move(asked.resource);
    }
    outcomes.push_back(std::move(asked.outcome));
  }
  if (places.empty()) return done(std::move(outcomes));
  forward(services, request, std::move(admin), kTimeoutMs,
          [outcomes = std::move(outcomes), places = std::move(places),
           done = std::move(done)](Forwarded forwarded) mutable {
            const auto& answered = forwarded.answer.alter_configs().resources();
            for (size_t i = 0; i < places.size(); ++i) {
              ResourceOutcome& outcome = outcomes[places[i]];
              if (forwarded.error != ErrorCode::kNone) {
                outcome.error = forwarded.error;
                outcome.message = forwarded.message;
              } else if (static_cast<int>(i) < answered.size()) {
                take(answered[static_cast<int>(i)], outcome);
              }
            }
            done(std::move(outcomes));
          });
}

}  // namespace barnabas::api
