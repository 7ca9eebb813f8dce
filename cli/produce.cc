// barnabas produce.

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "cli/duration.h"
#include "cli/input_layout.h"
#include "cli/kafka_client.h"
#include "cli/streams.h"

namespace barnabas::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr auto kProgressEvery = std::chrono::seconds(2);
constexpr std::chrono::milliseconds kFirstAnswer{10'000};  // for the topic, before any record

struct Tally {
  uint64_t sent = 0;
  uint64_t acked = 0;
  uint64_t failed = 0;
  uint64_t bytes = 0;
  rd_kafka_resp_err_t first_error = RD_KAFKA_RESP_ERR_NO_ERROR;
};

void on_delivery(rd_kafka_t* /*handle*/, const rd_kafka_message_t* message, void* opaque) {
  auto& tally = *static_cast<Tally*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++tally.acked;
    tally.bytes += message->len + message->key_len;
  } else if (tally.failed++ == 0) {
    tally.first_error = message->err;
  }
}

class Sender {
 public:
  Sender(rd_kafka_t* handle, const ProduceOptions& options, Tally& tally)
      : handle_(handle), options_(options), tally_(tally), layout_(options.layout) {
    topic_ = rd_kafka_topic_new(handle, options.stream.topic.c_str(), nullptr);
  }
  ~Sender() { rd_kafka_topic_destroy(topic_); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Waits while the local queue is full: the pipe that feeds us waits, too. False: the line does
  // not fit the layout.
  bool send(std::string_view line) {
    std::optional<InputRecord> record = layout_.read(line);
    if (!record.has_value()) return false;
    if (options_.key_separator.has_value()) {
      const size_t at = record->value.find(*options_.key_separator);
      if (at != std::string::npos) {
        record->key = record->value.substr(0, at);
        record->value.erase(0, at + options_.key_separator->size());
      }
    }
    if (record->partition < 0) record->partition = options_.stream.partition;
    record->headers.insert(record->headers.end(), options_.headers.begin(), options_.headers.end());
    ++tally_.sent;
    for (;;) {
      const rd_kafka_resp_err_t error = hand_over(*record);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        if (tally_.failed++ == 0) tally_.first_error = error;
        return true;
      }
      rd_kafka_poll(handle_, 100);
    }
    if (tally_.sent % 256 == 0) rd_kafka_poll(handle_, 0);
    return true;
  }

 private:
  rd_kafka_resp_err_t hand_over(const InputRecord& record) {
    const char* key = record.key.has_value() ? record.key->data() : nullptr;
    const size_t key_size = record.key.has_value() ? record.key->size() : 0;
    if (record.headers.empty() && record.timestamp_ms < 0) {
      return rd_kafka_produce(topic_, record.partition, RD_KAFKA_MSG_F_COPY,
                              const_cast<char*>(record.value.data()), record.value.size(), key,
                              key_size, nullptr) == 0
                 ? RD_KAFKA_RESP_ERR_NO_ERROR
                 : rd_kafka_last_error();
    }
    rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& [name, value] : record.headers) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        handle_, RD_KAFKA_V_RKT(topic_), RD_KAFKA_V_PARTITION(record.partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE(const_cast<char*>(record.value.data()), record.value.size()),
        RD_KAFKA_V_KEY(key, key_size),
        RD_KAFKA_V_TIMESTAMP(record.timestamp_ms < 0 ? 0 : record.timestamp_ms),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
    return error;
  }

  rd_kafka_t* handle_;
  const ProduceOptions& options_;
  Tally& tally_;
  InputLayout layout_;
  rd_kafka_topic_t* topic_;
};

std::string summary(const Tally& tally, double seconds, const Output& output,
                    const std::string& topic) {
  if (output.data()) {
    return absl::StrCat("{\"topic\":\"", topic, "\",\"sent\":", tally.sent,
                        ",\"acked\":", tally.acked, ",\"failed\":", tally.failed,
                        ",\"bytes\":", tally.bytes, ",\"seconds\":", seconds, "}");
  }
  std::string out = absl::StrCat(
      "acknowledged ", tally.acked, " of ", tally.sent, " records (", size_text(tally.bytes),
      ") in ", text_of(std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000))));
  if (tally.failed > 0) absl::StrAppend(&out, ", ", tally.failed, " failed");
  return out;
}

}  // namespace

int produce(std::istream& in, const Output& output, const ProduceOptions& options,
            std::chrono::milliseconds timeout) {
  watch_interrupts();
  const std::string tried = absl::StrCat("produce to ", options.stream.topic);
  Properties properties = {{"acks", options.acks},
                           {"linger.ms", "5"},
                           {"delivery.timeout.ms", std::to_string(timeout.count())}};
  if (options.acks == "all" || options.acks == "-1") {
    properties.emplace_back("enable.idempotence", "true");
  }
  if (!options.codec.empty()) properties.emplace_back("compression.codec", options.codec);
  Tally tally;
  auto opened = open_kafka(RD_KAFKA_PRODUCER, options.stream, properties, &tally, on_delivery);
  if (!opened.ok()) return output.fail(opened.problem());
  rd_kafka_t* handle = opened.value().get();
  const auto partitions =
      partitions_of(handle, options.stream, std::min(timeout, kFirstAnswer), tried);
  if (!partitions.ok()) return output.fail(partitions.problem());

  const auto start = SteadyClock::now();
  auto next_word = start + kProgressEvery;
  uint64_t lines = 0;
  uint64_t misfit = 0;  // the line that is none of ours
  {
    Sender sender(handle, options, tally);
    for (std::string line; !interrupted() && std::getline(in, line);) {
      ++lines;
      if (!sender.send(line)) {
        misfit = lines;
        break;
      }
      if (tally.sent % 256 == 0 && SteadyClock::now() >= next_word) {
        next_word += kProgressEvery;
        output.note(absl::StrCat(tally.acked, " of ", tally.sent, " records acknowledged"));
      }
    }
    while (rd_kafka_flush(handle, 1000) == RD_KAFKA_RESP_ERR__TIMED_OUT && !interrupted()) {
      if (SteadyClock::now() < next_word) continue;
      next_word += kProgressEvery;
      output.note(absl::StrCat(tally.acked, " of ", tally.sent, " records acknowledged"));
    }
    if (interrupted()) rd_kafka_flush(handle, 1000);
  }
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
  if (output.data()) {
    output.print_data(summary(tally, seconds, output, options.stream.topic));
  } else {
    output.note(summary(tally, seconds, output, options.stream.topic));
  }
  if (misfit > 0) {
    return output.fail({tally.acked > 0 ? ExitCode::kPartial : ExitCode::kFailed, tried,
                        absl::StrCat("line ", misfit, " does not fit -f ", options.layout),
                        "what parts the fields is not there, or a number is none",
                        absl::StrCat("the lines from ", misfit, " on once more, mended")});
  }
  if (tally.acked == tally.sent) return 0;
  Problem problem = kafka_problem(
      tally.failed > 0 ? tally.first_error : RD_KAFKA_RESP_ERR__TIMED_OUT, tried, options.stream);
  if (tally.failed == 0) {
    problem.came_back = absl::StrCat("interrupted with ", tally.sent - tally.acked,
                                     " records not acknowledged: they may be kept or not");
  }
  if (tally.acked > 0) problem.exit = ExitCode::kPartial;
  return output.fail(problem);
}

}  // namespace barnabas::cli
