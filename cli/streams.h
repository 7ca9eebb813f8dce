// The verbs that move records, through librdkafka: what works here works for every Kafka client.

#pragma once

#include <istream>

#include "cli/options.h"
#include "cli/output.h"

namespace barnabas::cli {

// One record per line of `in`; exits 0 when every one was acknowledged.
int produce(std::istream& in, const Output& output, const ProduceOptions& options,
            std::chrono::milliseconds timeout);
// Prints records until the count is reached, the end (--exit-at-end) or an interrupt.
int consume(const Output& output, const ConsumeOptions& options, std::chrono::milliseconds timeout);

}  // namespace barnabas::cli
