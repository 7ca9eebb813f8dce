// kafka-console-producer: lines of stdin become records.

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <memory>

#include "cli/kafka_client.h"
#include "cli/kafka_tools/console_client.h"

namespace barnabas::cli::kafka_tools {
namespace {

constexpr char kPurpose[] = "Reads lines from stdin and sends each as a record.";

std::vector<Flag> producer_flags() {
  return with_common({
      {"broker-list", Takes::kValue, "", "bootstrap-server"},
      {"topic", Takes::kValue, "Where the records go"},
      {"reader-property", Takes::kValue,
       "parse.key, key.separator, parse.headers, headers.delimiter, headers.separator, "
       "headers.key.separator, ignore.error, null.marker"},
      {"property", Takes::kValue, "", "reader-property"},
      {"reader-config", Takes::kValue, "A file of such properties"},
      {"command-property", Takes::kValue, "key=value for the client"},
      {"producer-property", Takes::kValue, "", "command-property"},
      {"producer.config", Takes::kValue, "", "command-config"},
      {"compression-codec", Takes::kMaybe, "none, gzip (the default), snappy, lz4, zstd"},
      {"request-required-acks", Takes::kValue, "0, 1 or all (-1)"},
      {"sync", Takes::kNothing, "Waits for each record"},
      {"timeout", Takes::kValue, "How long a batch waits for more records, in milliseconds"},
      {"request-timeout-ms", Takes::kValue, "How long the broker may take"},
      {"batch-size", Takes::kValue, "Bytes of a batch"},
      {"max-partition-memory-bytes", Takes::kValue, "", "batch-size"},
      {"message-send-max-retries", Takes::kValue, "How often to try again"},
      {"retry-backoff-ms", Takes::kValue, "How long to wait before"},
      {"metadata-expiry-ms", Takes::kValue, "How old metadata may be"},
      {"line-reader", Takes::kValue, "Only the default one"},
      {"max-block-ms", Takes::kValue, "Not needed"},
      {"max-memory-bytes", Takes::kValue, "Not needed"},
      {"socket-buffer-size", Takes::kValue, "Not needed"},
  });
}

struct Reader {
  bool parse_key = false, parse_headers = false, ignore_error = false;
  std::string key_separator = "\t", header_delimiter = "\t", header_separator = ",",
              header_key_separator = ":";
  std::optional<std::string> null_marker;
};

struct Line {
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::string>> headers;
};

Reader make_reader(const std::map<std::string, std::string>& properties) {
  Reader out;
  const auto text = [&](const char* key, std::string& into) {
    if (const auto found = properties.find(key); found != properties.end()) {
      into = unescaped(found->second);
    }
  };
  const auto flag = [&](const char* key) {
    const auto found = properties.find(key);
    return found != properties.end() && found->second == "true";
  };
  out.parse_key = flag("parse.key");
  out.parse_headers = flag("parse.headers");
  out.ignore_error = flag("ignore.error");
  text("key.separator", out.key_separator);
  text("headers.delimiter", out.header_delimiter);
  text("headers.separator", out.header_separator);
  text("headers.key.separator", out.header_key_separator);
  if (properties.count("null.marker") != 0) text("null.marker", out.null_marker.emplace());
  return out;
}

// Takes what stands before `separator` off the front; nullopt: it is not there.
std::optional<std::string> take(std::string& rest, const std::string& separator) {
  const size_t at = rest.find(separator);
  if (at == std::string::npos) return std::nullopt;
  std::string out = rest.substr(0, at);
  rest.erase(0, at + separator.size());
  return out;
}

absl::StatusOr<Line> parse(const Reader& reader, const std::string& text, int number) {
  const auto missing = [&](const char* what) {
    return absl::InvalidArgumentError(absl::StrCat("org.apache.kafka.common.KafkaException: No ",
                                                   what, " separator found on line number ", number,
                                                   ": '", text, "'"));
  };
  Line out;
  std::string rest = text;
  if (reader.parse_headers) {
    const auto headers = take(rest, reader.header_delimiter);
    if (!headers.has_value() && !reader.ignore_error) return missing("header");
    for (const absl::string_view word :
         absl::StrSplit(headers.value_or(""), reader.header_separator, absl::SkipEmpty())) {
      std::string value(word);
      auto key = take(value, reader.header_key_separator);
      if (!key.has_value() && !reader.ignore_error) return missing("header key");
      if (key.has_value()) out.headers.emplace_back(*std::move(key), std::move(value));
    }
  }
  if (reader.parse_key) {
    out.key = take(rest, reader.key_separator);
    if (!out.key.has_value() && !reader.ignore_error) return missing("key");
  }
  if (reader.null_marker.has_value() && out.key == reader.null_marker) out.key.reset();
  if (reader.null_marker != rest) out.value = std::move(rest);
  return out;
}

struct Outcome {
  std::string first_error;
};

void delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& outcome = *static_cast<Outcome*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || !outcome.first_error.empty()) return;
  outcome.first_error =
      absl::StrCat("Error when sending message to topic ", rd_kafka_topic_name(message->rkt), ": ",
                   rd_kafka_err2name(message->err), ": ", rd_kafka_err2str(message->err));
}

