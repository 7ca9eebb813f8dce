// barnabas completion, and the hidden verb behind it.

#include "cli/completion.h"

#include <algorithm>

#include "cli/error_advice.h"
#include "cli/settings.h"
#include "cli/verbs.h"

namespace barnabas::cli {
namespace {

constexpr const char* kBash = R"(# barnabas completion bash: to be sourced, or kept as
# ~/.local/share/bash-completion/completions/barnabas
_barnabas() {
  local IFS=$'\n' line="${COMP_LINE:0:COMP_POINT}" word="${COMP_WORDS[COMP_CWORD]}"
  local -a words=("${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=($("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null))
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
  return 0
}
complete -F _barnabas barnabas
)";

constexpr const char* kZsh = R"(#compdef barnabas
# barnabas completion zsh: to be kept as _barnabas in a directory of $fpath, or sourced.
_barnabas() {
  local -a found
  found=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(${found:#})
  (( ${#found} )) || return 1
  if (( ${#found} == 1 )) && [[ ${found[1]} == *= ]]; then
    compadd -S '' -- "${found[@]}"
  else
    compadd -- "${found[@]}"
  fi
}
if [[ ${funcstack[1]} == _barnabas ]]; then _barnabas "$@"; else compdef _barnabas barnabas; fi
)";

constexpr const char* kFish = R"(# barnabas completion fish: to be kept as
# ~/.config/fish/completions/barnabas.fish
function __barnabas_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] __complete $words[2..-1] 2>/dev/null
end
complete -c barnabas -f -a '(__barnabas_complete)'
)";

std::vector<std::string> names_of(absl::Span<const metadata::ConfigKey> keys) {
  std::vector<std::string> out;
  for (const metadata::ConfigKey& key : keys) out.emplace_back(key.name);
  return out;
}

std::vector<std::string> topics(AdminClient& client) {
  proto::AdminRequest request;
  request.mutable_describe_topics()->set_partitions(false);
  std::vector<std::string> out;
  const auto answer = client.call(std::move(request), "complete");
  if (!answer.ok()) return out;
  for (const proto::TopicView& topic : answer.value().describe_topics().topics()) {
    if (!topic.internal()) out.push_back(topic.name());
  }
  return out;
}

std::vector<std::string> nodes(AdminClient& client) {
  proto::AdminRequest request;
  request.mutable_describe_cluster();
  std::vector<std::string> out;
  const auto answer = client.call(std::move(request), "complete");
  if (!answer.ok()) return out;
  for (const proto::BrokerView& broker : answer.value().describe_cluster().brokers()) {
    out.push_back(std::to_string(broker.id()));
  }
  return out;
}

std::vector<std::string> controllers(AdminClient& client) {
  std::vector<std::string> out;
  const auto quorum = describe_quorum(client);
  if (!quorum.ok()) return out;
  for (const auto* members :
       {&quorum.value().voters(), &quorum.value().learners(), &quorum.value().observers()}) {
    for (const proto::VoterView& member : *members) out.push_back(std::to_string(member.id()));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<std::string> groups(ClusterPort& brokers) {
  std::vector<std::string> out;
  const auto listed = brokers.list_groups();
  if (!listed.ok()) return out;
  for (const GroupListing& group : listed.value()) out.push_back(group.id);
  return out;
}

std::vector<std::string> names(AdminClient& client, ClusterPort& brokers, Completion::Names kind) {
  switch (kind) {
    case Completion::Names::kTopics:
      return topics(client);
    case Completion::Names::kGroups:
      return groups(brokers);
    case Completion::Names::kNodes:
      return nodes(client);
    case Completion::Names::kControllers:
      return controllers(client);
    case Completion::Names::kTopicKeys:
      return names_of(metadata::topic_keys());
    case Completion::Names::kBrokerKeys:
      return names_of(metadata::broker_keys());
    case Completion::Names::kAllKeys:
      return all_keys();
    case Completion::Names::kErrors: {
      std::vector<std::string> out = all_keys();
      for (const ErrorAdvice& advice : all_error_advice()) {
        out.emplace_back(kafka::error_name(advice.code));
      }
      return out;
    }
    default:
      return {};
  }
}

}  // namespace

int completion(const Output& output, const std::string& shell) {
  output.out << (shell == "zsh" ? kZsh : shell == "fish" ? kFish : kBash);
  return 0;
}

int complete(AdminClient& client, ClusterPort& brokers, const Output& output,
             const Completion& wanted) {
  std::vector<std::string> words = wanted.words;
  for (std::string& name : names(client, brokers, wanted.names)) {
    if (name.starts_with(wanted.begun)) words.push_back(name + wanted.behind);
  }
  std::sort(words.begin(), words.end());
  for (const std::string& word : words) output.out << word << '\n';
  return 0;
}

}  // namespace barnabas::cli
