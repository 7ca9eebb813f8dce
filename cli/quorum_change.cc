#include "cli/quorum_change.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <vector>

#include "cli/duration.h"
#include "cli/verbs.h"
#include "common/uuid.h"

namespace barnabas::cli {
namespace {

constexpr Milliseconds kPause{100};
constexpr Milliseconds kCall{15'000};  // without anybody active for so long: that is the news

}  // namespace

void QuorumClient::say(const std::string& what, int64_t left) {
  const Milliseconds now = patience_.now();
  if (now < word_) return;
  word_ = now + kWord;
  output_.note(absl::StrCat(
      what, left > 0 ? absl::StrCat(", ", counted(left, "entry", "entries"), " left") : "",
      ", after ", text_of(now - start_)));
}

Problem QuorumClient::too_late(const QuorumStep& step,
                               const proto::QuorumChangeAnswer& last) const {
  std::string state = last.step().empty() ? "it has not been done" : last.step();
  if (last.left() > 0)
    absl::StrAppend(&state, ", ", counted(last.left(), "entry", "entries"), " left");
  return {
      ExitCode::kTimedOut, step.tried,
      absl::StrCat("after ", text_of(patience_.now() - start_), ": ", state),
      "it goes on without this command, or waits for a majority of the controllers",
      "the same command once more goes on waiting; barnabas quorum status; --timeout gives more "
      "time"};
}

Result<proto::DescribeQuorumAnswer> QuorumClient::look(const std::string& tried) {
  // A node that lags behind may name a leader that is gone: somebody leads soon, or nobody can.
  const Milliseconds until = std::min(deadline_, patience_.now() + kCall);
  while (true) {
    auto seen = describe_quorum(client_);
    if (!seen.ok() || seen.value().answered_by() == seen.value().leader()) return seen;
    if (patience_.now() >= until) {
      return Problem{ExitCode::kTimedOut, tried, "no controller is active",
                     "a majority of the controllers must run and reach each other",
                     "barnabas quorum status"};
    }
    patience_.wait(kPause);
  }
}

Result<proto::DescribeQuorumAnswer> QuorumClient::carry_out(const QuorumStep& step) {
  proto::QuorumChangeAnswer last;
  const Milliseconds begun = patience_.now();
  while (true) {
    const Milliseconds left = deadline_ - patience_.now();
    if (left <= Milliseconds::zero()) return too_late(step, last);
    const auto asked = client_.call(step.request, step.tried, std::min(left, kCall));
    if (asked.ok()) {
      last = asked.value().quorum_change();
      if (last.state() == proto::QuorumChangeAnswer::DONE) return look(step.tried);
      if (last.state() == proto::QuorumChangeAnswer::UNKNOWN) {
        output_.note("the active controller changed meanwhile; asking the next one");
        patience_.wait(kPause);
      }
      say(last.step().empty() ? step.waiting : last.step(), last.left());
      continue;
    }
    const ExitCode exit = asked.problem().exit;
    if (step.settled != ExitCode::kOk && exit == step.settled) return look(step.tried);
    const bool patient = step.not_yet != ExitCode::kOk && exit == step.not_yet;
    if (!patient || patience_.now() - begun >= kNotYet) return asked.problem();
    patience_.wait(kPause);
    say(step.waiting, 0);
  }
}

std::string voters_text(const proto::DescribeQuorumAnswer& quorum, const char* between) {
  std::vector<int32_t> ids;
  for (const proto::VoterView& voter : quorum.voters()) ids.push_back(voter.id());
  return absl::StrJoin(ids, between);
}

std::string strength_text(const proto::DescribeQuorumAnswer& quorum) {
  const int count = quorum.voters_size();
  if (count == 1) return absl::StrCat("the only voter is ", voters_text(quorum));
  return absl::StrCat("the voters are ", voters_text(quorum), ": ",
                      (count - 1) / 2 == 0 ? "none" : absl::StrCat((count - 1) / 2),
                      " of them may be lost");
}

std::string directory_text(const std::string& bytes) {
  const auto id = Uuid::from_bytes(bytes);
  return id.ok() && !id->is_none() ? id->text() : "unknown";
}

}  // namespace barnabas::cli
