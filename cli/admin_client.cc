#include "cli/admin_client.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <set>
#include <utility>

namespace barnabas::cli {
namespace {

constexpr int kNotController = 41;
constexpr Milliseconds kPause{20};       // after a round in which nobody was active
constexpr Milliseconds kAttempt{1500};   // for one controller, while there are others to ask
constexpr Milliseconds kQuickLook{700};  // for call_any

std::string text_of(const Controller::Reply& reply) {
  switch (reply.outcome) {
    case Controller::Outcome::kRefused:
      return absl::StrCat("connection refused", reply.detail.empty() ? "" : ": ", reply.detail);
    case Controller::Outcome::kSilent:
      return "no answer";
    default:
      return reply.detail;
  }
}

}  // namespace

AdminClient::AdminClient(std::vector<std::string> endpoints, Dial dial, Patience patience,
                         std::string client, Milliseconds timeout)
    : endpoints_(std::move(endpoints)),
      dial_(std::move(dial)),
      patience_(std::move(patience)),
      client_(std::move(client)),
      timeout_(timeout) {}

Controller& AdminClient::at(const std::string& endpoint) {
  std::unique_ptr<Controller>& controller = dialled_[endpoint];
  if (controller == nullptr) controller = dial_(endpoint);
  return *controller;
}

Problem AdminClient::unreachable(const std::string& tried) const {
  return {ExitCode::kUnreachable, tried,
          absl::StrCat("no controller accepts a connection at ", absl::StrJoin(endpoints_, ", ")),
          "the cluster is not running, or its controllers listen elsewhere",
          "--controllers HOST:PORT,... (or BARNABAS_CONTROLLERS); deploy/cluster.sh status"};
}

Problem AdminClient::timed_out(const std::string& tried, const std::string& last, bool reached,
                               Milliseconds limit) const {
  Problem problem{ExitCode::kTimedOut, tried,
                  absl::StrCat("nothing within ", limit.count(), " ms; last: ", last),
                  "no controller is active: a majority of them must run and reach each other",
                  "barnabas quorum status"};
  if (reached) {
    problem.cause =
        "a controller took the request and did not answer: it may have been done or not";
    problem.next = "barnabas status, then look before doing it again; --timeout gives more time";
  }
  return problem;
}

Result<proto::AdminAnswer> AdminClient::call(proto::AdminRequest request, const std::string& tried,
                                             Milliseconds limit) {
  if (limit == Milliseconds::zero()) limit = timeout_;
  request.set_client(client_);
  request.set_sequence(++sequence_);
  const Milliseconds start = patience_.now();
  const Milliseconds deadline = start + limit;
  std::set<std::string> refused;
  std::string last = "nothing";
  bool reached = false;  // the request may have got somewhere
  size_t next = 0;
  std::string hint = active_;
  const auto all_refuse = [&] {
    return !reached && std::all_of(endpoints_.begin(), endpoints_.end(), [&](const auto& endpoint) {
      return refused.count(endpoint) != 0;
    });
  };
  for (size_t asked = 0;; ++asked) {
    const Milliseconds left = deadline - patience_.now();
    if (left <= Milliseconds::zero()) {
      return all_refuse() ? unreachable(tried) : timed_out(tried, last, reached, limit);
    }
    const bool hinted = !hint.empty();
    const std::string endpoint = hinted ? hint : endpoints_[next++ % endpoints_.size()];
    hint.clear();
    const Milliseconds patience = endpoints_.size() > 1 ? std::min(left, kAttempt) : left;
    const Controller::Reply reply = at(endpoint).call(request, patience);
    if (reply.outcome == Controller::Outcome::kAnswered) {
      refused.clear();
      const int code = reply.answer.error().code();
      if (code != kNotController) {
        active_ = endpoint;
        if (std::find(endpoints_.begin(), endpoints_.end(), endpoint) == endpoints_.end()) {
          endpoints_.push_back(endpoint);
        }
        if (code == 0) return reply.answer;
        return problem_of(code, reply.answer.error().message(), tried, "");
      }
      last = absl::StrCat(endpoint, ": ", code_text(code), ": ", reply.answer.error().message());
      // One hint after another could send us round in circles between two that are both behind.
      const std::string& named = reply.answer.leader().endpoint();
      if (!hinted && !named.empty() && named != endpoint) hint = named;
    } else {
      last = absl::StrCat(endpoint, ": ", text_of(reply));
      dialled_.erase(endpoint);  // a new attempt starts anew, without what the old one waits for
      if (reply.outcome == Controller::Outcome::kRefused) {
        refused.insert(endpoint);
      } else {
        reached = true;
        refused.clear();
      }
    }
    if (all_refuse() && patience_.now() - start >= std::min(limit, kRefusedPatience)) {
      return unreachable(tried);
    }
    if (hint.empty() && next % endpoints_.size() == 0) {
      patience_.wait(std::min(kPause, std::max(deadline - patience_.now(), Milliseconds::zero())));
    }
  }
}

Result<proto::AdminAnswer> AdminClient::call_any(proto::AdminRequest request,
                                                 const std::string& tried,
                                                 const std::string& endpoint) {
  const std::vector<std::string> asked =
      endpoint.empty() ? endpoints_ : std::vector<std::string>{endpoint};
  std::string last;
  bool all_refuse = true;
  for (const std::string& one : asked) {
    const Controller::Reply reply = at(one).call(request, std::min(timeout_, kQuickLook));
    if (reply.outcome == Controller::Outcome::kAnswered) {
      const auto& error = reply.answer.error();
      if (error.code() == 0) return reply.answer;
      last = absl::StrCat(one, ": ", code_text(error.code()), ": ", error.message());
    } else {
      last = absl::StrCat(one, ": ", text_of(reply));
    }
    if (reply.outcome != Controller::Outcome::kRefused) all_refuse = false;
  }
  return all_refuse ? unreachable(tried) : timed_out(tried, last, false, timeout_);
}

}  // namespace barnabas::cli
