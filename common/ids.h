// Strong types for the numbers that must never be mixed up. Zero cost; no conversion back to the
// raw number without saying value(), and no arithmetic beyond what each kind needs.

#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>

namespace barnabas {

template <class Tag, class Rep>
class Id {
 public:
  using rep = Rep;
  constexpr Id() = default;
  constexpr explicit Id(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  // The number that comes directly after; offsets, epochs and indexes all count by one.
  constexpr Id next() const { return Id(static_cast<Rep>(value_ + 1)); }
  friend constexpr auto operator<=>(Id, Id) = default;
  friend std::ostream& operator<<(std::ostream& out, Id id) { return out << +id.value_; }

 private:
  Rep value_{};
};

template <class Tag, class Rep>
constexpr Id<Tag, Rep> advance(Id<Tag, Rep> from, Rep by) {
  return Id<Tag, Rep>(static_cast<Rep>(from.value() + by));
}
// How far `to` lies behind `from`; negative when it lies before.
template <class Tag, class Rep>
constexpr Rep distance(Id<Tag, Rep> from, Id<Tag, Rep> to) {
  return static_cast<Rep>(to.value() - from.value());
}

// A broker or a controller, as the operator numbers them (`node.id`). The two kinds of process
// have name spaces of their own.
using BrokerId = Id<struct BrokerIdTag, int32_t>;
using ControllerId = Id<struct ControllerIdTag, int32_t>;

// One incarnation of a broker: the Raft index of its registration. -1: none.
using BrokerEpoch = Id<struct BrokerEpochTag, int64_t>;

using PartitionIndex = Id<struct PartitionIndexTag, int32_t>;
// A record's position in its partition, and (for the Raft log) an entry's index.
using Offset = Id<struct OffsetTag, int64_t>;
// Which leadership of a partition appended a record. In the Raft log: the term. -1: none.
using LeaderEpoch = Id<struct LeaderEpochTag, int32_t>;
// Bumped by every committed change of a partition's state.
using PartitionEpoch = Id<struct PartitionEpochTag, int32_t>;
// Bumped by every unclean election of a partition (S13).
using Lineage = Id<struct LineageTag, int32_t>;

using Term = Id<struct TermTag, int32_t>;
using LogIndex = Id<struct LogIndexTag, int64_t>;

using ProducerId = Id<struct ProducerIdTag, int64_t>;
using ProducerEpoch = Id<struct ProducerEpochTag, int16_t>;

inline constexpr BrokerId kNoBroker{-1};
inline constexpr ControllerId kNoController{-1};
inline constexpr BrokerEpoch kNoBrokerEpoch{-1};
inline constexpr LeaderEpoch kNoLeaderEpoch{-1};
inline constexpr Offset kNoOffset{-1};
inline constexpr ProducerId kNoProducerId{-1};

}  // namespace barnabas

template <class Tag, class Rep>
struct std::hash<barnabas::Id<Tag, Rep>> {
  size_t operator()(barnabas::Id<Tag, Rep> id) const noexcept {
    return std::hash<Rep>{}(id.value());
  }
};
