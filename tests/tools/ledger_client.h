// How `ledger` reaches a cluster: librdkafka with the short waits of docs/performance.md.

#pragma once

#include <librdkafka/rdkafka.h>

#include <string>
#include <utility>
#include <vector>

namespace barnabas::tests {

using Properties = std::vector<std::pair<std::string, std::string>>;

// Ends the process with a sentence on stderr.
[[noreturn]] void die(const std::string& text);

// `properties` over the short waits, over librdkafka's defaults.
rd_kafka_t* connect(rd_kafka_type_t type, const std::string& bootstrap,
                    const Properties& properties, void* opaque,
                    void (*delivered)(rd_kafka_t*, const rd_kafka_message_t*, void*));

// How many partitions the topic has; waits until it has leaders for all of them, or dies.
int partitions_of(rd_kafka_t* client, const std::string& topic, double seconds);

// "k=v,k=v"
Properties properties_of(const std::string& text);

double now_seconds();

}  // namespace barnabas::tests
