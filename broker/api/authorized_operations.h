// The "authorized operations" bit sets that some answers carry when asked: one bit for each
// operation by its number. There is no authorizer, so everything that applies is allowed.

#pragma once

#include <cstdint>

namespace barnabas::api {

constexpr int32_t bit(int operation) { return int32_t{1} << operation; }

constexpr int kRead = 3, kWrite = 4, kCreate = 5, kDelete = 6, kAlter = 7, kDescribe = 8,
              kClusterAction = 9, kDescribeConfigs = 10, kAlterConfigs = 11, kIdempotentWrite = 12;

inline constexpr int32_t kAllTopicOperations = bit(kRead) | bit(kWrite) | bit(kCreate) |
                                               bit(kDelete) | bit(kAlter) | bit(kDescribe) |
                                               bit(kDescribeConfigs) | bit(kAlterConfigs);
inline constexpr int32_t kAllClusterOperations = bit(kCreate) | bit(kAlter) | bit(kDescribe) |
                                                 bit(kClusterAction) | bit(kDescribeConfigs) |
                                                 bit(kAlterConfigs) | bit(kIdempotentWrite);

inline constexpr int32_t kAllGroupOperations =
    bit(kRead) | bit(kDelete) | bit(kDescribe) | bit(kDescribeConfigs) | bit(kAlterConfigs);

}  // namespace barnabas::api
