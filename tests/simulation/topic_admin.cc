#include "tests/simulation/topic_admin.h"

#include <absl/strings/str_cat.h>

#include <utility>

namespace barnabas::simulation {
namespace {

using kafka::ErrorCode;

constexpr Duration kBackoff = std::chrono::milliseconds(50);
constexpr Duration kLimit = std::chrono::milliseconds(2500);
constexpr int32_t kTimeoutMs = 2000;
constexpr char kHonest[] = "I54 an answer agrees with the answers before it";

enum class Outcome { kDone, kNothingDone, kUnknown, kThereAlready, kNotThere, kRefused };

Outcome outcome(int16_t error) {
  switch (static_cast<ErrorCode>(error)) {
    case ErrorCode::kNone:
      return Outcome::kDone;
    case ErrorCode::kTopicAlreadyExists:
      return Outcome::kThereAlready;
    case ErrorCode::kUnknownTopicOrPartition:
    case ErrorCode::kUnknownTopicId:
      return Outcome::kNotThere;
    // Too few brokers are there now; there will be more.
    case ErrorCode::kInvalidReplicationFactor:
    case ErrorCode::kBrokerNotAvailable:
      return Outcome::kNothingDone;
    case ErrorCode::kRequestTimedOut:
    case ErrorCode::kNotController:
    case ErrorCode::kNetworkException:
    case ErrorCode::kThrottlingQuotaExceeded:
    case ErrorCode::kUnknownServerError:
      return Outcome::kUnknown;
    default:
      return Outcome::kRefused;
  }
}

}  // namespace

void TopicAdmin::create(TopicWanted topic, bool unknown, Created created) {
  kafka::CreateTopicsRequest request;
  request.timeout_ms = kTimeoutMs;
  auto& wanted = request.topics.emplace_back();
  wanted.name = topic.name;
  wanted.num_partitions = topic.partitions;
  wanted.replication_factor = topic.replication_factor;
  for (const auto& [key, value] : topic.configs) {
    auto& config = wanted.configs.emplace_back();
    config.name = key;
    config.value = value;
  }
  client_.ask<kafka::CreateTopicsResponse>(
      kNoBroker, request, kLimit,
      [this, topic, unknown, created = std::move(created), alive = std::weak_ptr<char>(alive_)](
          absl::StatusOr<const kafka::CreateTopicsResponse*> response) mutable {
        if (alive.expired()) return;
        Outcome what = Outcome::kUnknown;
        if (!response.ok()) {
          trouble_ = response.status().ToString();
        } else if ((*response)->topics.size() == 1) {
          const auto& answer = (*response)->topics[0];
          what = outcome(answer.error_code);
          trouble_ = absl::StrCat("error ", answer.error_code, " ",
                                  std::string(answer.error_message.value_or("")));
          if (what == Outcome::kDone) return created(answer.topic_id, unknown);
        }
        if (what == Outcome::kThereAlready) {
          if (unknown) return created(Uuid(), true);
          findings_.report(kHonest, absl::StrCat("topic ", topic.name,
                                                 " cannot be created, it is there already; yet "
                                                 "its deletion was acknowledged"));
          return;
        }
        if (what == Outcome::kRefused || what == Outcome::kNotThere) {
          findings_.report("I53 a sound topic is created",
                           absl::StrCat("topic ", topic.name, ": ", trouble_));
          return;
        }
        client_.loop().after(kBackoff, [this, topic, created = std::move(created), alive,
                                        maybe = unknown || what == Outcome::kUnknown]() mutable {
          if (!alive.expired()) create(std::move(topic), maybe, std::move(created));
        });
      });
}

void TopicAdmin::erase(std::string name, Uuid id, bool unknown, Deleted deleted) {
  kafka::DeleteTopicsRequest request;
  request.timeout_ms = kTimeoutMs;
  auto& topic = request.topics.emplace_back();
  if (id.is_none()) {
    topic.name = name;
  } else {
    topic.topic_id = id;
  }
  client_.ask<kafka::DeleteTopicsResponse>(
      kNoBroker, request, kLimit,
      [this, name, id, unknown, deleted = std::move(deleted), alive = std::weak_ptr<char>(alive_)](
          absl::StatusOr<const kafka::DeleteTopicsResponse*> response) mutable {
        if (alive.expired()) return;
        Outcome what = Outcome::kUnknown;
        if (!response.ok()) {
          trouble_ = response.status().ToString();
        } else if ((*response)->responses.size() == 1) {
          const auto& answer = (*response)->responses[0];
          what = outcome(answer.error_code);
          trouble_ = absl::StrCat("error ", answer.error_code);
        }
        if (what == Outcome::kDone || (what == Outcome::kNotThere && unknown)) return deleted();
        if (what == Outcome::kNotThere) {
          findings_.report(kHonest, absl::StrCat("topic ", name,
                                                 " cannot be deleted, it is not there; yet its "
                                                 "creation was acknowledged"));
          return;
        }
        if (what == Outcome::kRefused || what == Outcome::kThereAlready) {
          findings_.report("I53 a topic that is there is deleted",
                           absl::StrCat("topic ", name, ": ", trouble_));
          return;
        }
        client_.loop().after(kBackoff, [this, name, id, deleted = std::move(deleted), alive,
                                        maybe = unknown || what == Outcome::kUnknown]() mutable {
          if (!alive.expired()) erase(std::move(name), id, maybe, std::move(deleted));
        });
      });
}

}  // namespace barnabas::simulation
