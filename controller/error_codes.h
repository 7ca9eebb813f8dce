// The numbers of Kafka's error codes that a controller gives.

#pragma once

#include <cstdint>

namespace barnabas::controller {

enum class ErrorCode : int32_t {
  kUnknownServerError = -1,
  kNone = 0,
  kUnknownTopicOrPartition = 3,
  kRequestTimedOut = 7,
  kInvalidTopic = 17,
  kUnsupportedVersion = 35,
  kTopicAlreadyExists = 36,
  kInvalidPartitions = 37,
  kInvalidReplicationFactor = 38,
  kInvalidReplicaAssignment = 39,
  kInvalidConfig = 40,
  kNotController = 41,
  kInvalidRequest = 42,
  kPolicyViolation = 44,
  kFencedLeaderEpoch = 74,
  kStaleBrokerEpoch = 77,
  kPreferredLeaderNotAvailable = 80,
  kEligibleLeadersNotAvailable = 83,
  kElectionNotNeeded = 84,
  kThrottlingQuotaExceeded = 89,
  kInvalidUpdateVersion = 95,
  kFeatureUpdateFailed = 96,
  kUnknownTopicId = 100,
  kDuplicateBrokerRegistration = 101,
  kBrokerIdNotRegistered = 102,
  kInconsistentClusterId = 104,
  kIneligibleReplica = 107,
  kUnknownControllerId = 116,
  kInvalidRegistration = 119,
  kDuplicateVoter = 126,
  kVoterNotFound = 127,
};

}  // namespace barnabas::controller
