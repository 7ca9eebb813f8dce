// A leader proposes a new in-sync set; the controller checks, in Kafka's order, and decides.
// Partitions that fail a check answer with its code and change nothing; the others change together.

#pragma once

#include "controller/decide/decided.h"
#include "metadata/image.h"
#include "proto/session.pb.h"

namespace barnabas::controller {

Decided<proto::AlterPartitionsAnswer> decide_alter_partitions(const metadata::Image& image,
                                                              BrokerId broker,
                                                              const proto::AlterPartitions& command,
                                                              const Limits& limits);

}  // namespace barnabas::controller
