// From what a step met to its usual cause and to what mends it: the doctor's knowledge, without any
// socket.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/doctor_net.h"
#include "common/transport.h"

namespace barnabas::cli {

struct Advice {
  std::string met;  // "nobody listens at 10.0.0.5:9092"
  std::string cause;
  std::string fix;
};

// What was tried: the address that the person gave, or the one that node `id` advertises.
struct Attempt {
  Endpoint at;
  std::optional<int32_t> node;
  Endpoint given;            // the address that worked, for advice on an advertised one
  bool reached_by_loopback;  // ... on this machine
};

bool is_loopback_host(const std::string& host);
// Twelve hexadecimal digits: what Docker calls a container.
bool is_container_id(const std::string& host);

Advice advise_unresolved(const Attempt& attempt, const std::string& error);
Advice advise_unconnected(const Attempt& attempt, Reach how, const std::string& error);
// It is connected, but does not answer as a broker does.
Advice advise_unanswered(const Attempt& attempt, Reach how, const std::string& speaker,
                         const std::string& error);
// An advertised address that is wrong whatever this machine meets there; nothing: it may be right.
std::optional<Advice> advise_senseless(const Attempt& attempt);

}  // namespace barnabas::cli
