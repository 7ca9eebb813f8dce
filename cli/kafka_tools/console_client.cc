#include "cli/kafka_tools/console_client.h"

#include <absl/strings/match.h>
#include <absl/strings/str_replace.h>

#include <set>

namespace barnabas::cli::kafka_tools {
namespace {

bool is_of_java_only(const std::string& key) {
  static const std::set<std::string> keys = {"key.serializer",
                                             "value.serializer",
                                             "key.deserializer",
                                             "value.deserializer",
                                             "partitioner.class",
                                             "interceptor.classes",
                                             "metric.reporters",
                                             "buffer.memory",
                                             "max.block.ms",
                                             "metadata.max.idle.ms",
                                             "allow.auto.create.topics",
                                             "max.poll.records",
                                             "default.api.timeout.ms"};
  return keys.count(key) != 0;
}

}  // namespace

absl::StatusOr<Settings> client_settings(const Arguments& arguments) {
  Settings out;
  if (const auto file = arguments.value("command-config")) {
    auto settings = read_settings(*file);
    if (!settings.ok()) return settings.status();
    out = *std::move(settings);
  }
  for (const std::string& word : arguments.values("command-property")) {
    auto setting = split_setting(word);
    if (!setting.ok()) return setting.status();
    out.push_back(*std::move(setting));
  }
  std::erase_if(out, [](const auto& setting) { return is_of_java_only(setting.first); });
  return out;
}

absl::StatusOr<std::map<std::string, std::string>> properties_of(const Arguments& arguments,
                                                                 const std::string& flag,
                                                                 const std::string& file_flag) {
  std::map<std::string, std::string> out;
  if (const auto file = arguments.value(file_flag)) {
    const auto settings = read_settings(*file);
    if (!settings.ok()) return settings.status();
    for (const auto& [key, value] : *settings) out[key] = value;
  }
  for (const std::string& word : arguments.values(flag)) {
    // A value may be white space, or empty: key.separator=
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(word + " has not the form key=value");
    }
    out[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return out;
}

StreamOptions stream_of(const Arguments& arguments, Settings settings) {
  StreamOptions out;
  out.topic = arguments.value_or("topic", "");
  out.bootstrap = arguments.value_or("bootstrap-server", "");
  out.properties = std::move(settings);
  return out;
}

std::string unescaped(std::string_view text) {
  return absl::StrReplaceAll(std::string(text), {{"\\t", "\t"}, {"\\n", "\n"}});
}

}  // namespace barnabas::cli::kafka_tools
