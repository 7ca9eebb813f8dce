// What the controller's refusals mean to a session.

#pragma once

#include "kafka/errors.h"
#include "proto/admin.pb.h"

namespace barnabas::broker {

inline kafka::ErrorCode error_of(const proto::Error& error) {
  return static_cast<kafka::ErrorCode>(error.code());
}

// Refusals after which trying again cannot help, whatever the controller thinks of it.
inline bool is_final(kafka::ErrorCode error, bool was_registered) {
  switch (error) {
    case kafka::ErrorCode::kInconsistentClusterId:
      return true;
    // For one who is registered these mean that another incarnation took its place.
    case kafka::ErrorCode::kStaleBrokerEpoch:
    case kafka::ErrorCode::kDuplicateBrokerRegistration:
    case kafka::ErrorCode::kBrokerIdNotRegistered:
      return was_registered;
    default:
      return false;
  }
}

}  // namespace barnabas::broker
