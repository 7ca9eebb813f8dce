#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "tests/tools/ledger.h"
#include "tests/tools/ledger_file.h"

namespace barnabas::tests {
namespace {

// Reads every partition to the end that it had when the reading began, and keeps this run's
// records.
class Reader {
 public:
  Reader(const VerifyOptions& options, const Ledger& ledger) : options_(options), ledger_(ledger) {
    client_ = connect(RD_KAFKA_CONSUMER, options.bootstrap,
                      {{"enable.partition.eof", "false"},
                       {"queued.min.messages", "1000000"},
                       {"fetch.error.backoff.ms", "20"},
                       {"check.crcs", "true"},
                       {"auto.offset.reset", "error"}},
                      nullptr, nullptr);
    partitions_ = partitions_of(client_, ledger.topic, options.patience);
    topic_ = rd_kafka_topic_new(client_, ledger.topic.c_str(), nullptr);
    queue_ = rd_kafka_queue_new(client_);
  }

  std::vector<ReadRecord> read() {
    std::map<int32_t, int64_t> until = start();
    double quiet_since = now_seconds();
    while (!until.empty()) {
      rd_kafka_message_t* message = rd_kafka_consume_queue(queue_, 100);
      if (message == nullptr) {
        if (now_seconds() - quiet_since > options_.patience) {
          die(absl::StrCat("nothing more came, and ", until.size(),
                           " partitions are not read to their end"));
        }
        continue;
      }
      quiet_since = now_seconds();
      take(*message, until);
      rd_kafka_message_destroy(message);
    }
    for (int32_t partition = 0; partition < partitions_; ++partition) {
      rd_kafka_consume_stop(topic_, partition);
    }
    rd_kafka_queue_destroy(queue_);
    rd_kafka_topic_destroy(topic_);
    rd_kafka_destroy(client_);
    return std::move(records_);
  }

  uint64_t others() const { return others_; }

 private:
  // The end of each partition that has something to read.
  std::map<int32_t, int64_t> start() {
    std::map<int32_t, int64_t> first;
    for (const SentRecord& record : ledger_.records) {
      if (record.offset < 0) continue;
      const auto [it, added] = first.try_emplace(record.partition, record.offset);
      if (!added) it->second = std::min(it->second, record.offset);
    }
    std::map<int32_t, int64_t> until;
    for (int32_t partition = 0; partition < partitions_; ++partition) {
      int64_t low = 0, high = 0;
      rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
      for (const double end = now_seconds() + options_.patience; now_seconds() < end;) {
        error = rd_kafka_query_watermark_offsets(client_, ledger_.topic.c_str(), partition, &low,
                                                 &high, 5000);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
        rd_kafka_poll(client_, 20);
      }
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        die(absl::StrCat("partition ", partition, ": ", rd_kafka_err2str(error)));
      }
      if (options_.own_only && first.count(partition) != 0) {
        low = std::max(low, first[partition]);
      }
      if (low >= high) continue;
      until[partition] = high;
      if (rd_kafka_consume_start_queue(topic_, partition, low, queue_) != 0) {
        die(rd_kafka_err2str(rd_kafka_last_error()));
      }
    }
    return until;
  }

  void take(const rd_kafka_message_t& message, std::map<int32_t, int64_t>& until) {
    if (message.err == RD_KAFKA_RESP_ERR__TRANSPORT) return;
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      die(absl::StrCat("partition ", message.partition, ": ", rd_kafka_message_errstr(&message)));
    }
    const auto end = until.find(message.partition);
    if (end == until.end()) return;  // came after the reading began
    const std::string_view key(static_cast<const char*>(message.key), message.key_len);
    const std::string prefix = ledger_.run + "/";
    uint64_t sequence = 0;
    if (key.substr(0, prefix.size()) == prefix &&
        absl::SimpleAtoi(absl::string_view(key.data() + prefix.size(), key.size() - prefix.size()),
                         &sequence)) {
      records_.push_back({sequence, message.partition, message.offset,
                          digest_of({static_cast<const char*>(message.payload), message.len})});
    } else {
      ++others_;
    }
    if (message.offset + 1 >= end->second) until.erase(end);
  }

  const VerifyOptions& options_;
  const Ledger& ledger_;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
  int partitions_ = 0;
  std::vector<ReadRecord> records_;
  uint64_t others_ = 0;
};

// The checksum of what came back: of each acknowledged record the content that was read.
std::string checksum_read(const Ledger& ledger, const std::vector<ReadRecord>& read) {
  std::vector<SentRecord> back(ledger.records.size());
  for (const ReadRecord& record : read) {
    if (record.sequence >= back.size()) continue;
    back[record.sequence].digest = record.digest;
    back[record.sequence].acknowledged = ledger.records[record.sequence].acknowledged;
  }
  return checksum_of(back);
}

}  // namespace

int verify(const VerifyOptions& options) {
  const auto ledger = read_ledger(options.ledger);
  if (!ledger.ok()) die(std::string(ledger.status().message()));
  const double start = now_seconds();
  Reader reader(options, *ledger);
  const std::vector<ReadRecord> read = reader.read();
  const Judgement judgement =
      judge(ledger->records, read,
            options.at_least_once ? Delivery::kAtLeastOnce : Delivery::kExactlyOnce);
  for (const std::string& example : judgement.examples) {
    std::fprintf(stderr, "ledger: %s\n", example.c_str());
  }
  std::printf(
      "%s\n",
      absl::StrCat("{\"run\":\"", ledger->run, "\",\"sent\":", ledger->records.size(),
                   ",\"acknowledged\":", judgement.acknowledged, ",\"read\":", read.size(),
                   ",\"failed_but_there\":", judgement.failed_but_there,
                   ",\"others\":", reader.others(), ",\"lost\":", judgement.lost,
                   ",\"duplicated\":", judgement.duplicated, ",\"altered\":", judgement.altered,
                   ",\"moved\":", judgement.moved, ",\"reordered\":", judgement.reordered,
                   ",\"invented\":", judgement.invented, ",\"violations\":", judgement.violations(),
                   ",\"checksum\":\"", checksum_read(*ledger, read),
                   "\",\"seconds\":", now_seconds() - start, "}")
          .c_str());
  return judgement.violations() == 0 ? 0 : 4;
}

}  // namespace barnabas::tests
