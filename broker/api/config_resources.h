// The numbers that Kafka's configuration APIs use.

#pragma once

#include <cstdint>

namespace barnabas::api {

// Kinds of resources.
inline constexpr int8_t kTopicResource = 2, kBrokerResource = 4, kBrokerLoggerResource = 8,
                        kClientMetricsResource = 16, kGroupResource = 32;

// Where a value stands.
enum class ConfigSource : int8_t {
  kTopic = 1,
  kBroker = 2,         // changed at run time, for one broker
  kBrokerDefault = 3,  // changed at run time, for all brokers
  kFile = 4,
  kDefault = 5,
};

}  // namespace barnabas::api
