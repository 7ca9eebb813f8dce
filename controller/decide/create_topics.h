// New topics. Every topic of a request stands or falls by itself. Those that stand are created in
// one decision, as many as it holds: the answer ends before the first topic that does not fit, and
// the rest is for the next decision (S1: each topic is whole).

#pragma once

#include "common/random.h"
#include "controller/decide/decided.h"
#include "metadata/image.h"

namespace barnabas::controller {

// `answer.index` is for the caller to set, who knows where the decision goes.
Decided<proto::CreateTopicsAnswer> decide_create_topics(const metadata::Image& image,
                                                        const proto::CreateTopicsRequest& command,
                                                        Random& random, const Limits& limits);

}  // namespace barnabas::controller
