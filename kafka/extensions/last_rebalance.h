// Why a group rebalanced last, carried by DescribeGroups (15) to whoever asks for it.
//
// Kafka's protocol has no place for it. So the request carries a tagged field that Kafka does not
// know, and only then does each described group carry one, too. The protocol has unknown tagged
// fields skipped on both sides: another broker answers as ever, and no other client is ever sent
// one. The number is far from those that the protocol will give out.
//
// In the request the field is empty; in the answer, in versions 5 and newer:
//
//   format       i8               1; what is behind the fields of a known format is skipped
//   reason       compact string   one of few words: member_joined, session_expired, ...
//   text         compact string   for people
//   at           i64              ms since 1970
//   generation   i32              the one that it ended
//   number       i64              the how-manieth since this coordinator took the group over

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kafka/wire/unknown_tags.h"

namespace barnabas::kafka {

inline constexpr uint32_t kLastRebalanceTag = 15000;

struct LastRebalance {
  std::string reason;
  std::string text;
  int64_t at_ms = 0;
  int32_t generation = 0;
  int64_t number = 0;

  friend bool operator==(const LastRebalance&, const LastRebalance&) = default;
};

// On a request's tags.
void ask_for_last_rebalance(UnknownTags& request);
bool asks_for_last_rebalance(const UnknownTags& request);

std::string encode(const LastRebalance& last);
// Of a described group's tags: nothing where there is none, or none that can be read.
std::optional<LastRebalance> last_rebalance_of(const UnknownTags& group);

}  // namespace barnabas::kafka
