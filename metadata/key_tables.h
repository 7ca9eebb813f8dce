// The tables behind config_keys.h, one row a key, sorted by name. Documentation is a sentence or
// two that stands by itself: DescribeConfigs and `barnabas config explain` show it as it is.

#pragma once

#include <absl/types/span.h>

#include "metadata/config_keys.h"

namespace barnabas::metadata {

absl::Span<const ConfigKey> topic_key_table();
// Defaults of all brokers that are no synonym of a topic key.
absl::Span<const ConfigKey> broker_only_key_table();
// Of a broker's own file: read once, at its start.
absl::Span<const ConfigKey> static_key_table();

}  // namespace barnabas::metadata
