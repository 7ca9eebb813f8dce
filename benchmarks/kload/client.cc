#include "benchmarks/kload/client.h"

#include <unistd.h>

namespace barnabas::kload {

namespace {

void set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char error[512];
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK)
    die(error);
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& tally = *static_cast<Tally*>(opaque);
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++tally.failed;
    tally.last_error = rd_kafka_err2name(message->err);
    return;
  }
  const int64_t now = now_ns();
  const auto sent = static_cast<int64_t>(reinterpret_cast<intptr_t>(message->_private));
  ++tally.acked;
  if (sent >= tally.count_from) tally.ack.add(now - sent);
  if (tally.first_ack == 0) tally.first_ack = now;
  if (tally.last_ack != 0) tally.max_gap = std::max(tally.max_gap, now - tally.last_ack);
  tally.last_ack = now;
}

}  // namespace

Client::Client(const Options& options, rd_kafka_type_t type, void* opaque) : options_(options) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", options.text("bootstrap", "127.0.0.1:19092"));
  set(conf, "client.id", "kload");
  set(conf, "log_level", options.text("log-level", "0"));
  if (type == RD_KAFKA_PRODUCER) {
    set(conf, "acks", options.text("acks", "all"));
    set(conf, "linger.ms", options.text("linger-ms", "5"));
    set(conf, "batch.size", options.text("batch-bytes", "1000000"));
    set(conf, "batch.num.messages", options.text("batch-records", "10000"));
    set(conf, "compression.codec", options.text("compression", "none"));
    set(conf, "enable.idempotence", options.number("idempotence", 0) != 0 ? "true" : "false");
    set(conf, "queue.buffering.max.messages", options.text("queue", "100000"));
    set(conf, "queue.buffering.max.kbytes", "1048576");
    set(conf, "delivery.timeout.ms", options.text("timeout-ms", "30000"));
    set(conf, "reconnect.backoff.ms", "20");
    set(conf, "retry.backoff.ms", "20");
    set(conf, "sticky.partitioning.linger.ms", "0");
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  } else {
    set(conf, "group.id", "kload-" + std::to_string(getpid()));
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.partition.eof", "true");
    set(conf, "fetch.wait.max.ms", options.text("fetch-wait-ms", "500"));
    set(conf, "queued.min.messages",
        "10000000");  // librdkafka stops fetching a partition for a second when its local queue
    set(conf, "queued.max.messages.kbytes",
        "1048576");  // is over these; they must not be what limits a catch-up
    set(conf, "fetch.error.backoff.ms", "20");
  }
  for (const auto& item : options.sets) {
    const auto at = item.find('=');
    if (at == std::string::npos) die("--set wants k=v");
    const bool for_consumer =
        item.rfind("consumer.", 0) == 0;  // consumer.X is only for the consumer
    if (for_consumer != (type == RD_KAFKA_CONSUMER) && for_consumer) continue;
    set(conf, item.substr(for_consumer ? 9 : 0, at - (for_consumer ? 9 : 0)), item.substr(at + 1));
  }
  rd_kafka_conf_set_opaque(conf, opaque);
  char error[512];
  handle_ = rd_kafka_new(type, conf, error, sizeof error);
  if (handle_ == nullptr) die(error);
}

Client::~Client() { rd_kafka_destroy(handle_); }

int Client::leaders(const std::string& topic) const {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(handle_, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  int led = -1;
  if (rd_kafka_metadata(handle_, 0, handle, &metadata, 5000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      led = 0;
      for (int p = 0; p < metadata->topics[0].partition_cnt; ++p)
        if (metadata->topics[0].partitions[p].leader >= 0 &&
            metadata->topics[0].partitions[p].err == RD_KAFKA_RESP_ERR_NO_ERROR)
          ++led;
    }
    rd_kafka_metadata_destroy(metadata);
  }
  rd_kafka_topic_destroy(handle);
  return led;
}

void Client::request_create(const std::string& topic, rd_kafka_queue_t* queue) const {
  char error[512];
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(topic.c_str(), static_cast<int>(options_.number("partitions", 6)),
                            static_cast<int>(options_.number("rf", 3)), error, sizeof error);
  if (wanted == nullptr) die(error);
  for (const auto& item : split(options_.text("config", ""), ',')) {
    const auto at = item.find('=');
    rd_kafka_NewTopic_set_config(wanted, item.substr(0, at).c_str(), item.substr(at + 1).c_str());
  }
  rd_kafka_AdminOptions_t* admin =
      rd_kafka_AdminOptions_new(handle_, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_AdminOptions_set_request_timeout(
      admin, static_cast<int>(options_.number("admin-timeout-ms", 120000)), error, sizeof error);
  rd_kafka_AdminOptions_set_operation_timeout(
      admin, static_cast<int>(options_.number("admin-timeout-ms", 120000)), error, sizeof error);
  rd_kafka_CreateTopics(handle_, &wanted, 1, admin, queue);
  rd_kafka_AdminOptions_destroy(admin);
  rd_kafka_NewTopic_destroy(wanted);
}
std::string Client::wait_created(rd_kafka_queue_t* queue) {
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 130000);
  if (event == nullptr) return "no answer";
  std::string problem;
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    problem = rd_kafka_event_error_string(event);
  } else {
    size_t count = 0;
    const auto** results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    if (count == 1 && rd_kafka_topic_result_error(results[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
      problem = rd_kafka_err2name(rd_kafka_topic_result_error(results[0]));
  }
  rd_kafka_event_destroy(event);
  return problem;
}

std::pair<double, double> Client::create(const std::string& topic) const {
  const int64_t start = now_ns();
  rd_kafka_queue_t* queue = rd_kafka_queue_new(handle_);
  request_create(topic, queue);
  const std::string problem = wait_created(queue);
  rd_kafka_queue_destroy(queue);
  if (!problem.empty()) die("create " + topic + ": " + problem);
  const double answered = static_cast<double>(now_ns() - start) / 1e9;
  while (leaders(topic) != options_.number("partitions", 6)) usleep(5000);
  return {answered, static_cast<double>(now_ns() - start) / 1e9};
}

}  // namespace barnabas::kload
