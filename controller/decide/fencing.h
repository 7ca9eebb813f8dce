// Brokers leave and come back: each decision concerns one incarnation (broker id, broker epoch) and
// is empty when that incarnation is not, or already, what is asked for (S12).
//
//   registered (fenced) --ready, caught up--> unfenced --want shutdown--> shutting down
//          ^                                     |                              |
//          '--------- fence: gone, silent -------'------------------------------'

#pragma once

#include "controller/decide/decided.h"
#include "metadata/image.h"

namespace barnabas::controller {

// Out of every in-sync set, out of every leadership, with the elections that follow.
proto::Decision decide_fence(const metadata::Image& image, BrokerId broker, BrokerEpoch epoch,
                             const Limits& limits);

// May lead again, and does so where a leader is missing and it is the one.
proto::Decision decide_unfence(const metadata::Image& image, BrokerId broker, BrokerEpoch epoch,
                               const Limits& limits);

// Keeps serving until its leaderships have moved; takes on none.
proto::Decision decide_controlled_shutdown(const metadata::Image& image, BrokerId broker,
                                           BrokerEpoch epoch, const Limits& limits);

}  // namespace barnabas::controller
