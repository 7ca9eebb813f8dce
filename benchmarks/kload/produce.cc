#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <thread>

#include "benchmarks/kload/modes.h"
#include "benchmarks/kload/reader.h"

namespace barnabas::kload {

namespace {

std::vector<char> payload_of(const Options& options, size_t size) {
  std::vector<char> payload(std::max(size, sizeof(Stamp)));
  const std::string kind = options.text("payload", "random");
  std::mt19937 random(1);
  for (auto& byte : payload)
    byte = kind == "zero"   ? '\0'
           : kind == "text" ? static_cast<char>('a' + random() % 16)
                            : static_cast<char>(random());
  return payload;
}

}  // namespace

int produce(const Options& options, const Servers& servers, bool with_consumer,
            bool one_in_flight) {
  const std::string topic = options.text("topic", "kload");
  const auto size = static_cast<size_t>(options.number("size", 1024));
  const int64_t rate = options.number("rate", 0), count = options.number("count", 0);
  const auto seconds = static_cast<double>(options.number("seconds", 10));
  Tally tally;
  Client producer(options, RD_KAFKA_PRODUCER, &tally);
  if (options.number("create", 0) != 0) producer.create(topic);
  rd_kafka_topic_t* handle = rd_kafka_topic_new(producer.get(), topic.c_str(), nullptr);
  const int partitions = producer.leaders(topic);
  if (partitions <= 0) die("topic " + topic + " has no leaders");
  std::vector<char> payload = payload_of(options, size);
  const int64_t run = now_ns() ^ (static_cast<int64_t>(getpid()) << 40);

  std::atomic<bool> done{false};
  std::atomic<uint64_t> expected{UINT64_MAX};
  Consumed consumed;
  std::thread consumer_thread;
  std::unique_ptr<Reader> reader;
  std::atomic<int64_t> count_from{INT64_MAX};  // latencies of records sent before this do not count
  if (with_consumer) {
    reader = std::make_unique<Reader>(options, false, partitions);
    consumer_thread = std::thread([&] {
      int64_t give_up = 0;
      reader->read(consumed, run, count_from, [&](uint64_t records, int) {
        if (!done) return false;
        if (give_up == 0) give_up = now_ns() + 5'000'000'000;
        return records >= expected || now_ns() > give_up;
      });
    });
    for (int i = 0; i < 500 && reader->at_end() < partitions; ++i)
      usleep(10000);  // positioned everywhere
  }

  const double cpu_before = servers.cpu_seconds(), own_before = own_cpu_seconds();
  const int64_t start = now_ns(), end = start + static_cast<int64_t>(seconds * 1e9);
  count_from = tally.count_from = start + options.number("warmup", 0) * 1'000'000'000;
  uint64_t sent = 0;
  int partition = 0;
  for (;;) {
    const int64_t now = now_ns();
    if (count > 0 ? sent >= static_cast<uint64_t>(count) : now >= end) break;
    if (rate > 0) {  // open loop: record i is due at start + i/rate
      const int64_t due =
          start + static_cast<int64_t>(static_cast<double>(sent) * 1e9 / static_cast<double>(rate));
      if (due > now) {
        rd_kafka_poll(producer.get(), 0);
        const int64_t wait = due - now_ns();
        if (wait > 0)
          rd_kafka_poll(producer.get(), static_cast<int>(wait / 1'000'000)),
              usleep(wait < 1'000'000 ? static_cast<useconds_t>(wait / 1000) : 0);
        continue;
      }
    }
    const Stamp stamp{now_ns(), run};
    std::memcpy(payload.data(), &stamp, sizeof stamp);
    if (rd_kafka_produce(handle, partition, RD_KAFKA_MSG_F_COPY, payload.data(), size, nullptr, 0,
                         reinterpret_cast<void*>(static_cast<intptr_t>(stamp.sent_ns))) == -1) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
        die(rd_kafka_err2str(rd_kafka_last_error()));
      rd_kafka_poll(producer.get(), 5);
      continue;
    }
    ++sent;
    partition = (partition + 1) % partitions;
    if (one_in_flight) {
      while (tally.acked + tally.failed < sent) rd_kafka_poll(producer.get(), 1000);
    } else if (sent % 64 == 0 || rate > 0) {
      rd_kafka_poll(producer.get(), 0);
    }
  }
  rd_kafka_flush(producer.get(), static_cast<int>(options.number("timeout-ms", 30000)) + 5000);
  const double cpu = servers.cpu_seconds() - cpu_before, own = own_cpu_seconds() - own_before;
  const double took =
      static_cast<double>((tally.last_ack != 0 ? tally.last_ack : now_ns()) - start) / 1e9;
  expected = tally.acked;
  done = true;
  if (with_consumer) consumer_thread.join();
  const double bytes = static_cast<double>(tally.acked) * static_cast<double>(size);
  std::printf(
      R"({"mode":"%s","records":%)" PRIu64 R"(,"errors":%)" PRIu64
      R"(,"last_error":"%s","seconds":%.3f,"records_s":%.0f,"mb_s":%.2f,"ack_us":%s,"first_ack_ms":%.1f,"max_ack_gap_ms":%.1f)",
      one_in_flight   ? "sync"
      : with_consumer ? "e2e"
                      : "produce",
      tally.acked, tally.failed, tally.last_error.c_str(), took,
      static_cast<double>(tally.acked) / took, bytes / took / 1e6, tally.ack.json().c_str(),
      static_cast<double>(tally.first_ack - start) / 1e6, static_cast<double>(tally.max_gap) / 1e6);
  if (with_consumer)
    std::printf(R"(,"e2e_us":%s,"consumed":%)" PRIu64, consumed.latency.json().c_str(),
                consumed.records);
  std::printf(R"(,"client_cpu_s":%.2f%s,"load1":%.2f})"
              "\n",
              own, servers_json(servers, cpu, bytes, static_cast<double>(tally.acked)).c_str(),
              load_average());
  rd_kafka_topic_destroy(handle);
  return tally.failed == 0 ? 0 : 3;
}

}  // namespace barnabas::kload
