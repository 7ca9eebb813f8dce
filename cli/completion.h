// What makes shells complete these words: a script for each, and the hidden verb `__complete` that
// the scripts call at every press of the key, which is why it must be quick and never says a word
// about what went wrong.

#pragma once

#include <chrono>
#include <string>

#include "cli/admin_client.h"
#include "cli/cluster_port.h"
#include "cli/completion_words.h"
#include "cli/output.h"

namespace barnabas::cli {

// With the start of the process it is 150 ms.
inline constexpr std::chrono::milliseconds kCompletionTime{120};

// Prints the script for bash, zsh or fish.
int completion(const Output& output, const std::string& shell);
// Prints what may stand in the place of the unfinished word, a line each. Always exits with 0.
int complete(AdminClient& client, ClusterPort& brokers, const Output& output,
             const Completion& wanted);

}  // namespace barnabas::cli
