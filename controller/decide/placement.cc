#include "controller/decide/placement.h"

#include <algorithm>
#include <map>

namespace barnabas::controller {

namespace {

// One broker of each rack in turn, so that neighbours lie in different racks as far as possible.
std::vector<PlacementBroker> interleave(const std::vector<PlacementBroker>& brokers) {
  std::map<std::string, std::vector<PlacementBroker>> racks;
  for (const PlacementBroker& broker : brokers) racks[broker.rack].push_back(broker);
  std::vector<PlacementBroker> out;
  for (size_t round = 0; out.size() < brokers.size(); ++round) {
    for (const auto& [rack, members] : racks) {
      if (round < members.size()) out.push_back(members[round]);
    }
  }
  return out;
}

bool has_rack(const std::vector<PlacementBroker>& chosen, const std::string& rack) {
  return std::any_of(chosen.begin(), chosen.end(),
                     [&](const PlacementBroker& broker) { return broker.rack == rack; });
}

bool has_broker(const std::vector<PlacementBroker>& chosen, BrokerId id) {
  return std::any_of(chosen.begin(), chosen.end(),
                     [&](const PlacementBroker& broker) { return broker.id == id; });
}

size_t count_racks(const std::vector<PlacementBroker>& brokers) {
  std::map<std::string, bool> racks;
  for (const PlacementBroker& broker : brokers) racks[broker.rack] = true;
  return racks.size();
}

}  // namespace

std::vector<std::vector<BrokerId>> place(std::vector<PlacementBroker> brokers, int32_t partitions,
                                         int32_t replication_factor, Random& random) {
  const auto wanted = static_cast<size_t>(replication_factor);
  const auto live = static_cast<size_t>(
      std::count_if(brokers.begin(), brokers.end(), [](const auto& b) { return b.live; }));
  if (live >= wanted) std::erase_if(brokers, [](const auto& broker) { return !broker.live; });
  const std::vector<PlacementBroker> ring = interleave(brokers);
  const size_t size = ring.size();
  const size_t racks = count_racks(ring);
  const size_t start = random.below(size);
  size_t shift = random.below(size);

  std::vector<std::vector<BrokerId>> out;
  for (size_t partition = 0; partition < static_cast<size_t>(partitions); ++partition) {
    // With each time round, followers stand differently to their leader, so that the load of a
    // broker that dies falls on all the others.
    if (partition > 0 && partition % size == 0) ++shift;
    const size_t first = (start + partition) % size;
    std::vector<PlacementBroker> chosen{ring[first]};
    for (size_t step = 0; chosen.size() < wanted; ++step) {
      // The followers' own ring leaves the leader out: places first+1 .. first+size-1.
      const size_t place = size == 1 ? 0 : 1 + (shift + step) % (size - 1);
      const PlacementBroker& candidate = ring[(first + place) % size];
      const bool rack_free = !has_rack(chosen, candidate.rack);
      const bool racks_left = chosen.size() < racks && step < size - 1;
      if (!has_broker(chosen, candidate.id) && (rack_free || !racks_left)) {
        chosen.push_back(candidate);
      }
    }
    // With more replicas wanted than brokers are live, all of them may have been passed over; and a
    // partition without a live replica would be born without a leader.
    if (std::none_of(chosen.begin(), chosen.end(), [](const auto& b) { return b.live; })) {
      for (size_t step = 0; step < size; ++step) {
        const PlacementBroker& candidate = ring[(first + step) % size];
        if (!candidate.live) continue;
        chosen.back() = candidate;
        break;
      }
    }
    std::stable_partition(chosen.begin(), chosen.end(), [](const auto& b) { return b.live; });
    std::vector<BrokerId>& replicas = out.emplace_back();
    for (const PlacementBroker& broker : chosen) replicas.push_back(broker.id);
  }
  return out;
}

}  // namespace barnabas::controller
