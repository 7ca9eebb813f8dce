// The two halves of the `ledger` program.

#pragma once

#include <cstdint>
#include <string>

#include "tests/tools/ledger_client.h"

namespace barnabas::tests {

struct ProduceOptions {
  std::string bootstrap, topic, ledger;
  std::string source;     // see ledger_lines.h
  uint64_t count = 0;     // 0: until SIGTERM or `seconds`
  double seconds = 0;     // 0: no limit
  uint64_t rate = 0;      // records per second; 0: as fast as they are acknowledged
  uint64_t announce = 0;  // prints "acked N" each N records, for whoever waits to interfere
  size_t size = 100;      // of made-up lines
  double patience = 120;  // seconds for a record to be acknowledged
  Properties properties;
};
// Sends, writes the ledger, prints one JSON object. 0 when every record was acknowledged, else 3.
int produce(const ProduceOptions& options);

struct VerifyOptions {
  std::string bootstrap, ledger;
  bool at_least_once = false;
  bool own_only = false;  // start at the first offset that the ledger names, not at the beginning
  double patience = 60;   // seconds without any record
  Properties properties;
};
// Reads the topic, judges, prints one JSON object. 0 when nothing was violated, else 4.
int verify(const VerifyOptions& options);

}  // namespace barnabas::tests
