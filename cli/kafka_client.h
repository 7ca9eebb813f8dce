// A handle of librdkafka as produce and consume need it: quick to notice a dead leader, quiet on
// stderr, and with its errors in this command's words.

#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/problem.h"

namespace barnabas::cli {

struct KafkaDestroy {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};
using KafkaHandle = std::unique_ptr<rd_kafka_t, KafkaDestroy>;

using Properties = std::vector<std::pair<std::string, std::string>>;

// `properties` are set over quick defaults, and what was typed (-X) over them. `opaque` reaches the
// callbacks; `delivered` may be null.
Result<KafkaHandle> open_kafka(rd_kafka_type_t type, const StreamOptions& stream,
                               const Properties& properties, void* opaque,
                               void (*delivered)(rd_kafka_t*, const rd_kafka_message_t*, void*));

// Both for codes of the protocol and for librdkafka's own (negative) ones.
Problem kafka_problem(rd_kafka_resp_err_t error, const std::string& tried,
                      const StreamOptions& stream);

// The topic's partitions, or why they cannot be had.
Result<std::vector<int32_t>> partitions_of(rd_kafka_t* handle, const StreamOptions& stream,
                                           std::chrono::milliseconds timeout,
                                           const std::string& tried);

// Set by SIGINT and SIGTERM, once watch_interrupts() was called.
void watch_interrupts();
bool interrupted();

}  // namespace barnabas::cli
