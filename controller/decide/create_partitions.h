// Topics grow. Partitions are only added, at the end: records are never moved to them, so that a
// key may belong to another partition afterwards; that is Kafka's bargain too.

#pragma once

#include "common/random.h"
#include "controller/decide/decided.h"
#include "metadata/image.h"

namespace barnabas::controller {

// Every topic of a request stands or falls by itself. `answer.index` is for the caller to set.
Decided<proto::CreatePartitionsAnswer> decide_create_partitions(
    const metadata::Image& image, const proto::CreatePartitionsRequest& command, Random& random,
    const Limits& limits);

}  // namespace barnabas::controller
