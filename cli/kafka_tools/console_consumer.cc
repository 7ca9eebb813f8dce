// kafka-console-consumer: records become lines on stdout.

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <memory>
#include <random>

#include "cli/kafka_client.h"
#include "cli/kafka_tools/console_client.h"

namespace barnabas::cli::kafka_tools {
namespace {

constexpr char kPurpose[] = "Reads records from topics and prints them.";

std::vector<Flag> consumer_flags() {
  return with_common({
      {"topic", Takes::kValue, "The topic to read"},
      {"include", Takes::kValue, "A pattern of topics to read"},
      {"whitelist", Takes::kValue, "", "include"},
      {"from-beginning", Takes::kNothing, "Where there is no committed offset: from the start"},
      {"partition", Takes::kValue, "Only this one"},
      {"offset", Takes::kValue, "With --partition: a number, earliest or latest (the default)"},
      {"group", Takes::kValue, "The consumer group"},
      {"max-messages", Takes::kValue, "How many records to read"},
      {"timeout-ms", Takes::kValue, "Leaves when nothing came for so long"},
      {"isolation-level", Takes::kValue, "read_uncommitted (the default) or read_committed"},
      {"formatter-property", Takes::kValue,
       "print.timestamp, print.partition, print.offset, print.headers, print.key, print.value, "
       "key.separator, line.separator, headers.separator, null.literal"},
      {"property", Takes::kValue, "", "formatter-property"},
      {"formatter-config", Takes::kValue, "A file of such properties"},
      {"formatter", Takes::kValue, "Only the default one"},
      {"command-property", Takes::kValue, "key=value for the client"},
      {"consumer-property", Takes::kValue, "", "command-property"},
      {"consumer.config", Takes::kValue, "", "command-config"},
      {"key-deserializer", Takes::kValue, "Bytes are printed as they are"},
      {"value-deserializer", Takes::kValue, "Bytes are printed as they are"},
      {"skip-message-on-error", Takes::kNothing, "Not needed"},
      {"enable-systest-events", Takes::kNothing, "Not needed"},
  });
}

struct Formatter {
  bool timestamp = false, partition = false, offset = false, headers = false, key = false,
       value = true;
  std::string separator = "\t", line_separator = "\n", header_separator = ",", null = "null";
};

Formatter make_formatter(const std::map<std::string, std::string>& properties) {
  Formatter out;
  const auto flag = [&](const char* key, bool& into) {
    if (const auto found = properties.find(key); found != properties.end()) {
      into = found->second == "true";
    }
  };
  const auto text = [&](const char* key, std::string& into) {
    if (const auto found = properties.find(key); found != properties.end()) {
      into = unescaped(found->second);
    }
  };
  flag("print.timestamp", out.timestamp);
  flag("print.partition", out.partition);
  flag("print.offset", out.offset);
  flag("print.headers", out.headers);
  flag("print.key", out.key);
  flag("print.value", out.value);
  text("key.separator", out.separator);
  text("line.separator", out.line_separator);
  text("headers.separator", out.header_separator);
  text("null.literal", out.null);
  return out;
}

std::string headers_text(const Formatter& formatter, const rd_kafka_message_t* message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return "NO_HEADERS";
  }
  std::string out;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    absl::StrAppend(
        &out, i == 0 ? "" : formatter.header_separator, name, ":",
        value == nullptr ? formatter.null : std::string(static_cast<const char*>(value), size));
  }
  return out;
}

void print(const Formatter& formatter, const rd_kafka_message_t* message, std::ostream& out) {
  const char* separator = "";
  const auto field = [&](std::string_view text) {
    out << separator << text;
    separator = formatter.separator.c_str();
  };
  if (formatter.timestamp) {
    rd_kafka_timestamp_type_t type;
    const int64_t time = rd_kafka_message_timestamp(message, &type);
    field(
        type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
            ? std::string("NO_TIMESTAMP")
            : absl::StrCat(
                  type == RD_KAFKA_TIMESTAMP_CREATE_TIME ? "CreateTime:" : "LogAppendTime:", time));
  }
  if (formatter.partition) field(absl::StrCat("Partition:", message->partition));
  if (formatter.offset) field(absl::StrCat("Offset:", message->offset));
  if (formatter.headers) field(headers_text(formatter, message));
  if (formatter.key) {
    field(message->key == nullptr
              ? std::string_view(formatter.null)
              : std::string_view(static_cast<const char*>(message->key), message->key_len));
  }
  if (formatter.value) {
    field(message->payload == nullptr
              ? std::string_view(formatter.null)
              : std::string_view(static_cast<const char*>(message->payload), message->len));
  }
  out << formatter.line_separator;
}

