#include "cli/command_line.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "cli/grammar.h"
#include "cli/nearest.h"

namespace barnabas::cli {
namespace {

Problem unknown_word(const CLI::App* app, const std::string& word) {
  const bool is_flag = word[0] == '-';
  std::vector<std::string> candidates;
  if (is_flag) {
    for (const CLI::App* at = app; at != nullptr; at = at->get_parent()) {
      for (const CLI::Option* option : at->get_options()) {
        for (const std::string& name : option->get_lnames()) candidates.push_back("--" + name);
        for (const std::string& name : option->get_snames()) candidates.push_back("-" + name);
      }
    }
  } else {
    for (const CLI::App* verb : app->get_subcommands([](const CLI::App*) { return true; })) {
      candidates.push_back(verb->get_name());
    }
  }
  const std::string meant = nearest(word, candidates);
  const std::string path = path_of(app);
  return usage_problem(
      absl::StrCat(path, " has no ", is_flag ? "flag " : "verb ", word),
      meant.empty() ? "" : absl::StrCat("perhaps ", meant, " was meant"),
      meant.empty() ? absl::StrCat(path, " --help") : absl::StrCat(path, " ", meant));
}

}  // namespace

Parsed parse(const std::vector<std::string>& words, const Environment& environment,
             int64_t now_ms) {
  Parsed parsed;
  CommandLine line;
  Grammar grammar(line);
  if (!words.empty() && words[0] == "__complete") {  // what shells ask; nothing is parsed
    line.verb = Verb::kComplete;
    line.words.assign(words.begin() + 1, words.end());
    parsed.problem = grammar.finish(environment, now_ms);
    if (!parsed.problem.has_value()) parsed.line = std::move(line);
    return parsed;
  }
  const bool is_status = std::find_if(words.begin(), words.end(),
                                      [](const std::string& word) {
                                        return word.empty() || word[0] != '-';
                                      }) != words.end() &&
                         grammar.first_unknown(words).first->get_name() == "status" &&
                         grammar.first_unknown(words).first->get_parent() == &grammar.app();
  if (is_status) parsed.usage_exit = kStatusUsage;
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 wants them
  try {
    grammar.app().parse(reversed);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* app = grammar.first_unknown(words).first;
    const CLI::App* parent = app->get_parent();
    parsed.help = app->help(parent == nullptr ? "" : path_of(parent));
    return parsed;
  } catch (const CLI::ParseError& error) {
    const auto [app, word] = grammar.first_unknown(words);
    parsed.problem = !word.empty() ? unknown_word(app, word)
                                   : usage_problem(error.what(), "", path_of(app) + " --help");
    return parsed;
  }
  parsed.problem = grammar.finish(environment, now_ms);
  if (!parsed.problem.has_value()) parsed.line = std::move(line);
  return parsed;
}

}  // namespace barnabas::cli
