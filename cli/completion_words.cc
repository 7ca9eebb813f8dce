#include "cli/completion_words.h"

#include <algorithm>
#include <map>

#include "cli/grammar.h"

namespace barnabas::cli {
namespace {

using Names = Completion::Names;

const std::map<std::string, std::vector<std::string>>& fixed_values() {
  static const auto* values = new std::map<std::string, std::vector<std::string>>{
      {"--format", {"table", "wide", "json", "yaml", "jsonl"}},
      {"--compression", {"none", "gzip", "snappy", "lz4", "zstd"}},
      {"--acks", {"all", "1", "0"}},
      {"--offset", {"start", "end", "@-5m"}},
      {"--to", {"start", "end", "@-5m"}},
      {"--before", {"end", "@-5m"}},
      {"--state", {"Stable", "Empty", "PreparingRebalance", "CompletingRebalance", "Dead"}},
      {"shell", {"bash", "zsh", "fish"}},
  };
  return *values;
}

bool of_brokers(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "--node" || word == "--cluster";
  });
}

// "topic" for a positional, "--format" for a flag.
std::string name_of(const CLI::Option& option) {
  if (!option.get_lnames().empty()) return "--" + option.get_lnames().front();
  if (!option.get_snames().empty()) return "-" + option.get_snames().front();
  return option.get_name(true);
}

void value_of(const CLI::Option& option, const std::vector<std::string>& words, Completion& out) {
  const std::string name = name_of(option);
  const auto fixed = fixed_values().find(name);
  const Names keys = of_brokers(words) ? Names::kBrokerKeys : Names::kTopicKeys;
  if (fixed != fixed_values().end()) {
    out.words = fixed->second;
  } else if (name == "topic" || name == "topics" || name == "--topic") {
    out.names = Names::kTopics;
  } else if (name == "group" || name == "groups") {
    out.names = Names::kGroups;
  } else if (name == "node" || name == "--node") {
    out.names = Names::kNodes;
  } else if (name == "controller") {
    out.names = Names::kControllers;
  } else if (name == "key") {
    out.names = Names::kAllKeys;
  } else if (name == "keys" || name == "--unset") {
    out.names = keys;
  } else if (name == "changes" || name == "--config") {
    out.names = keys;
    out.behind = "=";
  } else if (name == "what") {
    out.names = Names::kErrors;
  }
}

const CLI::Option* option_at(const CLI::App* app, const std::string& name) {
  for (; app != nullptr; app = app->get_parent()) {
    if (const CLI::Option* option = app->get_option_no_throw(name)) return option;
  }
  return nullptr;
}

// The positional that comes after `given` of them.
const CLI::Option* positional_after(const CLI::App* app, size_t given) {
  for (const CLI::Option* option : app->get_options()) {
    if (!option->get_positional()) continue;
    if (option->get_items_expected_max() > 1 || given == 0) return option;
    --given;
  }
  return nullptr;
}

}  // namespace

Completion completion_of(const std::vector<std::string>& words) {
  CommandLine line;
  Grammar grammar(line);
  Completion out;
  if (words.empty()) return out;
  out.begun = words.back();
  const CLI::App* app = &grammar.app();
  const CLI::Option* open = nullptr;  // a flag whose value comes next
  size_t given = 0;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (open != nullptr) {
      open = nullptr;
    } else if (word.size() > 1 && word[0] == '-') {
      if (word.find('=') != std::string::npos) continue;
      const CLI::Option* option = option_at(app, word);
      if (option != nullptr && option->get_expected_min() > 0) open = option;
    } else if (takes_verb(app)) {
      const auto found =
          app->get_subcommands([&](const CLI::App* verb) { return verb->get_name() == word; });
      if (found.empty()) return out;
      app = found.front();
    } else {
      ++given;
    }
  }
  if (open != nullptr) {
    value_of(*open, words, out);
  } else if (!out.begun.empty() && out.begun[0] == '-') {
    for (const CLI::App* at = app; at != nullptr; at = at->get_parent()) {
      for (const CLI::Option* option : at->get_options()) {
        for (const std::string& name : option->get_lnames()) out.words.push_back("--" + name);
      }
    }
  } else if (takes_verb(app)) {
    for (const CLI::App* verb : app->get_subcommands([](const CLI::App*) { return true; })) {
      out.words.push_back(verb->get_name());
    }
  } else if (const CLI::Option* option = positional_after(app, given)) {
    value_of(*option, words, out);
  }
  std::sort(out.words.begin(), out.words.end());
  out.words.erase(std::unique(out.words.begin(), out.words.end()), out.words.end());
  out.words.erase(
      std::remove_if(out.words.begin(), out.words.end(),
                     [&](const std::string& word) { return !word.starts_with(out.begun); }),
      out.words.end());
  return out;
}

}  // namespace barnabas::cli