absl::StatusOr<int64_t> start_offset(const Arguments& arguments) {
  const std::string text =
      arguments.value_or("offset", arguments.has("from-beginning") ? "earliest" : "latest");
  if (text == "earliest") return RD_KAFKA_OFFSET_BEGINNING;
  if (text == "latest") return RD_KAFKA_OFFSET_END;
  int64_t offset = 0;
  if (absl::SimpleAtoi(text, &offset) && offset >= 0) return offset;
  return absl::InvalidArgumentError(absl::StrCat(
      "The provided offset value '", text,
      "' is incorrect. Valid values are 'earliest', 'latest', or a non-negative long"));
}

absl::Status begin(rd_kafka_t* handle, const Arguments& arguments) {
  rd_kafka_poll_set_consumer(handle);
  const std::unique_ptr<rd_kafka_topic_partition_list_t,
                        decltype(&rd_kafka_topic_partition_list_destroy)>
      list(rd_kafka_topic_partition_list_new(1), rd_kafka_topic_partition_list_destroy);
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  if (arguments.has("partition")) {
    const auto index = arguments.number("partition");
    if (!index.ok()) return index.status();
    const auto offset = start_offset(arguments);
    if (!offset.ok()) return offset.status();
    rd_kafka_topic_partition_list_add(list.get(), arguments.value_or("topic", "").c_str(),
                                      static_cast<int32_t>(*index))
        ->offset = *offset;
    error = rd_kafka_assign(handle, list.get());
  } else {
    const std::string name = arguments.has("topic") ? arguments.value_or("topic", "")
                                                    : "^" + arguments.value_or("include", "");
    rd_kafka_topic_partition_list_add(list.get(), name.c_str(), RD_KAFKA_PARTITION_UA);
    error = rd_kafka_subscribe(handle, list.get());
  }
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::InvalidArgumentError(rd_kafka_err2str(error));
}

// Reads until the count is reached, nothing came in time, or somebody interrupts.
absl::Status read_all(rd_kafka_t* handle, const Formatter& formatter, int64_t at_most,
                      int64_t timeout_ms, int64_t& count, Streams streams) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point last = Clock::now();
  while ((at_most < 0 || count < at_most) && !interrupted() && streams.out.good()) {
    rd_kafka_message_t* const message = rd_kafka_consumer_poll(handle, 100);
    if (message == nullptr) {
      streams.out.flush();
      if (timeout_ms >= 0 && Clock::now() - last > std::chrono::milliseconds(timeout_ms)) {
        streams.err << "Error processing message, terminating consumer process: "
                       "org.apache.kafka.common.errors.TimeoutException\n";
        return absl::OkStatus();
      }
      continue;
    }
    const std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)> owned(
        message, rd_kafka_message_destroy);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      print(formatter, message, streams.out);
      ++count;
      last = Clock::now();
    } else if (message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
               message->err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
      // The topic may still come into being, as Kafka's own tool hopes.
      streams.err << rd_kafka_message_errstr(message) << '\n';
    } else if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      return absl::UnavailableError(rd_kafka_message_errstr(message));
    }
  }
  return absl::OkStatus();
}

