#include "broker/group/subscription.h"

#include <algorithm>

#include "common/bytes.h"
#include "kafka/messages/data.h"

namespace barnabas::group {

std::optional<Topics> subscribed_topics(std::string_view metadata) {
  using kafka::ConsumerProtocolSubscription;
  ByteReader in(metadata);
  const int16_t version = in.read_int16();
  if (!in.ok() || version < ConsumerProtocolSubscription::kMinVersion) return std::nullopt;
  // Later versions add fields behind those of earlier ones.
  ConsumerProtocolSubscription subscription;
  if (!subscription.read(in, std::min(version, ConsumerProtocolSubscription::kMaxVersion)).ok()) {
    return std::nullopt;
  }
  Topics topics;
  for (const std::string_view topic : subscription.topics) topics.emplace(topic);
  return topics;
}

}  // namespace barnabas::group
