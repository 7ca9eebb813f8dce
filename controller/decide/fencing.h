// Brokers leave and come back: each decision concerns one incarnation (broker id, broker epoch) and
// is empty when that incarnation is not, or already, what is asked for (S12).
//
//   registered (fenced) --ready, caught up--> unfenced --want shutdown--> shutting down
//      |      ^                                  |                              |
//      |      '--------- fence: gone, silent ----'------------------------------'
//      '--gone, silent, not ready in time--> fenced, and out of every in-sync set

#pragma once

#include <vector>

#include "controller/decide/decided.h"
#include "controller/incarnation.h"
#include "metadata/image.h"

namespace barnabas::controller {

// Out of every in-sync set, out of every leadership, with the elections that follow.
proto::Decision decide_fence(const metadata::Image& image, Incarnation who, const Limits& limits);
// Several in one decision: one after the other, the last of a set would be elected in its grave,
// and what it might have done there would count against those who come back (decision 0004).
proto::Decision decide_fences(const metadata::Image& image, const std::vector<Incarnation>& gone,
                              const Limits& limits);

// May lead again, and does so where a leader is missing and it is the one.
proto::Decision decide_unfence(const metadata::Image& image, Incarnation who, const Limits& limits);

// Keeps serving until its leaderships have moved; takes on none.
proto::Decision decide_controlled_shutdown(const metadata::Image& image, Incarnation who,
                                           const Limits& limits);

}  // namespace barnabas::controller
