// The verbs on the controllers' quorum.

#include <absl/strings/str_cat.h>

#include "cli/grammar.h"
#include "common/uuid.h"

namespace barnabas::cli {

void Grammar::quorum() {
  CLI::App* quorum = group("quorum", "the controllers' quorum: who votes, and who leads");
  verb(*quorum, "status", "leader, term, and how far each controller is", Verb::kQuorumStatus);
  CLI::App* add = verb(*quorum, "add", "let a controller that runs vote, once it has caught up",
                       Verb::kQuorumAdd);
  add->add_option("controller", line_.quorum.id, "id")->required()->check(CLI::NonNegativeNumber);
  CLI::App* remove = verb(*quorum, "remove", "take a controller's vote away", Verb::kQuorumRemove);
  remove->add_option("controller", line_.quorum.id, "id")
      ->required()
      ->check(CLI::NonNegativeNumber);
  remove->add_option("--directory", raw_.directory,
                     "which one, where two have the id (quorum status --format wide shows it)");
  CLI::App* transfer =
      verb(*quorum, "transfer", "hand leadership to another voter", Verb::kQuorumTransfer);
  transfer->add_option("--to", line_.quorum.to, "id (the one that lacks the least)")
      ->check(CLI::NonNegativeNumber);
  CLI::App* replace =
      verb(*quorum, "replace", "let a wiped controller that has come back vote in its own place",
           Verb::kQuorumReplace);
  replace->add_option("controller", line_.quorum.id, "id")
      ->required()
      ->check(CLI::NonNegativeNumber);
}

std::optional<Problem> Grammar::finish_quorum() {
  if (raw_.directory.empty()) return std::nullopt;
  const auto directory = Uuid::parse(raw_.directory);
  if (!directory.ok() || directory->is_none()) {
    return usage_problem(absl::StrCat("--directory ", raw_.directory, " is not a directory's id"),
                         "22 characters, as the other commands print it",
                         "barnabas quorum status --format wide");
  }
  line_.quorum.directory = directory->bytes();
  return std::nullopt;
}

}  // namespace barnabas::cli
