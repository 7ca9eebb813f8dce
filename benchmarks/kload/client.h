// A librdkafka handle with the settings of this tool, and what it counts.

#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>
#include <utility>

#include "benchmarks/kload/histogram.h"
#include "benchmarks/kload/options.h"

namespace barnabas::kload {

struct Tally {
  Histogram ack;
  uint64_t acked = 0, failed = 0;
  int64_t first_ack = 0, last_ack = 0, max_gap = 0, count_from = 0;
  std::string last_error;
};

struct Stamp {  // the first 16 bytes of each record
  int64_t sent_ns;
  int64_t run;
};

class Client {
 public:
  // `opaque`: the Tally of a producer.
  Client(const Options& options, rd_kafka_type_t type, void* opaque);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  rd_kafka_t* get() const { return handle_; }

  // Number of partitions that have a leader; -1 when the topic is not known yet.
  int leaders(const std::string& topic) const;
  // One CreateTopics request, sent now; its answer comes to `queue`.
  void request_create(const std::string& topic, rd_kafka_queue_t* queue) const;
  static std::string wait_created(rd_kafka_queue_t* queue);  // "" when created
  // Creates the topic; {seconds until the answer, seconds until every partition has a leader}.
  std::pair<double, double> create(const std::string& topic) const;

 private:
  const Options& options_;
  rd_kafka_t* handle_ = nullptr;
};

}  // namespace barnabas::kload
