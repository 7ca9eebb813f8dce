// What may follow the words typed so far: verbs, flags and fixed values from the grammar itself,
// and the kind of name where only the cluster knows.

#pragma once

#include <string>
#include <vector>

namespace barnabas::cli {

struct Completion {
  enum class Names {
    kNone,
    kTopics,
    kGroups,
    kNodes,
    kControllers,
    kTopicKeys,
    kBrokerKeys,
    kAllKeys,
    kErrors
  };
  std::vector<std::string> words;  // that begin with `begun`
  Names names = Names::kNone;      // to be looked up, and filtered by `begun`
  std::string begun;               // the word that is being typed
  std::string behind;              // goes behind each name: "=" where a value follows
};

// `words` without the program's name; the last one is unfinished, and may be empty.
Completion completion_of(const std::vector<std::string>& words);

}  // namespace barnabas::cli
