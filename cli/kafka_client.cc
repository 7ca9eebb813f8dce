#include "cli/kafka_client.h"

#include <absl/strings/str_cat.h>

#include <atomic>
#include <csignal>

namespace barnabas::cli {
namespace {

std::atomic<bool> interrupt_seen{false};

void on_interrupt(int /*signal*/) { interrupt_seen = true; }

// librdkafka reports through the handle; what it would also print repeats that, less clearly.
void no_log(const rd_kafka_t* /*handle*/, int /*level*/, const char* /*facility*/,
            const char* /*text*/) {}

}  // namespace

void watch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() { return interrupt_seen; }

Result<KafkaHandle> open_kafka(rd_kafka_type_t type, const StreamOptions& stream,
                               const Properties& properties, void* opaque,
                               void (*delivered)(rd_kafka_t*, const rd_kafka_message_t*, void*)) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  Properties all = {{"bootstrap.servers", stream.bootstrap},
                    {"client.id", "barnabas-cli"},
                    {"retry.backoff.ms", "20"},
                    {"reconnect.backoff.ms", "10"},
                    {"reconnect.backoff.max.ms", "200"},
                    {"topic.metadata.refresh.fast.interval.ms", "20"},
                    {"socket.nagle.disable", "true"}};
  all.insert(all.end(), properties.begin(), properties.end());
  all.insert(all.end(), stream.properties.begin(), stream.properties.end());
  char error[512] = "";
  for (const auto& [key, value] : all) {
    if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error, sizeof error) !=
        RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return Problem{ExitCode::kUsage, absl::StrCat("set ", key, "=", value), error,
                     "-X takes librdkafka's properties, written as it writes them",
                     "https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md"};
    }
  }
  rd_kafka_conf_set_log_cb(conf, no_log);
  rd_kafka_conf_set_opaque(conf, opaque);
  if (delivered != nullptr) rd_kafka_conf_set_dr_msg_cb(conf, delivered);
  rd_kafka_t* handle = rd_kafka_new(type, conf, error, sizeof error);
  if (handle == nullptr) {
    rd_kafka_conf_destroy(conf);
    return Problem{ExitCode::kUsage, "start the Kafka client", error,
                   "two of the properties given with -X contradict each other",
                   "the same without -X"};
  }
  return KafkaHandle(handle);
}

Problem kafka_problem(rd_kafka_resp_err_t error, const std::string& tried,
                      const StreamOptions& stream) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return {ExitCode::kUnreachable, tried,
              absl::StrCat(rd_kafka_err2name(error), " ", static_cast<int>(error),
                           ": no broker answers at ", stream.bootstrap),
              "the brokers are not running, or listen elsewhere",
              "--bootstrap HOST:PORT,... (or BARNABAS_BROKERS); barnabas status"};
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
      return {ExitCode::kTimedOut, tried,
              absl::StrCat(rd_kafka_err2name(error), " ", static_cast<int>(error), ": ",
                           rd_kafka_err2str(error)),
              "no broker answered in time, or too few replicas are in sync for acks=all",
              absl::StrCat("barnabas status   and   barnabas topic describe ", stream.topic)};
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return problem_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, rd_kafka_err2str(error), tried,
                        stream.topic);
    default:
      break;
  }
  if (error > 0) {
    return problem_of(static_cast<int>(error), rd_kafka_err2str(error), tried, stream.topic);
  }
  return {ExitCode::kFailed, tried,
          absl::StrCat(rd_kafka_err2name(error), " ", static_cast<int>(error), ": ",
                       rd_kafka_err2str(error)),
          "", "barnabas status"};
}

Result<std::vector<int32_t>> partitions_of(rd_kafka_t* handle, const StreamOptions& stream,
                                           std::chrono::milliseconds timeout,
                                           const std::string& tried) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  rd_kafka_topic_t* topic = rd_kafka_topic_new(handle, stream.topic.c_str(), nullptr);
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
  std::vector<int32_t> found;
  while (!interrupted()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    const rd_kafka_metadata_t* metadata = nullptr;
    error = rd_kafka_metadata(handle, 0, topic, &metadata, static_cast<int>(left.count()));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) break;
    if (metadata->topic_cnt == 1) {
      error = metadata->topics[0].err;
      for (int i = 0; i < metadata->topics[0].partition_cnt; ++i) {
        found.push_back(metadata->topics[0].partitions[i].id);
      }
    }
    rd_kafka_metadata_destroy(metadata);
    // Being created at this moment; each ask goes to a broker, so nothing spins.
    if (error != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) break;
    rd_kafka_poll(handle, 10);
    found.clear();
  }
  rd_kafka_topic_destroy(topic);
  if (error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__TIMED_OUT) {
    return kafka_problem(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, tried, stream);
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_problem(error, tried, stream);
  return found;
}

}  // namespace barnabas::cli
