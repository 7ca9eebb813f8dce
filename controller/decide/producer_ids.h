// Blocks of producer ids: a broker hands out a block's ids by itself. No id is given twice (I30).

#pragma once

#include "controller/decide/decided.h"
#include "metadata/image.h"
#include "proto/session.pb.h"

namespace barnabas::controller {

Decided<proto::AllocateProducerIdsAnswer> decide_producer_ids(
    const metadata::Image& image, BrokerId broker, const proto::AllocateProducerIds& command,
    const Limits& limits);

}  // namespace barnabas::controller
