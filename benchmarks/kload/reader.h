// Reads a whole topic: assigns all partitions and polls.

#pragma once

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "benchmarks/kload/client.h"

namespace barnabas::kload {

struct Consumed {
  Histogram latency;
  uint64_t records = 0, bytes = 0;
  int64_t first = 0, last = 0;
};

class Reader {
 public:
  Reader(const Options& options, bool from_start, int partitions)
      : client_(options, RD_KAFKA_CONSUMER, nullptr), partitions_(partitions) {
    rd_kafka_poll_set_consumer(client_.get());
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
    for (int p = 0; p < partitions; ++p)
      rd_kafka_topic_partition_list_add(list, options.text("topic", "kload").c_str(), p)->offset =
          from_start ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
    rd_kafka_assign(client_.get(), list);
    rd_kafka_topic_partition_list_destroy(list);
  }
  // Polls until `stop` says so (given the records so far and how many partitions have reached their
  // end).
  template <typename Stop>
  void read(Consumed& out, int64_t run, const std::atomic<int64_t>& count_from, Stop stop) {
    rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client_.get());
    std::vector<rd_kafka_message_t*> batch(1000);
    std::vector<bool> ended(static_cast<size_t>(partitions_));
    while (!stop(out.records, static_cast<int>(std::count(ended.begin(), ended.end(), true)))) {
      // a single-message poll first: consume_batch waits to fill its array
      rd_kafka_message_t* one = rd_kafka_consumer_poll(client_.get(), 20);
      if (one == nullptr) continue;
      take(one, out, run, count_from, ended);
      const ssize_t n = rd_kafka_consume_batch_queue(queue, 0, batch.data(), batch.size());
      for (ssize_t i = 0; i < n; ++i)
        take(batch[static_cast<size_t>(i)], out, run, count_from, ended);
    }
    rd_kafka_queue_destroy(queue);
  }
  int at_end() const { return at_end_; }

 private:
  void take(rd_kafka_message_t* message, Consumed& out, int64_t run,
            const std::atomic<int64_t>& count_from, std::vector<bool>& ended) {
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      ended[static_cast<size_t>(message->partition)] = true;
      at_end_ = static_cast<int>(std::count(ended.begin(), ended.end(), true));
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const int64_t now = now_ns();
      if (out.first == 0) out.first = now;
      out.last = now;
      ++out.records;
      out.bytes += message->len;
      if (run != 0 && message->len >= sizeof(Stamp)) {
        Stamp stamp;
        std::memcpy(&stamp, message->payload, sizeof stamp);
        if (stamp.run == run && stamp.sent_ns >= count_from) out.latency.add(now - stamp.sent_ns);
      }
    }
    rd_kafka_message_destroy(message);
  }
  Client client_;
  int partitions_;
  std::atomic<int> at_end_{0};
};

}  // namespace barnabas::kload
