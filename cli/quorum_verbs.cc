// barnabas quorum add, remove, transfer.

#include "cli/quorum_verbs.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "cli/json_text.h"
#include "cli/quorum_change.h"

namespace barnabas::cli {
namespace {

bool votes(const proto::DescribeQuorumAnswer& quorum, int32_t id, const std::string& directory) {
  return std::any_of(quorum.voters().begin(), quorum.voters().end(), [&](const auto& voter) {
    return voter.id() == id && (directory.empty() || voter.directory() == directory);
  });
}

const proto::VoterView* newcomer(const proto::DescribeQuorumAnswer& quorum, int32_t id) {
  for (const auto* members : {&quorum.learners(), &quorum.observers()}) {
    for (const proto::VoterView& member : *members) {
      if (member.id() == id) return &member;
    }
  }
  return nullptr;
}

std::string voters_json(const proto::DescribeQuorumAnswer& quorum) {
  return absl::StrCat("[", voters_text(quorum, ","), "]");
}

int end(const Output& output, int32_t id, const char* what, const std::string& sentence,
        const proto::DescribeQuorumAnswer& quorum) {
  if (output.data()) {
    output.print_data(JsonObject()
                          .add("id", id)
                          .add("done", what)
                          .add("leader", quorum.leader())
                          .add_json("voters", voters_json(quorum))
                          .add("configuration_index", quorum.configuration_index())
                          .text());
  } else if (!output.quiet) {
    output.out << sentence << "; " << strength_text(quorum) << '\n';
  }
  return 0;
}

// Why a removal is refused is in the sentence that came with it; what helps depends on the verb.
Problem refused(Problem problem, int32_t id) {
  if (problem.exit != ExitCode::kPrecondition) return problem;
  problem.cause = "the rest could not decide anything, or another change is under way";
  problem.next = absl::StrCat(
      "barnabas quorum status; start the controllers that are silent, then the same again; of two "
      "with "
      "the same id: barnabas quorum replace ",
      id, ", or --directory");
  return problem;
}

// Who is to lead where nobody was named: the voter in contact that lacks the least.
const proto::VoterView* best_successor(const proto::DescribeQuorumAnswer& quorum) {
  const proto::VoterView* best = nullptr;
  for (const proto::VoterView& voter : quorum.voters()) {
    const int64_t since = voter.since_contact_ms();
    if (voter.id() == quorum.leader() || since < 0 || since >= kVoterSilentMs) continue;
    if (best == nullptr || voter.match() > best->match()) best = &voter;
  }
  return best;
}

}  // namespace

int quorum_add(AdminClient& client, const Output& output, const QuorumOptions& options,
               const Patience& patience, Milliseconds timeout) {
  QuorumClient quorum(client, output, patience, timeout);
  QuorumStep step;
  step.tried = absl::StrCat("add controller ", options.id);
  const auto before = quorum.look(step.tried);
  if (!before.ok()) return output.fail(before.problem());
  if (votes(before.value(), options.id, "")) {
    const bool came_back = newcomer(before.value(), options.id) != nullptr;
    Problem problem{ExitCode::kExists, step.tried,
                    absl::StrCat("controller ", options.id, " votes already"),
                    "it was added before, or is one of those that founded the cluster",
                    "barnabas quorum status"};
    if (came_back) {
      problem.cause = "it has come back with another directory, after its disk was wiped";
      problem.next = absl::StrCat("barnabas quorum replace ", options.id);
    }
    return output.fail(problem);
  }
  step.request.mutable_add_voter()->set_id(options.id);
  step.settled = ExitCode::kExists;
  step.not_yet = ExitCode::kNotFound;
  step.waiting = absl::StrCat("controller ", options.id, " has not introduced itself yet");
  const auto after = quorum.carry_out(step);
  if (after.ok()) {
    return end(output, options.id, "added", absl::StrCat("controller ", options.id, " votes"),
               after.value());
  }
  Problem problem = after.problem();
  if (problem.exit == ExitCode::kNotFound) {
    problem.cause = "it does not run, or does not reach the others";
    problem.next = absl::StrCat(
        "start it with node.id=", options.id,
        " and a controller.quorum.voters that names the others and itself; barnabas quorum status "
        "then shows it as an observer");
  } else if (problem.exit == ExitCode::kPrecondition) {
    problem.cause = "one change of the quorum at a time, and none while leadership is changing";
    problem.next = "barnabas quorum status, then the same again";
  }
  return output.fail(problem);
}

int quorum_remove(AdminClient& client, const Output& output, const QuorumOptions& options,
                  const Patience& patience, Milliseconds timeout) {
  QuorumClient quorum(client, output, patience, timeout);
  QuorumStep step;
  step.tried = absl::StrCat("remove controller ", options.id);
  const auto before = quorum.look(step.tried);
  if (!before.ok()) return output.fail(before.problem());
  if (!votes(before.value(), options.id, options.directory)) {
    return output.fail({ExitCode::kNotFound, step.tried,
                        absl::StrCat("no voter has the id ", options.id,
                                     options.directory.empty() ? "" : " and that directory", "; ",
                                     strength_text(before.value())),
                        "it was removed before, or never added", "barnabas quorum status"});
  }
  step.request.mutable_remove_voter()->set_id(options.id);
  step.request.mutable_remove_voter()->set_directory(options.directory);
  step.settled = ExitCode::kNotFound;
  step.waiting = absl::StrCat("controller ", options.id, " is being removed");
  const auto after = quorum.carry_out(step);
  if (!after.ok()) return output.fail(refused(after.problem(), options.id));
  const int exit = end(output, options.id, "removed",
                       absl::StrCat("controller ", options.id, " votes no more"), after.value());
  output.note(
      absl::StrCat("stop controller ", options.id, " when you like: it is asked nothing any more"));
  return exit;
}

int quorum_transfer(AdminClient& client, const Output& output, const QuorumOptions& options,
                    const Patience& patience, Milliseconds timeout) {
  QuorumClient quorum(client, output, patience, timeout);
  QuorumStep step;
  step.tried = options.to.has_value() ? absl::StrCat("hand leadership to controller ", *options.to)
                                      : "hand leadership over";
  const auto before = quorum.look(step.tried);
  if (!before.ok()) return output.fail(before.problem());
  const int32_t leader = before.value().leader();
  std::optional<int32_t> to = options.to;
  if (!to.has_value()) {
    // Chosen here, so that asking again after a lost answer means the same one.
    const proto::VoterView* best = best_successor(before.value());
    if (best == nullptr) {
      return output.fail({ExitCode::kPrecondition, step.tried,
                          absl::StrCat("nobody could take it; ", strength_text(before.value())),
                          "the other voters do not run, or are not heard from",
                          "barnabas quorum status"});
    }
    to = best->id();
  } else if (!votes(before.value(), *to, "")) {
    return output.fail(
        {ExitCode::kNotFound, step.tried,
         absl::StrCat("no voter has the id ", *to, "; ", strength_text(before.value())),
         "only a voter can lead", "barnabas quorum status"});
  }
  step.request.mutable_transfer_leadership()->set_to(*to);
  step.waiting = absl::StrCat("leadership goes to controller ", *to);
  if (*to != leader) {
    const auto after = quorum.carry_out(step);
    if (!after.ok()) {
      Problem problem = after.problem();
      if (problem.exit == ExitCode::kTimedOut) {
        problem.cause =
            absl::StrCat("controller ", *to, " does not run, is far behind, or cannot be reached");
        problem.next = "barnabas quorum status; without --to somebody who is able is chosen";
      }
      return output.fail(problem);
    }
    to = after.value().leader();
  }
  if (output.data()) {
    output.print_data(JsonObject().add("leader", *to).add("before", leader).text());
  } else if (!output.quiet) {
    output.out << "controller " << *to << (*to == leader ? " leads already\n" : " leads")
               << (*to == leader ? "" : absl::StrCat("; before: controller ", leader, "\n"));
  }
  return 0;
}

}  // namespace barnabas::cli
