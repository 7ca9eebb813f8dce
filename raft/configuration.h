// Who votes. A configuration is a value: the first one is decided at formation (S5), every later
// one is an entry of the log and holds from the moment in which a log has it, committed or not.
//
// Two configurations that follow each other differ by one voter, so that a majority of either and a
// majority of the other always have a voter in common: that is all that a change rests on.

#pragma once

#include <absl/status/statusor.h>

#include <compare>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "common/ids.h"
#include "common/transport.h"
#include "common/uuid.h"

namespace barnabas::raft {

// A node id and its disk: a node that came back with an empty disk is somebody else (P16, I17).
struct VoterId {
  ControllerId id = kNoController;
  Uuid directory;
  friend auto operator<=>(const VoterId&, const VoterId&) = default;
};

struct Configuration {
  std::map<VoterId, Endpoint> voters;  // where each can be reached; a port of 0: not known

  bool contains(const VoterId& voter) const { return voters.count(voter) != 0; }
  size_t majority() const { return voters.size() / 2 + 1; }
  Configuration with(const VoterId& voter, const Endpoint& endpoint) const;
  Configuration without(const VoterId& voter) const;
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

// Who is in one of them only.
size_t voters_apart(const Configuration& one, const Configuration& other);

// A configuration and the entry that brought it; 0: the founding document.
struct ConfigurationAt {
  LogIndex index;
  Configuration configuration;
  friend bool operator==(const ConfigurationAt&, const ConfigurationAt&) = default;
};

// As an entry's payload, and in the headers of snapshots. Big-endian:
//   version i8 (1), count i16, then for each voter, in order: node id i32, directory id 16 bytes,
//   host: length i16 and bytes, port u16
std::string encode_configuration(const Configuration& configuration);
// kDataLoss: not a configuration.
absl::StatusOr<Configuration> decode_configuration(std::string_view bytes);

}  // namespace barnabas::raft
