// One look, when a broker begins to serve, at what it tells clients about where it is: the
// commonest mistake of newcomers is an address that only the broker's own machine can use. Each
// doubt is one line in the log; nothing is refused, for what is odd here may be right behind a
// proxy.

#pragma once

#include <string>
#include <vector>

#include "broker/config.h"
#include "common/executor.h"
#include "common/transport.h"

namespace barnabas::broker {

// What can be seen from the settings alone.
std::vector<std::string> doubts_about(const BrokerConfig& config);

// Those, and a connection attempt to each address of advertised.listeners; on `loop`.
void check_advertised(const BrokerConfig& config, Transport& transport, Executor& loop);

}  // namespace barnabas::broker
