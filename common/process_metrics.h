// What the operating system counts of this process, under the names that every Prometheus client
// library uses.

#pragma once

#include <map>
#include <string>

#include "common/metrics.h"

namespace barnabas {

void collect_process(Exposition& into);

// Processor time of each thread by its name ("io-0"); threads of one name are added up.
std::map<std::string, double> thread_cpu_seconds();

}  // namespace barnabas
