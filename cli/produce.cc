// barnabas produce.

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "cli/duration.h"
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
      : handle_(handle), options_(options), tally_(tally) {
    topic_ = rd_kafka_topic_new(handle, options.stream.topic.c_str(), nullptr);
  }
  ~Sender() { rd_kafka_topic_destroy(topic_); }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Waits while the local queue is full: the pipe that feeds us waits, too.
  void send(std::string_view line) {
    std::string_view key;
    if (options_.key_separator.has_value()) {
      const size_t at = line.find(*options_.key_separator);
      if (at != std::string_view::npos) {
        key = line.substr(0, at);
        line.remove_prefix(at + options_.key_separator->size());
      }
    }
    ++tally_.sent;
    while (rd_kafka_produce(topic_, options_.stream.partition, RD_KAFKA_MSG_F_COPY,
                            const_cast<char*>(line.data()), line.size(),
                            key.data() == nullptr ? nullptr : key.data(), key.size(),
                            nullptr) == -1) {
      const rd_kafka_resp_err_t error = rd_kafka_last_error();
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        if (tally_.failed++ == 0) tally_.first_error = error;
        return;
      }
      rd_kafka_poll(handle_, 100);
    }
    if (tally_.sent % 256 == 0) rd_kafka_poll(handle_, 0);
  }

 private:
  rd_kafka_t* handle_;
  const ProduceOptions& options_;
  Tally& tally_;
  rd_kafka_topic_t* topic_;
};

std::string summary(const Tally& tally, double seconds, const Output& output,
                    const std::string& topic) {
  if (output.json()) {
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
  {
    Sender sender(handle, options, tally);
    for (std::string line; !interrupted() && std::getline(in, line);) {
      sender.send(line);
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
  if (output.json()) {
    output.out << summary(tally, seconds, output, options.stream.topic) << '\n';
  } else {
    output.note(summary(tally, seconds, output, options.stream.topic));
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
