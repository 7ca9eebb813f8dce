#include "controller/quorum_changes.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <glog/logging.h>

#include <algorithm>
#include <vector>

namespace barnabas::controller {

using proto::AdminAnswer;
using proto::QuorumChangeAnswer;
using raft::MemberKind;
using raft::ProgressView;

namespace {

// A voter that has not said anything for so long after it was looked for does not run: many
// heartbeats have been sent meanwhile.
constexpr Duration kSilent = std::chrono::seconds(2);
constexpr Duration kLookAgain = std::chrono::milliseconds(25);

std::string name_of(ControllerId id) { return absl::StrCat("controller ", id.value()); }

std::vector<const ProgressView*> voters_of(const raft::Status& status) {
  std::vector<const ProgressView*> out;
  for (const ProgressView& member : status.members) {
    if (member.kind == MemberKind::kVoter) out.push_back(&member);
  }
  return out;
}

absl::StatusOr<QuorumChange> change_of(const proto::AdminRequest& request) {
  QuorumChange change;
  if (request.has_add_voter()) {
    change = {QuorumChange::Kind::kAdd, ControllerId{request.add_voter().id()}, {}};
  } else if (request.has_remove_voter()) {
    change = {QuorumChange::Kind::kRemove, ControllerId{request.remove_voter().id()}, {}};
    if (!request.remove_voter().directory().empty()) {
      auto directory = Uuid::from_bytes(request.remove_voter().directory());
      if (!directory.ok()) return directory.status();
      change.directory = *directory;
    }
  } else {
    change.kind = QuorumChange::Kind::kTransfer;
    if (request.transfer_leadership().has_to()) {
      change.id = ControllerId{request.transfer_leadership().to()};
    }
  }
  return change;
}

bool goes(const QuorumChange& change, const ProgressView& voter) {
  return voter.id == *change.id && change.directory.value_or(voter.directory) == voter.directory;
}

std::vector<const ProgressView*> rest_after(const QuorumChange& change,
                                            const raft::Status& status) {
  std::vector<const ProgressView*> rest;
  for (const ProgressView* voter : voters_of(status)) {
    if (!goes(change, *voter)) rest.push_back(voter);
  }
  return rest;
}

Failure check_removal(const QuorumChange& change, const raft::Status& status) {
  const std::vector<const ProgressView*> rest = rest_after(change, status);
  const size_t before = voters_of(status).size();
  std::vector<std::string> directories;
  for (const ProgressView* voter : voters_of(status)) {
    if (goes(change, *voter)) directories.push_back(voter->directory.text());
  }
  if (rest.size() == before) {
    return {ErrorCode::kVoterNotFound,
            absl::StrCat("No voter has the id ", change.id->value(),
                         change.directory.has_value() ? " and that directory." : ".")};
  }
  if (before - rest.size() > 1) {
    return {ErrorCode::kPolicyViolation,
            absl::StrCat("Two voters have the id ", change.id->value(), ", with the directories ",
                         absl::StrJoin(directories, " and "), "; which one is to go?")};
  }
  if (rest.empty()) {
    return {ErrorCode::kPolicyViolation, "It is the last voter: without it there is no cluster."};
  }
  return {};
}

// Not failed: after this removal a majority would be there that has been heard from within `since`.
Failure check_majority(const QuorumChange& change, const raft::Status& status, ControllerId self,
                       Duration since) {
  const std::vector<const ProgressView*> rest = rest_after(change, status);
  std::vector<std::string> silent;
  for (const ProgressView* voter : rest) {
    if (voter->id == self || voter->since_contact <= since) continue;
    silent.push_back(name_of(voter->id));
  }
  const size_t majority = rest.size() / 2 + 1;
  const size_t live = rest.size() - silent.size();
  if (live >= majority) return {};
  return {ErrorCode::kPolicyViolation,
          absl::StrCat("Of the ", rest.size(), " that would be left ", majority,
                       " have to run, and only ", live, live == 1 ? " is" : " are",
                       " heard from; silent: ", absl::StrJoin(silent, ", "), ".")};
}

}  // namespace

std::string to_string(const QuorumChange& change) {
  switch (change.kind) {
    case QuorumChange::Kind::kAdd:
      return absl::StrCat(name_of(*change.id), " is being added");
    case QuorumChange::Kind::kRemove:
      return absl::StrCat(name_of(*change.id), " is being removed");
    case QuorumChange::Kind::kTransfer:
      break;
  }
  return change.id.has_value() ? absl::StrCat("leadership goes to ", name_of(*change.id))
                               : "leadership is being handed over";
}

QuorumChanges::~QuorumChanges() {
  if (!under_way_.has_value()) return;
  loop_.cancel(under_way_->look);
  for (const auto& [number, waiter] : under_way_->waiters) loop_.cancel(waiter.timer);
}

std::string QuorumChanges::doing() const {
  return under_way_.has_value() ? to_string(under_way_->change) : "";
}

void QuorumChanges::call(const proto::AdminRequest& request, Answered answered) {
  const auto refuse = [&](ErrorCode code, std::string message) {
    AdminAnswer answer;
    set_error(answer.mutable_error(), code, std::move(message));
    answered(std::move(answer));
  };
  const absl::StatusOr<QuorumChange> change = change_of(request);
  if (!change.ok()) {
    return refuse(ErrorCode::kInvalidRequest, std::string(change.status().message()));
  }
  if (ended_.has_value() && ended_->change == *change && !request.client().empty() &&
      ended_->client == request.client()) {
    const Ended ended = *std::exchange(ended_, std::nullopt);
    return answered(answer_of(ended.change, ended.outcome));
  }
  if (under_way_.has_value()) {
    if (under_way_->change == *change) return wait(std::move(answered));
    return refuse(ErrorCode::kPolicyViolation,
                  absl::StrCat("One change at a time: ", doing(), "."));
  }
  if (change->kind == QuorumChange::Kind::kTransfer && change->id == self_) {
    return answered(answer_of(*change, absl::OkStatus()));  // it leads already
  }
  if (change->kind == QuorumChange::Kind::kRemove) {
    const Failure failure = check_removal(*change, node_->status());
    if (failure.failed()) return refuse(failure.code, failure.message);
  }
  LOG(INFO) << "asked by " << (request.client_host().empty() ? "gRPC" : request.client_host())
            << ": " << to_string(*change);
  ended_.reset();
  under_way_ = UnderWay{*change, request.client(), loop_.now(), 0, {}};
  wait(std::move(answered));
  consider();
}

// A removal holds from the moment in which it is appended: then it is too late to find out that
// those who are left cannot commit it. So they have to be heard from first, after this was asked.
void QuorumChanges::consider() {
  const QuorumChange change = under_way_->change;
  if (change.kind != QuorumChange::Kind::kRemove) return begin(change);
  if (!node_->is_leading()) return ended(absl::UnavailableError("not the leader any more"));
  const Duration since = loop_.now() - under_way_->since;
  const Failure failure = check_majority(change, node_->status(), self_, since);
  if (!failure.failed()) return begin(change);
  if (since >= kSilent) return ended(absl::FailedPreconditionError(failure.message));
  under_way_->look = loop_.after(kLookAgain, [this] {
    under_way_->look = 0;
    consider();
  });
}

void QuorumChanges::begin(const QuorumChange& change) {
  // The node may answer before the call returns, and after this object is gone.
  auto done = [this, alive = std::weak_ptr<char>(alive_)](const absl::Status& outcome) {
    if (alive.lock() != nullptr) ended(outcome);
  };
  switch (change.kind) {
    case QuorumChange::Kind::kAdd:
      return node_->add_voter(*change.id, std::move(done));
    case QuorumChange::Kind::kRemove:
      return node_->remove_voter(*change.id, change.directory, std::move(done));
    case QuorumChange::Kind::kTransfer:
      return node_->transfer_leadership(change.id, std::move(done));
  }
}

void QuorumChanges::wait(Answered answered) {
  const uint64_t number = ++last_waiter_;
  Waiter& waiter = under_way_->waiters[number];
  waiter.answered = std::move(answered);
  waiter.timer = loop_.after(kPatience, [this, number] {
    Answered tell = std::move(under_way_->waiters.at(number).answered);
    under_way_->waiters.erase(number);
    tell(going_on());
  });
}

void QuorumChanges::ended(const absl::Status& outcome) {
  UnderWay done = *std::move(under_way_);
  under_way_.reset();
  LOG(INFO) << to_string(done.change) << ": " << (outcome.ok() ? "done" : outcome.ToString());
  if (done.waiters.empty()) ended_ = Ended{done.change, done.client, outcome};
  for (auto& [number, waiter] : done.waiters) {
    loop_.cancel(waiter.timer);
    waiter.answered(answer_of(done.change, outcome));
  }
}

int64_t QuorumChanges::left() const {
  const raft::Status status = node_->status();
  const std::optional<ControllerId> subject =
      under_way_->change.id.has_value() ? under_way_->change.id : status.transfer_to;
  if (!subject.has_value()) return -1;
  // Of a wiped node that comes back two members have the id: the learner is the one to wait for.
  int64_t left = -1;
  for (const ProgressView& member : status.members) {
    if (member.id != *subject || member.kind == MemberKind::kObserver) continue;
    left = std::max<int64_t>(0, distance(member.match, status.last));
    if (member.kind == MemberKind::kLearner) break;
  }
  return left;
}

AdminAnswer QuorumChanges::going_on() const {
  AdminAnswer answer;
  QuorumChangeAnswer& change = *answer.mutable_quorum_change();
  change.set_state(QuorumChangeAnswer::GOING_ON);
  change.set_left(left());
  change.set_step(doing());
  return answer;
}

AdminAnswer QuorumChanges::answer_of(const QuorumChange& change,
                                     const absl::Status& outcome) const {
  AdminAnswer answer;
  const auto refuse = [&](ErrorCode code) {
    set_error(answer.mutable_error(), code, std::string(outcome.message()));
  };
  switch (outcome.code()) {
    case absl::StatusCode::kOk: {
      const raft::Status status = node_->status();
      QuorumChangeAnswer& done = *answer.mutable_quorum_change();
      done.set_leader(status.leader.value_or(ControllerId{-1}).value());
      for (const ProgressView* voter : voters_of(status)) done.add_voters(voter->id.value());
      done.set_configuration_index(status.configuration_index.value());
      break;
    }
    case absl::StatusCode::kAborted:
      answer.mutable_quorum_change()->set_state(QuorumChangeAnswer::UNKNOWN);
      break;
    case absl::StatusCode::kUnavailable:
      refuse(ErrorCode::kNotController);
      break;
    case absl::StatusCode::kNotFound:
      refuse(change.kind == QuorumChange::Kind::kAdd ? ErrorCode::kUnknownControllerId
                                                     : ErrorCode::kVoterNotFound);
      break;
    case absl::StatusCode::kAlreadyExists:
      refuse(ErrorCode::kDuplicateVoter);
      break;
    case absl::StatusCode::kFailedPrecondition:
      refuse(ErrorCode::kPolicyViolation);
      break;
    case absl::StatusCode::kDeadlineExceeded:
      refuse(ErrorCode::kRequestTimedOut);
      break;
    case absl::StatusCode::kUnimplemented:
      refuse(ErrorCode::kUnsupportedVersion);
      break;
    default:
      refuse(ErrorCode::kUnknownServerError);
  }
  return answer;
}

}  // namespace barnabas::controller
