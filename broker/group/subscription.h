// Which topics the members of a consumer group subscribe to. Other protocol types ("connect", ...)
// are opaque; only "consumer" says its topics in a form that a broker may read.

#pragma once

#include <absl/container/btree_set.h>

#include <optional>
#include <string>
#include <string_view>

namespace barnabas::group {

inline constexpr std::string_view kConsumerProtocolType = "consumer";

using Topics = absl::btree_set<std::string>;

// The topics in a consumer's metadata. nullopt: it is not what consumers send.
std::optional<Topics> subscribed_topics(std::string_view metadata);

}  // namespace barnabas::group
