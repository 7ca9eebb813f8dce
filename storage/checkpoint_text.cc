#include "storage/checkpoint_text.h"

#include <absl/status/status.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <utility>
#include <vector>

#include "common/status.h"

namespace barnabas::storage {
namespace {

using Lines = std::vector<absl::string_view>;

// Without the line ends; every line must have one, so that a cut-off file is known by it.
absl::StatusOr<Lines> lines_of(std::string_view text) {
  Lines lines = absl::StrSplit(absl::string_view(text.data(), text.size()), '\n');
  if (lines.size() < 2 || !lines.back().empty()) {
    return absl::DataLossError("the text does not end with a whole line");
  }
  lines.pop_back();
  return lines;
}

absl::Status unexpected(absl::string_view line) {
  return absl::DataLossError(absl::StrCat("unexpected line \"", line, "\""));
}

}  // namespace

std::string offset_checkpoint_text(const OffsetCheckpoint& checkpoint) {
  std::string text = absl::StrCat("0\n", checkpoint.size(), "\n");
  for (const auto& [partition, offset] : checkpoint) {
    absl::StrAppend(&text, partition.first, " ", partition.second, " ", offset.value(), "\n");
  }
  return text;
}

absl::StatusOr<OffsetCheckpoint> parse_offset_checkpoint(std::string_view text) {
  ASSIGN_OR_RETURN(const Lines lines, lines_of(text));
  size_t count = 0;
  if (lines[0] != "0") return unexpected(lines[0]);
  if (lines.size() < 2 || !absl::SimpleAtoi(lines[1], &count) || count != lines.size() - 2) {
    return absl::DataLossError("the number of entries is not the number of lines");
  }
  OffsetCheckpoint checkpoint;
  for (size_t i = 2; i < lines.size(); ++i) {
    const Lines fields = absl::StrSplit(lines[i], ' ');
    int32_t partition = -1;
    int64_t offset = -1;
    if (fields.size() != 3 || fields[0].empty() || !absl::SimpleAtoi(fields[1], &partition) ||
        !absl::SimpleAtoi(fields[2], &offset) || partition < 0 || offset < 0) {
      return unexpected(lines[i]);
    }
    if (!checkpoint.try_emplace({std::string(fields[0]), partition}, Offset{offset}).second) {
      return unexpected(lines[i]);
    }
  }
  return checkpoint;
}

std::string properties_text(const Properties& properties) {
  std::string text;
  for (const auto& [key, value] : properties) absl::StrAppend(&text, key, "=", value, "\n");
  return text;
}

absl::StatusOr<Properties> parse_properties(std::string_view text) {
  ASSIGN_OR_RETURN(const Lines lines, lines_of(text));
  Properties properties;
  for (const absl::string_view line : lines) {
    if (line.empty() || line.front() == '#') continue;
    const std::pair<std::string, std::string> pair = absl::StrSplit(line, absl::MaxSplits('=', 1));
    if (line.find('=') == absl::string_view::npos || !properties.insert(pair).second) {
      return unexpected(line);
    }
  }
  return properties;
}

std::string clean_stop_text(BrokerEpoch epoch) {
  return absl::StrCat("{\"version\":0,\"brokerEpoch\":", epoch.value(), "}");
}

absl::StatusOr<BrokerEpoch> parse_clean_stop(std::string_view text) {
  absl::string_view rest(text.data(), text.size());
  int64_t epoch = 0;
  if (!absl::ConsumePrefix(&rest, "{\"version\":0,\"brokerEpoch\":") ||
      !absl::ConsumeSuffix(&rest, "}") || !absl::SimpleAtoi(rest, &epoch)) {
    return absl::DataLossError("no clean-stop marker of version 0");
  }
  return BrokerEpoch{epoch};
}

std::string partition_metadata_text(const Uuid& topic_id) {
  return absl::StrCat("version: 0\ntopic_id: ", topic_id.text(), "\n");
}

absl::StatusOr<Uuid> parse_partition_metadata(std::string_view text) {
  absl::string_view rest(text.data(), text.size());
  // Kafka writes no line end behind the last line.
  absl::ConsumeSuffix(&rest, "\n");
  if (!absl::ConsumePrefix(&rest, "version: 0\ntopic_id: ")) {
    return absl::DataLossError("no partition.metadata of version 0");
  }
  return Uuid::parse(std::string_view(rest.data(), rest.size()));
}

std::string broker_epoch_text(BrokerEpoch epoch) {
  return absl::StrCat("0\n", epoch.value(), "\n");
}

absl::StatusOr<BrokerEpoch> parse_broker_epoch(std::string_view text) {
  ASSIGN_OR_RETURN(const Lines lines, lines_of(text));
  int64_t epoch = 0;
  if (lines.size() != 2 || lines[0] != "0" || !absl::SimpleAtoi(lines[1], &epoch)) {
    return absl::DataLossError("no broker epoch of version 0");
  }
  return BrokerEpoch{epoch};
}

}  // namespace barnabas::storage