struct ListDestroy {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t, ListDestroy>;

// Kafka's consumer commits where it stands in every partition that it was given, also where it has
// read nothing; librdkafka only behind what it has read. Does the rest, as well as it can in a
// moment: a tool that has done its work must not fail over this.
void commit_where_nothing_was_read(rd_kafka_t* handle, bool from_beginning) {
  constexpr int kMoment = 2000;
  rd_kafka_topic_partition_list_t* given = nullptr;
  if (rd_kafka_assignment(handle, &given) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const PartitionList assigned(given);
  if (rd_kafka_position(handle, given) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const PartitionList unread(rd_kafka_topic_partition_list_new(given->cnt));
  for (int i = 0; i < given->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = given->elems[i];
    if (one.offset < 0) {
      rd_kafka_topic_partition_list_add(unread.get(), one.topic, one.partition);
    }
  }
  if (unread->cnt == 0 ||
      rd_kafka_committed(handle, unread.get(), kMoment) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return;
  }
  const PartitionList commits(rd_kafka_topic_partition_list_new(unread->cnt));
  for (int i = 0; i < unread->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = unread->elems[i];
    int64_t low = 0;
    int64_t high = 0;
    if (one.offset >= 0 || one.err != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_query_watermark_offsets(handle, one.topic, one.partition, &low, &high, kMoment) !=
            RD_KAFKA_RESP_ERR_NO_ERROR) {
      continue;
    }
    rd_kafka_topic_partition_list_add(commits.get(), one.topic, one.partition)->offset =
        from_beginning ? low : high;
  }
  if (commits->cnt > 0) rd_kafka_commit(handle, commits.get(), 0);
}

// The last one counts.
std::string setting_of(const Settings& settings, std::string_view key) {
  std::string value;
  for (const auto& [name, text] : settings) {
    if (name == key) value = text;
  }
  return value;
}

absl::Status run(const Arguments& arguments, Streams streams) {
  const auto properties = properties_of(arguments, "formatter-property", "formatter-config");
  if (!properties.ok()) return properties.status();
  const auto at_most = arguments.number_or("max-messages", -1);
  if (!at_most.ok()) return at_most.status();
  const auto timeout = arguments.number_or("timeout-ms", -1);
  if (!timeout.ok()) return timeout.status();
  const auto own = client_settings(arguments);
  if (!own.ok()) return own.status();
  const bool named = arguments.has("group");
  Settings settings = {
      {"group.id", arguments.value_or("group", absl::StrCat("console-consumer-",
                                                            std::random_device{}() % 100000))},
      {"auto.offset.reset", arguments.has("from-beginning") ? "earliest" : "latest"},
      {"enable.auto.commit", named ? "true" : "false"},
      {"isolation.level", arguments.value_or("isolation-level", "read_uncommitted")},
      {"client.id", "console-consumer"},
  };
  settings.insert(settings.end(), own->begin(), own->end());
  const bool commits = setting_of(settings, "enable.auto.commit") == "true";
  const std::string reset = setting_of(settings, "auto.offset.reset");
  const bool from_beginning = reset == "earliest" || reset == "beginning" || reset == "smallest";
  watch_interrupts();
  auto opened = open_kafka(RD_KAFKA_CONSUMER, stream_of(arguments, std::move(settings)), {},
                           nullptr, nullptr);
  if (!opened.ok()) return absl::InvalidArgumentError(to_text(opened.problem()));
  rd_kafka_t* const handle = opened.value().get();
  absl::Status status = begin(handle, arguments);
  int64_t count = 0;
  if (status.ok()) {
    status = read_all(handle, make_formatter(*properties), *at_most, *timeout, count, streams);
  }
  streams.out.flush();
  if (status.ok() && commits) commit_where_nothing_was_read(handle, from_beginning);
  rd_kafka_consumer_close(handle);
  streams.err << "Processed a total of " << count << " messages\n";
  return status;
}

}  // namespace

int console_consumer(const std::vector<std::string>& words, Streams streams) {
  const std::vector<Flag> flags = consumer_flags();
  const auto arguments = Arguments::parse(flags, words);
  if (const auto code = settle(arguments, flags, kPurpose, streams)) return *code;
  if (!arguments->has("bootstrap-server")) {
    return misuse(streams, "Missing required option(s) [bootstrap-server]", kPurpose, flags);
  }
  if (arguments->has("topic") == arguments->has("include")) {
    return misuse(streams, "Exactly one of --include/--topic is required.", kPurpose, flags);
  }
  if (arguments->has("offset") && !arguments->has("partition")) {
    return misuse(streams, "The partition is required when offset is specified.", kPurpose, flags);
  }
  if (const auto formatter = arguments->value("formatter");
      formatter.has_value() && formatter->find("DefaultMessageFormatter") == std::string::npos) {
    return misuse(streams, *formatter + " is a Java class; only the default formatter is there",
                  kPurpose, flags);
  }
  const absl::Status status = run(*arguments, streams);
  if (status.ok()) return 0;
  streams.err << status.message() << '\n';
  return 1;
}

}  // namespace barnabas::cli::kafka_tools
