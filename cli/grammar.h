// All verbs and flags, as CLI11 knows them: one room for parsing, for help, for the word that was
// probably meant, and for completion.

#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command_line.h"

namespace barnabas::cli {

// Whether words after `app` name a verb of its own.
bool takes_verb(const CLI::App* app);
// "barnabas topic"
std::string path_of(const CLI::App* app);
// "key=value"; nothing without a key.
std::optional<std::pair<std::string, std::string>> key_value(const std::string& text);
Problem usage_problem(std::string came_back, std::string cause, std::string next);

class Grammar {
 public:
  explicit Grammar(CommandLine& line);
  Grammar(const Grammar&) = delete;
  Grammar& operator=(const Grammar&) = delete;

  CLI::App& app() { return app_; }

  // Gives the raw words their meaning, once they were parsed.
  std::optional<Problem> finish(const Environment& environment, int64_t now_ms);

  // The app that `words` lead to, and the first word nobody knows there.
  std::pair<CLI::App*, std::string> first_unknown(const std::vector<std::string>& words);

 private:
  // The words as CLI11 leaves them, before they are given their meaning.
  struct Raw {
    std::string format = "table", timeout, controllers, bootstrap;
    std::vector<std::string> configs, properties, assignment, headers, changes;
    std::string key_separator, from = "end", to, before, choice;
    std::string directory;
    std::vector<std::string> choices, of_topics, of_nodes;
    bool no_headers = false, of_cluster = false, execute = false, dry_run = false, no_wait = false;
  };

  CLI::App* group(const char* name, const char* text);
  CLI::App* verb(CLI::App& parent, const char* name, const char* text, Verb verb);

  // grammar_topic.cc, grammar_stream.cc, grammar_group.cc, grammar_quorum.cc, grammar_config.cc
  void topic();
  void produce();
  void consume();
  void groups();
  void nodes();
  void quorum();
  void configs();
  // grammar_dev.cc
  void dev();
  void doctor();
  void config_check(CLI::App* config);
  std::optional<Problem> finish_dev();

  void target(CLI::App* app, bool cluster);
  void stream(CLI::App* app, StreamOptions& options);
  std::optional<Problem> finish_common(const Environment& environment);
  std::optional<Problem> finish_topic();
  std::optional<Problem> finish_stream(int64_t now_ms);
  std::optional<Problem> finish_group(int64_t now_ms);
  std::optional<Problem> finish_quorum();
  std::optional<Problem> finish_config();
  std::optional<Problem> pairs(const char* flag, const std::vector<std::string>& words,
                               std::vector<std::pair<std::string, std::string>>& out);
  std::optional<Problem> place(const char* flag, const std::string& word, int64_t now_ms,
                               bool shifts, Position& out);

  CommandLine& line_;
  Raw raw_;
  CLI::App app_{"barnabas: administers a cluster, and moves records in and out of it", "barnabas"};
};

}  // namespace barnabas::cli
