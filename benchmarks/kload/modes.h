// What kload can do. Each prints one JSON object and returns the exit code.

#pragma once

#include "benchmarks/kload/options.h"
#include "benchmarks/kload/servers.h"

namespace barnabas::kload {

int produce(const Options& options, const Servers& servers, bool with_consumer, bool one_in_flight);
int consume(const Options& options, const Servers& servers);
int create(const Options& options);
int conns(const Options& options, const Servers& servers);

}  // namespace barnabas::kload
