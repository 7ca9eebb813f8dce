#include "raft/core/quorum.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace barnabas::raft {

LogIndex reached_by_majority(const Configuration& configuration,
                             absl::FunctionRef<LogIndex(const VoterId&)> reached) {
  if (configuration.voters.empty()) return LogIndex{0};
  std::vector<LogIndex> indexes;
  indexes.reserve(configuration.voters.size());
  for (const auto& [voter, endpoint] : configuration.voters) indexes.push_back(reached(voter));
  const auto nth = indexes.begin() + static_cast<std::ptrdiff_t>(configuration.majority() - 1);
  std::nth_element(indexes.begin(), nth, indexes.end(), std::greater<>());
  return *nth;
}

}  // namespace barnabas::raft
