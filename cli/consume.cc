// barnabas consume.

#include <absl/strings/str_cat.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "cli/kafka_client.h"
#include "cli/record_layout.h"
#include "cli/streams.h"

namespace barnabas::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr auto kSilenceBeforeAWord = std::chrono::seconds(2);

// Reads partitions of one topic into one queue, without a group.
class Reader {
 public:
  Reader(rd_kafka_t* handle, const ConsumeOptions& options, std::vector<int32_t> partitions)
      : handle_(handle), options_(options), partitions_(std::move(partitions)) {
    topic_ = rd_kafka_topic_new(handle, options.stream.topic.c_str(), nullptr);
    queue_ = rd_kafka_queue_new(handle);
  }
  ~Reader() {
    for (const int32_t partition : started_) rd_kafka_consume_stop(topic_, partition);
    rd_kafka_queue_destroy(queue_);
    rd_kafka_topic_destroy(topic_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  rd_kafka_resp_err_t start(std::chrono::milliseconds timeout) {
    std::map<int32_t, int64_t> at;
    if (options_.from.kind == Position::Kind::kTime) {
      const rd_kafka_resp_err_t error = offsets_for_time(timeout, at);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
    }
    for (const int32_t partition : partitions_) {
      if (rd_kafka_consume_start_queue(topic_, partition, first_offset(partition, at), queue_) !=
          0) {
        return rd_kafka_last_error();
      }
      started_.push_back(partition);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  // Null if nothing came in time. The caller destroys it.
  rd_kafka_message_t* next(int timeout_ms) { return rd_kafka_consume_queue(queue_, timeout_ms); }

  // What `consume` says instead of printing nothing.
  std::string why_nothing(size_t at_end, std::chrono::milliseconds timeout) const {
    int64_t before = 0;
    for (const int32_t partition : partitions_) {
      int64_t low = 0, high = 0;
      if (rd_kafka_query_watermark_offsets(handle_, options_.stream.topic.c_str(), partition, &low,
                                           &high, static_cast<int>(timeout.count())) ==
          RD_KAFKA_RESP_ERR_NO_ERROR) {
        before += high - low;
      }
    }
    std::string out = absl::StrCat("at end of ", at_end, "/", partitions_.size(), " partitions; ");
    if (before == 0) return out + "the topic is empty";
    absl::StrAppend(&out, before, before == 1 ? " record exists" : " records exist", " before");
    if (options_.from.kind != Position::Kind::kStart) absl::StrAppend(&out, "; use -o start");
    return out;
  }

 private:
  rd_kafka_resp_err_t offsets_for_time(std::chrono::milliseconds timeout,
                                       std::map<int32_t, int64_t>& at) {
    rd_kafka_topic_partition_list_t* list =
        rd_kafka_topic_partition_list_new(static_cast<int>(partitions_.size()));
    for (const int32_t partition : partitions_) {
      rd_kafka_topic_partition_list_add(list, options_.stream.topic.c_str(), partition)->offset =
          options_.from.value;
    }
    const rd_kafka_resp_err_t error =
        rd_kafka_offsets_for_times(handle_, list, static_cast<int>(timeout.count()));
    for (int i = 0; i < list->cnt; ++i) at[list->elems[i].partition] = list->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return error;
  }

  int64_t first_offset(int32_t partition, const std::map<int32_t, int64_t>& at) const {
    switch (options_.from.kind) {
      case Position::Kind::kStart:
        return RD_KAFKA_OFFSET_BEGINNING;
      case Position::Kind::kEnd:
        return RD_KAFKA_OFFSET_END;
      case Position::Kind::kLast:
        return RD_KAFKA_OFFSET_TAIL(options_.from.value);
      case Position::Kind::kOffset:
      case Position::Kind::kShift:  // of a group only
        return options_.from.value;
      case Position::Kind::kTime: {
        const auto found = at.find(partition);
        return found == at.end() || found->second < 0 ? RD_KAFKA_OFFSET_END : found->second;
      }
    }
    return RD_KAFKA_OFFSET_END;
  }

  rd_kafka_t* handle_;
  const ConsumeOptions& options_;
  std::vector<int32_t> partitions_;
  std::vector<int32_t> started_;
  rd_kafka_topic_t* topic_;
  rd_kafka_queue_t* queue_;
};

std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers_of(
    const rd_kafka_message_t& message) {
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> out;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return out;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    std::optional<std::string_view> text;
    if (value != nullptr) text = std::string_view(static_cast<const char*>(value), size);
    out.emplace_back(name, text);
  }
  return out;
}

void print(const Output& output, const ConsumeOptions& options, const rd_kafka_message_t& message) {
  RecordView record{options.stream.topic,
                    message.partition,
                    message.offset,
                    rd_kafka_message_timestamp(&message, nullptr),
                    {},
                    {},
                    headers_of(message)};
  if (message.key != nullptr) {
    record.key = std::string_view(static_cast<const char*>(message.key), message.key_len);
  }
  if (message.payload != nullptr) {
    record.value = std::string_view(static_cast<const char*>(message.payload), message.len);
  }
  if (output.data()) {
    if (output.format == Format::kYaml) output.out << "---\n";  // a stream of documents
    output.print_data(record_json(record));
  } else {
    output.out << laid_out(options.layout, record);
  }
}

// Until there is enough, the end, or an interrupt. The error that ended it, if one did.
rd_kafka_resp_err_t read_all(Reader& reader, const Output& output, const ConsumeOptions& options,
                             size_t partitions, std::chrono::milliseconds timeout) {
  int64_t printed = 0;
  std::map<int32_t, bool> at_end;
  bool said = false;
  const auto start = SteadyClock::now();
  const auto ended = [&] {
    return static_cast<size_t>(std::count_if(at_end.begin(), at_end.end(),
                                             [](const auto& entry) { return entry.second; }));
  };
  while (!interrupted() && (options.count < 0 || printed < options.count)) {
    rd_kafka_message_t* message = reader.next(100);
    if (message == nullptr) {
      output.out.flush();
      if (!output.out.good()) break;  // whoever read our output is gone
      if (printed == 0 && !said && ended() == partitions &&
          SteadyClock::now() - start >= kSilenceBeforeAWord) {
        said = true;
        output.note(reader.why_nothing(ended(), timeout) + "; waiting for new ones (^C ends)");
      }
      continue;
    }
    const rd_kafka_resp_err_t error = message->err;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      at_end[message->partition] = false;
      print(output, options, *message);
      ++printed;
    } else if (error == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      at_end[message->partition] = true;
    }
    rd_kafka_message_destroy(message);
    const bool passing = error == RD_KAFKA_RESP_ERR_NO_ERROR ||
                         error == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
                         error == RD_KAFKA_RESP_ERR__TRANSPORT;
    if (!passing) return error;
    if (options.exit_at_end && ended() == partitions) break;
  }
  output.out.flush();
  if (printed == 0 && !interrupted() && options.count != 0) {
    output.note(reader.why_nothing(ended(), timeout));
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

int consume(const Output& output, const ConsumeOptions& options,
            std::chrono::milliseconds timeout) {
  watch_interrupts();
  const std::string tried = absl::StrCat("consume from ", options.stream.topic);
  auto opened = open_kafka(RD_KAFKA_CONSUMER, options.stream,
                           {{"enable.partition.eof", "true"},
                            {"fetch.error.backoff.ms", "20"},
                            // How soon the end of a partition is news.
                            {"fetch.wait.max.ms", options.exit_at_end ? "50" : "500"},
                            {"allow.auto.create.topics", "false"},
                            {"auto.offset.reset", "error"}},
                           nullptr, nullptr);
  if (!opened.ok()) return output.fail(opened.problem());
  rd_kafka_t* handle = opened.value().get();
  auto partitions = partitions_of(handle, options.stream, timeout, tried);
  if (!partitions.ok()) return output.fail(partitions.problem());
  std::vector<int32_t>& wanted = partitions.value();
  if (options.stream.partition >= 0) {
    if (std::find(wanted.begin(), wanted.end(), options.stream.partition) == wanted.end()) {
      return output.fail({ExitCode::kNotFound, tried,
                          absl::StrCat("there is no partition ", options.stream.partition),
                          absl::StrCat("the topic has partitions 0 to ", wanted.size() - 1),
                          absl::StrCat("barnabas topic describe ", options.stream.topic)});
    }
    wanted = {options.stream.partition};
  }
  const size_t count = wanted.size();
  Reader reader(handle, options, std::move(wanted));
  rd_kafka_resp_err_t error = reader.start(timeout);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
    error = read_all(reader, output, options, count, timeout);
  return error == RD_KAFKA_RESP_ERR_NO_ERROR
             ? 0
             : output.fail(kafka_problem(error, tried, options.stream));
}

}  // namespace barnabas::cli
