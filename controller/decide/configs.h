// Configuration of topics, defaults of all brokers, and settings of one. A change that alters what
// a partition's state is judged by takes the partitions along in the same decision:
// min.insync.replicas clears eligible sets (S19), acks.durability withdraws trust (S11),
// unclean.leader.election.enable elects.

#pragma once

#include "controller/decide/decided.h"
#include "metadata/image.h"

namespace barnabas::controller {

Decided<proto::AlterConfigsAnswer> decide_alter_configs(const metadata::Image& image,
                                                        const proto::AlterConfigsRequest& command,
                                                        const Limits& limits);

}  // namespace barnabas::controller
