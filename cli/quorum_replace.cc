// barnabas quorum replace: the new one is added before the old one goes, so that at no time fewer
// voters hold the log than before.

#include <absl/strings/str_cat.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/json_text.h"
#include "cli/quorum_change.h"
#include "cli/quorum_verbs.h"

namespace barnabas::cli {
namespace {

struct Found {
  std::vector<proto::VoterView> voters;      // of this id
  std::optional<proto::VoterView> newcomer;  // of this id, and does not vote yet
};

Found find(const proto::DescribeQuorumAnswer& quorum, int32_t id) {
  Found out;
  for (const proto::VoterView& voter : quorum.voters()) {
    if (voter.id() == id) out.voters.push_back(voter);
  }
  for (const auto* members : {&quorum.observers(), &quorum.learners()}) {
    for (const proto::VoterView& member : *members) {
      if (member.id() == id) out.newcomer = member;
    }
  }
  return out;
}

bool silent(const proto::VoterView& voter) {
  return voter.since_contact_ms() < 0 || voter.since_contact_ms() >= kVoterSilentMs;
}

class Replacing {
 public:
  Replacing(AdminClient& client, const Output& output, int32_t id, const Patience& patience,
            Milliseconds timeout)
      : quorum_(client, output, patience, timeout),
        output_(output),
        patience_(patience),
        id_(id),
        tried_(absl::StrCat("replace controller ", id)) {}

  int run() {
    auto seen = look_until_clear();
    if (!seen.ok()) return output_.fail(seen.problem());
    proto::DescribeQuorumAnswer quorum = std::move(seen.value());
    Found found = find(quorum, id_);
    if (found.voters.size() == 1 && !found.newcomer.has_value()) {
      if (silent(found.voters[0])) return output_.fail(nobody_came_back());
      return end(quorum);  // an earlier run has done it all
    }
    if (found.newcomer.has_value()) {
      const std::string directory = found.newcomer->directory();
      output_.note(absl::StrCat("step 1 of 2: controller ", id_,
                                " is added with its new directory ", directory_text(directory)));
      auto added = quorum_.carry_out(add());
      if (!added.ok()) return output_.fail(added.problem());
      added_ = directory;
      quorum = std::move(added.value());
      found = find(quorum, id_);
    }
    const auto old = former(found);
    if (!old.ok()) return output_.fail(old.problem());
    output_.note(absl::StrCat("step 2 of 2: what voted under this id before, directory ",
                              directory_text(old.value()), ", is removed"));
    auto removed = quorum_.carry_out(remove(old.value()));
    if (!removed.ok()) return output_.fail(half_way(removed.problem()));
    removed_ = old.value();
    return end(removed.value());
  }

 private:
  // A node that has just been started may need a moment to introduce itself.
  Result<proto::DescribeQuorumAnswer> look_until_clear() {
    const Milliseconds start = patience_.now();
    while (true) {
      auto seen = quorum_.look(tried_);
      if (!seen.ok()) return seen;
      const Found found = find(seen.value(), id_);
      if (found.voters.empty()) {
        return Problem{ExitCode::kNotFound, tried_,
                       absl::StrCat("no voter has the id ", id_, "; ", strength_text(seen.value())),
                       "only what votes can be replaced",
                       absl::StrCat("barnabas quorum add ", id_)};
      }
      const bool waits = found.voters.size() == 1 && !found.newcomer.has_value() &&
                         silent(found.voters[0]) && patience_.now() - start < kNotYet;
      if (!waits) return seen;
      patience_.wait(Milliseconds(100));
    }
  }

  QuorumStep add() const {
    QuorumStep step;
    step.request.mutable_add_voter()->set_id(id_);
    step.tried = absl::StrCat("add controller ", id_, " with its new directory");
    step.settled = ExitCode::kExists;
    step.not_yet = ExitCode::kNotFound;
    step.waiting = absl::StrCat("controller ", id_, " is being added");
    return step;
  }

  QuorumStep remove(const std::string& directory) const {
    QuorumStep step;
    step.request.mutable_remove_voter()->set_id(id_);
    step.request.mutable_remove_voter()->set_directory(directory);
    step.tried = absl::StrCat("remove the former controller ", id_);
    step.settled = ExitCode::kNotFound;
    step.waiting = absl::StrCat("the former controller ", id_, " is being removed");
    return step;
  }

  // The directory that is not coming back.
  Result<std::string> former(const Found& found) const {
    std::vector<std::string> gone;
    for (const proto::VoterView& voter : found.voters) {
      const bool stays = added_.empty() ? !silent(voter) : voter.directory() == added_;
      if (!stays) gone.push_back(voter.directory());
    }
    if (gone.size() == 1 && found.voters.size() > 1) return gone[0];
    return Problem{ExitCode::kPrecondition, tried_,
                   "it is not clear which of its directories is gone for good",
                   "both are heard from, or neither",
                   absl::StrCat("barnabas quorum status --format wide; barnabas quorum remove ",
                                id_, " --directory DIRECTORY")};
  }

  Problem nobody_came_back() const {
    return {
        ExitCode::kNotFound, tried_,
        absl::StrCat("controller ", id_,
                     " is not heard from, and nobody has come back in its place"),
        "the wiped node has not been started, or does not reach the others",
        absl::StrCat("start it with node.id=", id_,
                     " and an empty log.dirs, and the same again; to go on without it: barnabas "
                     "quorum remove ",
                     id_)};
  }

  Problem half_way(Problem problem) const {
    problem.next = absl::StrCat("barnabas quorum replace ", id_,
                                " once more does what is left: the new one votes already");
    return problem;
  }

  int end(const proto::DescribeQuorumAnswer& quorum) const {
    if (output_.data()) {
      output_.print_data(JsonObject()
                             .add("id", id_)
                             .add("added", added_.empty() ? "" : directory_text(added_))
                             .add("removed", removed_.empty() ? "" : directory_text(removed_))
                             .add("leader", quorum.leader())
                             .add_json("voters", absl::StrCat("[", voters_text(quorum, ","), "]"))
                             .text());
    } else if (!output_.quiet) {
      output_.out << "controller " << id_
                  << (added_.empty() && removed_.empty()
                          ? " votes and is heard from: nothing to replace"
                          : " is replaced")
                  << "; " << strength_text(quorum) << '\n';
    }
    return 0;
  }

  QuorumClient quorum_;
  const Output& output_;
  const Patience& patience_;
  const int32_t id_;
  const std::string tried_;
  std::string added_;
  std::string removed_;
};

}  // namespace

int quorum_replace(AdminClient& client, const Output& output, const QuorumOptions& options,
                   const Patience& patience, Milliseconds timeout) {
  return Replacing(client, output, options.id, patience, timeout).run();
}

}  // namespace barnabas::cli