absl::Status send(rd_kafka_t* handle, const std::string& topic, const Line& line) {
  rd_kafka_headers_t* headers = nullptr;
  if (!line.headers.empty()) {
    headers = rd_kafka_headers_new(line.headers.size());
    for (const auto& [name, value] : line.headers) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    }
  }
  for (;;) {
    rd_kafka_vu_t words[5] = {};
    size_t count = 0;
    words[count].vtype = RD_KAFKA_VTYPE_TOPIC;
    words[count++].u.cstr = topic.c_str();
    words[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    words[count++].u.i = RD_KAFKA_MSG_F_COPY;
    if (line.value.has_value()) {
      words[count].vtype = RD_KAFKA_VTYPE_VALUE;
      words[count].u.mem.ptr = const_cast<char*>(line.value->data());
      words[count++].u.mem.size = line.value->size();
    }
    if (line.key.has_value()) {
      words[count].vtype = RD_KAFKA_VTYPE_KEY;
      words[count].u.mem.ptr = const_cast<char*>(line.key->data());
      words[count++].u.mem.size = line.key->size();
    }
    if (headers != nullptr) {
      words[count].vtype = RD_KAFKA_VTYPE_HEADERS;
      words[count++].u.headers = headers;
    }
    rd_kafka_error_t* const error = rd_kafka_produceva(handle, words, count);
    if (error == nullptr) return absl::OkStatus();
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    std::string text = rd_kafka_error_string(error);
    rd_kafka_error_destroy(error);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      if (headers != nullptr) rd_kafka_headers_destroy(headers);
      return absl::InternalError(text);
    }
    rd_kafka_poll(handle, 100);  // back pressure
  }
}

absl::StatusOr<Settings> settings_of(const Arguments& arguments) {
  Settings out;
  const auto pass = [&](const char* flag, const char* key) {
    if (const auto value = arguments.value(flag)) out.emplace_back(key, *value);
  };
  if (arguments.has("compression-codec")) {
    out.emplace_back("compression.codec", arguments.value_or("compression-codec", "gzip"));
  }
  pass("request-required-acks", "acks");
  pass("timeout", "linger.ms");
  pass("request-timeout-ms", "request.timeout.ms");
  pass("batch-size", "batch.size");
  pass("message-send-max-retries", "retries");
  pass("retry-backoff-ms", "retry.backoff.ms");
  pass("metadata-expiry-ms", "metadata.max.age.ms");
  const auto own = client_settings(arguments);
  if (!own.ok()) return own.status();
  out.insert(out.end(), own->begin(), own->end());
  return out;
}

absl::Status run(const Arguments& arguments, Streams streams) {
  const auto properties = properties_of(arguments, "reader-property", "reader-config");
  if (!properties.ok()) return properties.status();
  const Reader reader = make_reader(*properties);
  auto settings = settings_of(arguments);
  if (!settings.ok()) return settings.status();
  const StreamOptions stream = stream_of(arguments, *std::move(settings));
  Outcome outcome;
  auto opened = open_kafka(RD_KAFKA_PRODUCER, stream, {}, &outcome, delivered);
  if (!opened.ok()) return absl::InvalidArgumentError(to_text(opened.problem()));
  rd_kafka_t* const handle = opened.value().get();
  const bool prompt = ::isatty(STDIN_FILENO) == 1;
  absl::Status status;
  std::string text;
  for (int number = 1; status.ok(); ++number) {
    if (prompt) streams.out << '>' << std::flush;
    if (!std::getline(streams.in, text)) break;
    const auto line = parse(reader, text, number);
    status = line.ok() ? send(handle, stream.topic, *line) : line.status();
    rd_kafka_poll(handle, 0);
    if (arguments.has("sync")) rd_kafka_flush(handle, -1);
    if (!outcome.first_error.empty()) break;
  }
  // Not longer than a record may take (delivery.timeout.ms); then its callback has come.
  rd_kafka_flush(handle, -1);
  if (status.ok() && !outcome.first_error.empty()) {
    status = absl::UnavailableError(outcome.first_error);
  }
  return status;
}

}  // namespace

int console_producer(const std::vector<std::string>& words, Streams streams) {
  const std::vector<Flag> flags = producer_flags();
  const auto arguments = Arguments::parse(flags, words);
  if (const auto code = settle(arguments, flags, kPurpose, streams)) return *code;
  for (const char* needed : {"bootstrap-server", "topic"}) {
    if (!arguments->has(needed)) {
      return misuse(streams, absl::StrCat("Missing required option(s) [", needed, "]"), kPurpose,
                    flags);
    }
  }
  const absl::Status status = run(*arguments, streams);
  if (status.ok()) return 0;
  streams.err << status.message() << '\n';
  return 1;
}

}  // namespace barnabas::cli::kafka_tools
