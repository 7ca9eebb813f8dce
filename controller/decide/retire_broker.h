// An operator takes a broker out: drained, it keeps its replicas, stays in sync, and leads only
// what nobody else can; unregistered, the cluster knows it no more.
//
//   running --drain--> drained --undo--> running        (over restarts: the wish is of the id)
//   fenced  --unregister--> unknown                     (what it held is not trusted if it returns)

#pragma once

#include "controller/decide/decided.h"
#include "metadata/image.h"

namespace barnabas::controller {

// Repeating it is no mistake: what can be moved meanwhile, moves.
DecidedOrRefused<proto::DrainBrokerAnswer> decide_drain_broker(
    const metadata::Image& image, const proto::DrainBrokerRequest& command, const Limits& limits);

DecidedOrRefused<proto::UnregisterBrokerAnswer> decide_unregister_broker(
    const metadata::Image& image, const proto::UnregisterBrokerRequest& command);

}  // namespace barnabas::controller
