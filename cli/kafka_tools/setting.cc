#include "cli/kafka_tools/setting.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <re2/re2.h>

#include <algorithm>

#include "cli/kafka_tools/exceptions.h"
#include "cli/version.h"
#include "common/properties.h"
#include "kafka/errors.h"

namespace barnabas::cli::kafka_tools {

std::vector<Flag> with_common(std::vector<Flag> flags) {
  flags.push_back({"bootstrap-server", Takes::kValue, "HOST:PORT,... of any brokers"});
  flags.push_back({"command-config", Takes::kValue, "A properties file for the client"});
  flags.push_back({"help", Takes::kNothing, "Says what the flags are"});
  flags.push_back({"version", Takes::kNothing, "Says which version this is"});
  return flags;
}

std::optional<int> settle(const absl::StatusOr<Arguments>& arguments,
                          const std::vector<Flag>& flags, const std::string& purpose,
                          Streams streams) {
  if (!arguments.ok()) {
    return misuse(streams, std::string(arguments.status().message()), purpose, flags);
  }
  if (arguments->has("help")) {
    streams.err << help_text(purpose, flags);
    return 1;  // as Kafka's tools do
  }
  if (arguments->has("version")) {
    streams.out << "barnabas " << kVersion << '\n';
    return 0;
  }
  if (!arguments->rest().empty()) {
    return misuse(streams, arguments->rest()[0] + " is neither a flag nor a flag's value", purpose,
                  flags);
  }
  return std::nullopt;
}

int misuse(Streams streams, const std::string& sentence, const std::string& purpose,
           const std::vector<Flag>& flags) {
  streams.err << sentence << '\n' << help_text(purpose, flags);
  return 1;
}

absl::StatusOr<Settings> read_settings(const std::string& file) {
  const auto properties = Properties::read_file(file);
  if (!properties.ok()) return properties.status();
  Settings out;
  for (const auto& [key, entry] : properties->entries()) out.emplace_back(key, entry.value);
  return out;
}

absl::StatusOr<std::pair<std::string, std::string>> split_setting(std::string_view word) {
  const size_t equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("Invalid config \"", std::string(word), "\": it has the form key=value"));
  }
  const std::string key(absl::StripAsciiWhitespace(std::string(word.substr(0, equals))));
  const std::string value(absl::StripAsciiWhitespace(std::string(word.substr(equals + 1))));
  return std::pair(key, value);
}

absl::StatusOr<std::unique_ptr<wire::Cluster>> find_cluster(const Arguments& arguments,
                                                            std::chrono::milliseconds patience) {
  if (const auto file = arguments.value("command-config")) {
    const auto settings = read_settings(*file);
    if (!settings.ok()) return settings.status();
    for (const auto& [key, value] : *settings) {
      if (key != "security.protocol" || absl::AsciiStrToUpper(value) == "PLAINTEXT") continue;
      return absl::UnimplementedError(absl::StrCat(*file, " asks for security.protocol=", value,
                                                   ", which this tool does not speak yet"));
    }
  }
  return wire::Cluster::find(arguments.value_or("bootstrap-server", ""), patience);
}

std::string sentence(int16_t code, std::optional<std::string_view> message) {
  if (message.has_value() && !message->empty()) return std::string(*message);
  const std::string_view known = exception_of(code).sentence;
  if (!known.empty()) return std::string(known);
  return absl::StrCat(std::string(kafka::error_name(static_cast<kafka::ErrorCode>(code))), " (",
                      code, ")");
}

std::string exception(int16_t code, std::optional<std::string_view> message) {
  return absl::StrCat("org.apache.kafka.common.errors.", std::string(exception_of(code).name), ": ",
                      sentence(code, message));
}

absl::StatusOr<NamePattern> NamePattern::compile(const std::string& pattern) {
  std::string text(absl::StripAsciiWhitespace(pattern));
  text = absl::StrReplaceAll(text, {{",", "|"}, {" ", ""}, {"\"", ""}, {"'", ""}});
  auto compiled = std::make_shared<RE2>(text, RE2::Quiet);
  if (!compiled->ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(pattern, " is an invalid regex: ", compiled->error()));
  }
  return NamePattern([compiled](std::string_view name) {
    return RE2::FullMatch(re2::StringPiece(name.data(), name.size()), *compiled);
  });
}

bool NamePattern::matches(std::string_view name) const { return match_(name); }

std::string pad(std::string_view text, size_t width) {
  std::string out(text);
  if (out.size() < width) out.resize(width, ' ');
  return out;
}

}  // namespace barnabas::cli::kafka_tools
