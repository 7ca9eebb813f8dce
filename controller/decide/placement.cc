#include "controller/decide/placement.h"

#include <algorithm>
#include <map>
#include <optional>

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

// The ring of brokers, and where on it the stripes of a topic begin.
struct Stripes {
  std::vector<PlacementBroker> ring;
  size_t start = 0;  // of partition 0's leader
  size_t shift = 0;  // of its first follower, behind it
};

std::vector<PlacementBroker> ring_of(std::vector<PlacementBroker> brokers, size_t wanted) {
  const auto live = static_cast<size_t>(
      std::count_if(brokers.begin(), brokers.end(), [](const auto& b) { return b.live; }));
  if (live >= wanted) std::erase_if(brokers, [](const auto& broker) { return !broker.live; });
  return interleave(brokers);
}

std::vector<PlacementBroker> choose(const Stripes& stripes, size_t partition, size_t wanted,
                                    size_t racks) {
  const std::vector<PlacementBroker>& ring = stripes.ring;
  const size_t size = ring.size();
  const size_t first = (stripes.start + partition) % size;
  // With each time round, followers stand differently to their leader, so that the load of a
  // broker that dies falls on all the others.
  const size_t shift = stripes.shift + partition / size;
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
  return chosen;
}

std::vector<std::vector<BrokerId>> stripe(const Stripes& stripes, size_t from, size_t count,
                                          size_t wanted) {
  const size_t racks = count_racks(stripes.ring);
  std::vector<std::vector<BrokerId>> out;
  for (size_t partition = from; partition < from + count; ++partition) {
    std::vector<BrokerId>& replicas = out.emplace_back();
    for (const PlacementBroker& broker : choose(stripes, partition, wanted, racks)) {
      replicas.push_back(broker.id);
    }
  }
  return out;
}

}  // namespace

std::vector<std::vector<BrokerId>> place(std::vector<PlacementBroker> brokers, int32_t partitions,
                                         int32_t replication_factor, Random& random) {
  const auto wanted = static_cast<size_t>(replication_factor);
  Stripes stripes{ring_of(std::move(brokers), wanted), 0, 0};
  stripes.start = random.below(stripes.ring.size());
  stripes.shift = random.below(stripes.ring.size());
  return stripe(stripes, 0, static_cast<size_t>(partitions), wanted);
}

std::vector<std::vector<BrokerId>> place_more(std::vector<PlacementBroker> brokers,
                                              const std::vector<std::vector<BrokerId>>& existing,
                                              int32_t partitions, Random& random) {
  const std::vector<BrokerId>& zero = existing.front();
  Stripes stripes{ring_of(std::move(brokers), zero.size()), 0, 0};
  const size_t size = stripes.ring.size();
  stripes.start = random.below(size);
  stripes.shift = random.below(size);
  const auto position = [&](BrokerId id) -> std::optional<size_t> {
    for (size_t i = 0; i < size; ++i) {
      if (stripes.ring[i].id == id) return i;
    }
    return std::nullopt;
  };
  if (const auto leader = position(zero.front())) {
    stripes.start = *leader;
    const auto follower = zero.size() > 1 ? position(zero[1]) : std::nullopt;
    if (follower) stripes.shift = (*follower + size - *leader - 1) % size;
  }
  return stripe(stripes, existing.size(), static_cast<size_t>(partitions), zero.size());
}

}  // namespace barnabas::controller
