// What nodes say to each other before there is a cluster (S5), as plain values.

#pragma once

#include <string>
#include <variant>
#include <vector>

#include "raft/message.h"

namespace barnabas::raft {

// The founding document: decided once, by all voters together, and then the configuration at
// index 0.
struct FoundingConfiguration {
  std::string cluster_id;
  std::vector<VoterId> voters;  // sorted by node id
  friend bool operator==(const FoundingConfiguration&, const FoundingConfiguration&) = default;
};

enum class FormationState { kBlank, kPrepared, kFormed };

struct Introduction {
  FormationState state = FormationState::kBlank;
  FoundingConfiguration founding;      // empty while blank
  Endpoint endpoint = {};              // where the sender can be reached
  ConfigurationAt configuration = {};  // the newest that the sender knows; no voters: none
};
struct FormationPrepare {
  FoundingConfiguration founding;
};
struct FormationPrepared {
  FoundingConfiguration founding;
};
struct FormationFinal {
  FoundingConfiguration founding;
};

using FormationBody =
    std::variant<Introduction, FormationPrepare, FormationPrepared, FormationFinal>;

}  // namespace barnabas::raft
