// The three questions that `barnabas doctor` asks in Kafka's protocol, and their answers as plain
// values.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/doctor_net.h"

namespace barnabas::cli {

struct ApiRange {
  int16_t min = 0;
  int16_t max = 0;
};
using ApiRanges = std::map<int16_t, ApiRange>;

struct AdvertisedNode {
  int32_t id = 0;
  Endpoint at;
};

struct ClusterView {
  std::string cluster_id;
  int32_t controller = -1;
  std::vector<AdvertisedNode> nodes;
  size_t topics = 0;
  size_t partitions = 0;
  std::vector<std::string> leaderless;  // "topic-0"
};

// Why an answer is not there, besides the wire: the broker's own error, or bytes that do not
// decode.
struct Answered {
  Reach reach = Reach::kOk;
  std::string error;  // set: it came, but says this
  bool ok() const { return reach == Reach::kOk && error.empty(); }
};

Answered ask_api_versions(Wire& wire, Wire::Time limit, ApiRanges& into);
Answered ask_metadata(Wire& wire, const ApiRanges& apis, Wire::Time limit, ClusterView& into);
// The leader of the controllers' quorum; where the broker does not offer that question, `offered`
// is false.
Answered ask_quorum(Wire& wire, const ApiRanges& apis, Wire::Time limit, bool& offered,
                    int32_t& leader);

}  // namespace barnabas::cli
