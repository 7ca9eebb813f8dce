// Elections that an operator asks for: back to the preferred leaders, or, at the price of records
// that were acknowledged, of anybody who is alive (S13).

#pragma once

#include "controller/decide/decided.h"
#include "metadata/image.h"

namespace barnabas::controller {

// With `all`, partitions that need no election are left out of the answer, as in Kafka.
Decided<proto::ElectLeadersAnswer> decide_elect_leaders(const metadata::Image& image,
                                                        const proto::ElectLeadersRequest& command,
                                                        const Limits& limits);

}  // namespace barnabas::controller
