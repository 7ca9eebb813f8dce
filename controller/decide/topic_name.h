// Which names a topic may have. Kafka's rules: files are named after it, and metric names replace
// "." by "_", so that "a.b" and "a_b" cannot both exist.

#pragma once

#include <string>
#include <string_view>

#include "controller/decide/decided.h"

namespace barnabas::controller {

inline constexpr size_t kMaxTopicNameLength = 249;

Failure check_topic_name(std::string_view name);
// "." and "_" are one.
std::string collision_key(std::string_view name);

}  // namespace barnabas::controller
