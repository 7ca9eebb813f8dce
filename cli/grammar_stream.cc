// produce and consume.

#include <absl/strings/str_cat.h>

#include "cli/grammar.h"
#include "cli/input_layout.h"
#include "cli/record_layout.h"

namespace barnabas::cli {

void Grammar::stream(CLI::App* app, StreamOptions& options) {
  app->add_option("topic", options.topic, "the topic's name")->required();
  app->add_option("-p,--partition", options.partition, "only this partition");
}

void Grammar::produce() {
  CLI::App* app = verb(app_, "produce", "one record per line of stdin", Verb::kProduce);
  stream(app, line_.produce.stream);
  app->add_option("-k,--key-separator", raw_.key_separator, "what is before it is the key");
  app->add_option("-f,--layout", line_.produce.layout,
                  "what a line is: %k key %v value %h headers %p partition %T time; '%k\\t%v'");
  app->add_option("-H,--header", raw_.headers, "a header of every record: key=value")
      ->allow_extra_args(false);
  app->add_option("-z,--compression", line_.produce.codec, "none, gzip, snappy, lz4 or zstd")
      ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}));
  app->add_option("--acks", line_.produce.acks, "all (the default), 1 or 0")
      ->check(CLI::IsMember({"all", "-1", "1", "0"}));
}

void Grammar::consume() {
  CLI::App* app = verb(app_, "consume", "print records", Verb::kConsume);
  stream(app, line_.consume.stream);
  app->add_option("-o,--offset", raw_.from,
                  "start, end (the default), -10 (the last ten), 1200, @2026-11-20T14:00, @-5m");
  app->add_option("-n,--count", line_.consume.count, "stop after so many")
      ->check(CLI::NonNegativeNumber);
  app->add_flag("-e,--exit-at-end", line_.consume.exit_at_end, "stop where the topic ends now");
  app->add_option("-f,--layout", line_.consume.layout,
                  "%t topic %p partition %o offset %k key %v value %h headers %T time in ms %d "
                  "date %K %V sizes; \\n \\t");
}

std::optional<Problem> Grammar::finish_stream(int64_t now_ms) {
  for (StreamOptions* stream : {&line_.produce.stream, &line_.consume.stream}) {
    stream->bootstrap = line_.common.bootstrap;
    stream->properties = line_.common.properties;
  }
  if (!raw_.key_separator.empty()) line_.produce.key_separator = raw_.key_separator;
  if (auto problem = pairs("--header", raw_.headers, line_.produce.headers)) return problem;
  if (auto problem = place("-o", raw_.from, now_ms, false, line_.consume.from)) return problem;
  if (const std::string mistake = check_layout(line_.consume.layout); !mistake.empty()) {
    return usage_problem(absl::StrCat("-f ", line_.consume.layout, ": ", mistake), "",
                         "-f '%p %o %k %v\\n'");
  }
  if (const std::string mistake = check_input_layout(line_.produce.layout); !mistake.empty()) {
    return usage_problem(absl::StrCat("-f ", line_.produce.layout, ": ", mistake), "",
                         "-f '%k\\t%v'");
  }
  if (!line_.produce.layout.empty() && line_.produce.key_separator.has_value()) {
    return usage_problem("-f together with -k", "a layout says where the key is already",
                         "one of the two");
  }
  return std::nullopt;
}

}  // namespace barnabas::cli
