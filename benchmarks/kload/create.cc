#include <unistd.h>

#include <cinttypes>
#include <cstdio>

#include "benchmarks/kload/client.h"
#include "benchmarks/kload/modes.h"

namespace barnabas::kload {

int create(const Options& options) {
  Tally tally;
  Client client(options, RD_KAFKA_PRODUCER, &tally);
  const std::string topic = options.text("topic", "kload");
  const int64_t topics = options.number("topics", 1);
  const int64_t start = now_ns();
  if (topics == 1) {
    const auto [answered, led] = client.create(topic);
    std::printf(R"({"mode":"create","answered_s":%.3f,"leaders_s":%.3f})"
                "\n",
                answered, led);
    return 0;
  }
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client.get());
  int64_t sent = 0, answered = 0, failed = 0;
  const int64_t inflight = options.number("inflight", 1);
  std::string last_error;
  Histogram latency;
  while (answered < topics) {
    const int64_t asked = now_ns();
    while (sent < topics && sent - answered < inflight)
      client.request_create(topic + "-" + std::to_string(sent++), queue);
    const std::string problem = Client::wait_created(queue);
    latency.add(now_ns() - asked);
    if (!problem.empty()) ++failed, last_error = problem;
    ++answered;
  }
  const double took = static_cast<double>(now_ns() - start) / 1e9;
  while (client.leaders(topic + "-" + std::to_string(topics - 1)) < 1 && failed == 0) usleep(5000);
  std::printf(
      R"({"mode":"create","topics":%)" PRId64 R"(,"failed":%)" PRId64
      R"(,"last_error":"%s","seconds":%.3f,"topics_s":%.1f,"last_leader_s":%.3f,"request_us":%s})"
      "\n",
      topics, failed, last_error.c_str(), took, static_cast<double>(topics) / took,
      static_cast<double>(now_ns() - start) / 1e9, latency.json().c_str());
  rd_kafka_queue_destroy(queue);
  return failed == 0 ? 0 : 3;
}

}  // namespace barnabas::kload
