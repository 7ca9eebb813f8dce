#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <random>

#include "tests/tools/ledger.h"
#include "tests/tools/ledger_file.h"
#include "tests/tools/ledger_lines.h"

namespace barnabas::tests {
namespace {

std::atomic<bool> asked_to_stop{false};

void on_stop(int /*signal*/) { asked_to_stop = true; }

struct State {
  Ledger ledger;
  uint64_t acked = 0;
  uint64_t failed = 0;
  uint64_t announce = 0;
  double first_ack = 0, last_ack = 0;
  double gap = 0, gap_started = 0;  // the longest time without an acknowledgement
  struct Partition {
    double last_ack = 0;
    double gap = 0;
  };
  std::vector<Partition> partitions;
  std::string last_error;
};

void on_delivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* opaque) {
  auto& state = *static_cast<State*>(opaque);
  SentRecord& record = state.ledger.records[reinterpret_cast<uintptr_t>(message->_private)];
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++state.failed;
    state.last_error = rd_kafka_err2name(message->err);
    return;
  }
  record.acknowledged = true;
  record.offset = message->offset;
  const double now = now_seconds();
  if (state.acked == 0) state.first_ack = now;
  if (state.acked > 0 && now - state.last_ack > state.gap) {
    state.gap = now - state.last_ack;
    state.gap_started = state.last_ack;
  }
  state.last_ack = now;
  State::Partition& partition = state.partitions[static_cast<size_t>(record.partition)];
  if (partition.last_ack > 0) partition.gap = std::max(partition.gap, now - partition.last_ack);
  partition.last_ack = now;
  ++state.acked;
  if (state.announce > 0 && state.acked % state.announce == 0) {
    std::printf("acked %llu\n", static_cast<unsigned long long>(state.acked));
    std::fflush(stdout);
  }
}

std::string new_run() {
  std::random_device device;
  char run[20];
  std::snprintf(run, sizeof run, "%08x%08x", device(), device());
  return run;
}

void send(rd_kafka_t* client, rd_kafka_topic_t* topic, int32_t partition, const std::string& key,
          const std::string& line, uint64_t sequence) {
  while (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, const_cast<char*>(line.data()),
                          line.size(), key.data(), key.size(),
                          reinterpret_cast<void*>(static_cast<uintptr_t>(sequence))) == -1) {
    if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      char reason[512] = "";
      rd_kafka_fatal_error(client, reason, sizeof reason);
      die(absl::StrCat("record ", sequence, ": ", rd_kafka_err2str(rd_kafka_last_error()), ": ",
                       reason));
    }
    rd_kafka_poll(client, 10);
  }
}

}  // namespace

int produce(const ProduceOptions& options) {
  std::signal(SIGTERM, on_stop);
  std::signal(SIGINT, on_stop);
  State state;
  state.ledger.run = new_run();
  state.ledger.topic = options.topic;
  state.announce = options.announce;
  Properties properties = {
      {"acks", "all"},
      {"enable.idempotence", "true"},
      {"linger.ms", "2"},
      {"queue.buffering.max.messages", "20000"},
      {"delivery.timeout.ms", std::to_string(static_cast<int64_t>(options.patience * 1000))}};
  properties.insert(properties.end(), options.properties.begin(), options.properties.end());
  rd_kafka_t* client =
      connect(RD_KAFKA_PRODUCER, options.bootstrap, properties, &state, on_delivery);
  const int partitions = partitions_of(client, options.topic, options.patience);
  state.partitions.resize(static_cast<size_t>(partitions));
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client, options.topic.c_str(), nullptr);
  Lines lines(options.source, options.size);

  const double start = now_seconds();
  uint64_t sent = 0, bytes = 0;
  while (!asked_to_stop && (options.count == 0 || sent < options.count) &&
         (options.seconds == 0 || now_seconds() - start < options.seconds)) {
    if (options.rate > 0) {
      const double due = start + static_cast<double>(sent) / static_cast<double>(options.rate);
      const double wait = due - now_seconds();
      if (wait > 0) {
        rd_kafka_poll(client, std::max(1, static_cast<int>(std::min(wait, 0.05) * 1000)));
        continue;
      }
    }
    const std::string line = lines.next();
    const auto partition = static_cast<int32_t>(sent % static_cast<uint64_t>(partitions));
    state.ledger.records.push_back({sent, partition, false, -1, digest_of(line)});
    send(client, topic, partition, absl::StrCat(state.ledger.run, "/", sent), line, sent);
    bytes += line.size();
    if (++sent % 128 == 0) rd_kafka_poll(client, 0);
  }
  while (rd_kafka_flush(client, 1000) == RD_KAFKA_RESP_ERR__TIMED_OUT) {
  }
  const double took = now_seconds() - start;
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  if (const absl::Status written = write_ledger(state.ledger, options.ledger); !written.ok()) {
    die(std::string(written.message()));
  }
  std::string gaps;
  for (const State::Partition& one : state.partitions) {
    absl::StrAppend(&gaps, gaps.empty() ? "" : ",", static_cast<int64_t>(one.gap * 1000));
  }
  std::printf(
      R"({"run":"%s","sent":%llu,"acked":%llu,"failed":%llu,"bytes":%llu,"seconds":%.3f,)"
      R"("longest_gap_ms":%.1f,"gap_at_s":%.3f,"checksum":"%s","partition_gaps_ms":[%s],"last_error":"%s"})"
      "\n",
      state.ledger.run.c_str(), static_cast<unsigned long long>(sent),
      static_cast<unsigned long long>(state.acked), static_cast<unsigned long long>(state.failed),
      static_cast<unsigned long long>(bytes), took, state.gap * 1000, state.gap_started - start,
      checksum_of(state.ledger.records).c_str(), gaps.c_str(), state.last_error.c_str());
  return state.acked == sent ? 0 : 3;
}

}  // namespace barnabas::tests
