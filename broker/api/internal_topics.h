// Topics that belong to the cluster itself.

#pragma once

#include <string_view>

namespace barnabas::api {

inline bool is_internal_topic(std::string_view name) {
  return name == "__consumer_offsets" || name == "__transaction_state" ||
         name == "__share_group_state";
}

}  // namespace barnabas::api
