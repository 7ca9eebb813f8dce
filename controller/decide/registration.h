// A new incarnation of a broker. Its registration is the fencing of the one before it, in the same
// batch (S9): that one loses every leadership, with new leader epochs. Whether what it holds may
// still be trusted is decided here as well, from what the broker says of its last stop and its
// directories (S10):
//
//   directory known, last epoch as recent as the last that served,
//     and acknowledged = on disk, or stopped cleanly   -> keeps its place (in sync or eligible);
//                                                         leads again only once it is unfenced
//   otherwise                                          -> leaves both sets
//   directory of a partition gone (wiped)              -> leaves both, and gets a new directory

#pragma once

#include "controller/decide/decided.h"
#include "metadata/image.h"
#include "proto/session.pb.h"

namespace barnabas::controller {

struct Registration {
  proto::Decision decision;
  Failure failure;
  // The same incarnation is registered already; its epoch.
  std::optional<BrokerEpoch> known;
  // The decision only fences, because the rest did not fit: commit it, repair, and decide again.
  bool again = false;
};

// The caller has made sure that the incarnation before it is gone (S12).
Registration decide_registration(const metadata::Image& image, const proto::Register& command,
                                 const std::string& cluster_id, const Limits& limits);

// What is wrong with the command itself, if anything is.
Failure check_registration(const metadata::Image& image, const proto::Register& command,
                           const std::string& cluster_id);

// True if one of the directories named is one of the broker's registered ones.
bool from_known_directory(const metadata::BrokerImage& broker, const proto::Register& command);

}  // namespace barnabas::controller
