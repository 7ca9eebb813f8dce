// Who belongs to the quorum, where each can be reached, and the verbs that change it.

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "common/probe.h"
#include "raft/describe.h"
#include "raft/node_impl.h"

namespace barnabas::raft {
namespace {

using std::chrono::seconds;

// Of nodes that do not vote, so many are kept in mind, and for so long after they last spoke.
constexpr size_t kIntroducedLimit = 64;
constexpr Duration kIntroducedFor = seconds(5);
// One that was asked to take over, and told so, is elected by then or not at all.
constexpr int kTransferTimeouts = 3;

}  // namespace

const char* to_string(MemberKind kind) {
  switch (kind) {
    case MemberKind::kVoter:
      return "voter";
    case MemberKind::kLearner:
      return "learner";
    case MemberKind::kObserver:
      return "observer";
  }
  return "unknown";
}

bool NodeImpl::is_voter() const {
  return core_ != nullptr &&
         core_->configuration().contains({options_.self, options_.directory_id});
}

// ---- Who is known, and where ----

void NodeImpl::introduced(const VoterId& node, const Introduction& introduction) {
  const bool here = formed() && introduction.state == FormationState::kFormed &&
                    introduction.founding.cluster_id == storage_.record.founding.cluster_id;
  const auto known = introduced_.find(node.id);
  if (known == introduced_.end() && introduced_.size() >= kIntroducedLimit) {
    std::erase_if(introduced_, [this](const auto& other) {
      return loop_.now() - other.second.heard > kIntroducedFor;
    });
    if (introduced_.size() >= kIntroducedLimit) return;
  }
  const bool moved = known == introduced_.end() || known->second.endpoint != introduction.endpoint;
  introduced_[node.id] = {node, introduction.endpoint, here, loop_.now()};
  const bool tells_more = introduction.configuration.index > heard_configuration_.index ||
                          (heard_configuration_.configuration.voters.empty() &&
                           !introduction.configuration.configuration.voters.empty());
  if (tells_more) heard_configuration_ = introduction.configuration;
  if (moved || tells_more) reach_soon();
}

bool NodeImpl::is_observed(const VoterId& node) const {
  if (core_ == nullptr || core_->configuration().contains(node)) return false;
  const auto known = introduced_.find(node.id);
  return known != introduced_.end() && known->second.who == node && known->second.of_this_cluster &&
         loop_.now() - known->second.heard <= kIntroducedFor;
}

// What a node says of itself is newer than what a log or a file says of it.
std::optional<Endpoint> NodeImpl::endpoint_of(ControllerId id) const {
  const auto known = introduced_.find(id);
  if (known != introduced_.end() && known->second.endpoint.port != 0) return known->second.endpoint;
  for (const Configuration* configuration :
       {core_ != nullptr ? &core_->configuration() : &heard_configuration_.configuration,
        &heard_configuration_.configuration}) {
    for (const auto& [voter, endpoint] : configuration->voters) {
      if (voter.id == id && endpoint.port != 0) return endpoint;
    }
  }
  for (const Voter& peer : options_.peers) {
    if (peer.id == id) return peer.endpoint;
  }
  return std::nullopt;
}

// Not at once: this may run inside an event of a link that is to go.
void NodeImpl::reach_soon() {
  if (reach_timer_ != 0) return;
  reach_timer_ = loop_.after(Duration{0}, [this] {
    reach_timer_ = 0;
    reach_members();
  });
}

// A voter reaches the other voters, whoever is fed, and whoever was to be answered. Who has no
// vote, or no cluster yet, tries all of whom it has heard.
void NodeImpl::reach_members() {
  if (links_ == nullptr) return;
  std::map<ControllerId, Endpoint> peers;
  const auto add = [&](ControllerId id) {
    const std::optional<Endpoint> endpoint = endpoint_of(id);
    if (id != options_.self && endpoint.has_value() && endpoint->port != 0) peers[id] = *endpoint;
  };
  if (core_ != nullptr) {
    for (const auto& [voter, endpoint] : core_->configuration().voters) add(voter.id);
    if (core_->change_pending()) {
      const Configuration& before = core_->configurations().before_latest().configuration;
      for (const auto& [voter, endpoint] : before.voters) add(voter.id);
    }
    for (const auto& [fed, progress] : core_->progress()) add(fed.id);
    for (const ControllerId sought : sought_) add(sought);
  }
  if (!is_voter()) {
    for (const Voter& peer : options_.peers) add(peer.id);
    for (const auto& [voter, endpoint] : heard_configuration_.configuration.voters) add(voter.id);
  }
  links_->reach(std::move(peers));
}

// ---- The verbs ----

bool NodeImpl::refuses_change(Changed& done) {
  if (core_ == nullptr || !leading_) {
    done(absl::UnavailableError("not the leader"));
    return true;
  }
  if (!change_.has_value()) return false;
  done(absl::FailedPreconditionError("another change of the voters is under way"));
  return true;
}

void NodeImpl::add_voter(ControllerId id, Changed done) {
  if (refuses_change(done)) return;
  const auto known = introduced_.find(id);
  if (known == introduced_.end() || !is_observed(known->second.who)) {
    const auto& voters = core_->configuration().voters;
    const bool votes = std::any_of(voters.begin(), voters.end(),
                                   [id](const auto& voter) { return voter.first.id == id; });
    done(votes ? absl::AlreadyExistsError(absl::StrCat("controller ", id.value(), " votes already"))
               : absl::NotFoundError(absl::StrCat(
                     "no controller ", id.value(),
                     " has introduced itself to the leader in the last seconds: is it running, and "
                     "does its controller.quorum.voters name the present ones?")));
    return;
  }
  change_ = Change{std::move(done), std::nullopt};
  feed(VoterAdded{known->second.who, known->second.endpoint});
}

void NodeImpl::remove_voter(ControllerId id, std::optional<Uuid> directory, Changed done) {
  if (refuses_change(done)) return;
  std::vector<VoterId> meant;
  for (const auto& [voter, endpoint] : core_->configuration().voters) {
    if (voter.id == id && directory.value_or(voter.directory) == voter.directory) {
      meant.push_back(voter);
    }
  }
  if (meant.empty()) {
    done(absl::NotFoundError(absl::StrCat("controller ", id.value(), " is no voter")));
  } else if (meant.size() > 1) {
    done(absl::FailedPreconditionError(absl::StrCat(
        "controller ", id.value(), " votes with two directories, ", meant[0].directory.text(),
        " and ", meant[1].directory.text(), ": say which one is to go")));
  } else {
    change_ = Change{std::move(done), std::nullopt};
    feed(VoterRemoved{meant[0]});
  }
}

void NodeImpl::transfer_leadership(std::optional<ControllerId> to, Changed done) {
  if (core_ == nullptr || !leading_) {
    done(absl::UnavailableError("not the leader"));
    return;
  }
  if (transfer_.has_value()) {
    done(absl::FailedPreconditionError("leadership is being handed over already"));
    return;
  }
  TransferAsked asked;
  if (to.has_value()) {
    for (const auto& [voter, endpoint] : core_->configuration().voters) {
      const bool better = !asked.to.has_value() || voter == this->voter(*to);
      if (voter.id == *to && better) asked.to = voter;
    }
    if (!asked.to.has_value()) {
      done(absl::NotFoundError(absl::StrCat("controller ", to->value(), " is no voter")));
      return;
    }
  }
  transfer_ = std::move(done);
  transfer_timer_ = loop_.after(options_.election_timeout_max * kTransferTimeouts, [this] {
    transfer_timer_ = 0;
    answer_transfer(absl::DeadlineExceededError("no other leader was heard of in time"));
    tell();
  });
  feed(asked);
}

// From inside a step nobody is told anything; without a core there are no steps.
void NodeImpl::answer(Changed done, const absl::Status& status) {
  if (core_ == nullptr) {
    done(status);
    return;
  }
  told_.push_back([done = std::move(done), status]() mutable { done(status); });
}

void NodeImpl::answer_change(const absl::Status& status) {
  if (!change_.has_value()) return;
  Changed done = std::move(change_->done);
  change_.reset();
  answer(std::move(done), status);
}

void NodeImpl::answer_transfer(const absl::Status& status) {
  if (!transfer_.has_value()) return;
  loop_.cancel(std::exchange(transfer_timer_, 0));
  Changed done = *std::move(transfer_);
  transfer_.reset();
  answer(std::move(done), status);
}

void NodeImpl::members_changed(Effects& effects) {
  if (effects.changed.has_value() && change_.has_value()) {
    if (effects.changed->ok()) {
      change_->index = **effects.changed;
    } else {
      answer_change(effects.changed->status());
    }
  }
  if (effects.transfer_refused.has_value()) answer_transfer(*effects.transfer_refused);
  if (!effects.configured) return;
  const ConfigurationAt& now = core_->configurations().latest();
  if (now.index != told_voters_of_) {
    told_voters_of_ = now.index;
    LOG(INFO) << "cluster " << storage_.record.founding.cluster_id << ": "
              << describe(now.configuration) << ", says entry " << now.index;
    sought_.clear();
  }
  reach_soon();
  if (!is_voter() && introduce_timer_ == 0) {
    introduce_timer_ = loop_.after(Duration{0}, [this] { introduce_again(); });
  }
}

// ---- What there is ----

ProgressView NodeImpl::view_of(const VoterId& node, const Endpoint& endpoint,
                               MemberKind kind) const {
  ProgressView view;
  view.id = node.id;
  view.directory = node.directory;
  view.kind = kind;
  const auto said = introduced_.find(node.id);
  const bool told = said != introduced_.end() && said->second.who == node;
  view.endpoint = told ? said->second.endpoint : endpoint;
  const auto known = core_->progress().find(node);
  if (node == core_->options().self) {
    view.match = core_->log().durable();
  } else if (known != core_->progress().end()) {
    view.match = known->second.match();
    view.since_contact = loop_.now() - known->second.contact();
    view.snapshotting = known->second.state() == Progress::State::kSnapshot;
  } else if (told) {
    view.since_contact = loop_.now() - said->second.heard;
  }
  return view;
}

std::vector<ProgressView> NodeImpl::members() const {
  std::vector<ProgressView> out;
  for (const auto& [voter, endpoint] : core_->configuration().voters) {
    out.push_back(view_of(voter, endpoint, MemberKind::kVoter));
  }
  if (core_->role() != Role::kLeader) return out;
  const std::optional<Learner>& learner = core_->learner();
  if (learner.has_value()) {
    out.push_back(view_of(learner->voter, learner->endpoint, MemberKind::kLearner));
    out.back().caught_up = out.back().match >= learner->round_end;
  }
  for (const auto& [id, known] : introduced_) {
    if (!is_observed(known.who) || (learner.has_value() && learner->voter == known.who)) continue;
    out.push_back(view_of(known.who, known.endpoint, MemberKind::kObserver));
  }
  return out;
}

}  // namespace barnabas::raft
