// advertised.map: what clients of some networks are told, where advertised.listeners=auto does not
// suffice (a load balancer, ports that are published under other numbers):
//
//   advertised.map=172.16.0.0/12 -> auto, 10.1.2.3 -> 10.1.2.4:9092, * ->
//   k{node}.example.com:{9092+node}
//
// The first network that has the client's address in it counts; `*` is all of them, and whoever is
// in none is told what auto finds. {node} is the id of the broker that the address is for, so one
// line does for all brokers.

#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/transport.h"

namespace barnabas::broker {

struct AdvertisedRule {
  std::string network;  // an address in numbers; empty: all
  int prefix = 0;       // how many bits of it count
  bool is_auto = false;
  std::string host;   // may hold {node}
  uint16_t port = 0;  // to which the id is added, if add_node
  bool add_node = false;
};

// An error names the entry that is wrong, and an example.
absl::StatusOr<std::vector<AdvertisedRule>> parse_advertised_map(std::string_view text);

// For a rule that is not auto. A port beyond 65535 is given as 0.
Endpoint told_by(const AdvertisedRule& rule, BrokerId node);

}  // namespace barnabas::broker
