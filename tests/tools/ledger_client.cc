#include "tests/tools/ledger_client.h"

#include <absl/strings/str_split.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace barnabas::tests {

void die(const std::string& text) {
  std::fprintf(stderr, "ledger: %s\n", text.c_str());
  std::exit(1);
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Properties properties_of(const std::string& text) {
  Properties properties;
  for (const auto& item : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(item, absl::MaxSplits('=', 1));
    properties.push_back(pair);
  }
  return properties;
}

rd_kafka_t* connect(rd_kafka_type_t type, const std::string& bootstrap,
                    const Properties& properties, void* opaque,
                    void (*delivered)(rd_kafka_t*, const rd_kafka_message_t*, void*)) {
  Properties all = {{"bootstrap.servers", bootstrap},
                    {"client.id", "ledger"},
                    {"log_level", "0"},
                    {"retry.backoff.ms", "20"},
                    {"reconnect.backoff.ms", "10"},
                    {"reconnect.backoff.max.ms", "100"},
                    {"topic.metadata.refresh.fast.interval.ms", "20"}};
  all.insert(all.end(), properties.begin(), properties.end());
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512];
  for (const auto& [key, value] : all) {
    if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error, sizeof error) !=
        RD_KAFKA_CONF_OK) {
      die(error);
    }
  }
  rd_kafka_conf_set_opaque(conf, opaque);
  if (delivered != nullptr) rd_kafka_conf_set_dr_msg_cb(conf, delivered);
  rd_kafka_t* client = rd_kafka_new(type, conf, error, sizeof error);
  if (client == nullptr) die(error);
  return client;
}

int partitions_of(rd_kafka_t* client, const std::string& topic, double seconds) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  const double deadline = now_seconds() + seconds;
  std::string last = "no answer";
  while (now_seconds() < deadline) {
    const rd_kafka_metadata_t* metadata = nullptr;
    const rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, handle, &metadata, 2000);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      last = rd_kafka_err2str(error);
      continue;
    }
    int led = 0, all = 0;
    if (metadata->topic_cnt == 1) {
      last = rd_kafka_err2str(metadata->topics[0].err);
      all = metadata->topics[0].partition_cnt;
      for (int i = 0; i < all; ++i) led += metadata->topics[0].partitions[i].leader >= 0 ? 1 : 0;
    }
    rd_kafka_metadata_destroy(metadata);
    if (all > 0 && led == all) {
      rd_kafka_topic_destroy(handle);
      return all;
    }
    rd_kafka_poll(client, 10);
  }
  die("topic " + topic + " has no leaders for all partitions: " + last);
}

}  // namespace barnabas::tests
