#include "controller/admin.h"

#include <absl/strings/str_cat.h>

#include <set>
#include <string>

#include "common/probe.h"
#include "controller/decide/configs.h"
#include "controller/decide/create_partitions.h"
#include "controller/decide/create_topics.h"
#include "controller/decide/delete_topics.h"
#include "controller/decide/elect_leaders.h"
#include "controller/decide/retire_broker.h"
#include "controller/describe.h"
#include "metadata/records.h"

namespace barnabas::controller {

using proto::AdminAnswer;
using proto::AdminRequest;

namespace {

// Decides and sets the answer's own part; `index` is where the decision will stand.
proto::Decision decide(const metadata::Image& image, const AdminRequest& request, Random& random,
                       const Limits& limits, LogIndex next, AdminAnswer& answer) {
  const auto finish = [&](auto decided, auto* place) {
    const bool appends = !decided.decision.records().empty();
    *place = std::move(decided.answer);
    place->set_index((appends ? next : image.index()).value());
    return std::move(decided.decision);
  };
  const auto finish_or_refuse = [&](auto decided, auto* place) -> proto::Decision {
    if (!decided.failure.failed()) return finish(std::move(decided), place);
    answer.Clear();
    set_error(answer.mutable_error(), decided.failure);
    return {};
  };
  switch (request.kind_case()) {
    case AdminRequest::kCreateTopics:
      return finish(decide_create_topics(image, request.create_topics(), random, limits),
                    answer.mutable_create_topics());
    case AdminRequest::kDeleteTopics:
      return finish(decide_delete_topics(image, request.delete_topics(), limits),
                    answer.mutable_delete_topics());
    case AdminRequest::kAlterConfigs:
      return finish(decide_alter_configs(image, request.alter_configs(), limits),
                    answer.mutable_alter_configs());
    case AdminRequest::kCreatePartitions:
      return finish(decide_create_partitions(image, request.create_partitions(), random, limits),
                    answer.mutable_create_partitions());
    case AdminRequest::kElectLeaders:
      return finish(decide_elect_leaders(image, request.elect_leaders(), limits),
                    answer.mutable_elect_leaders());
    case AdminRequest::kUnregisterBroker:
      return finish_or_refuse(decide_unregister_broker(image, request.unregister_broker()),
                              answer.mutable_unregister_broker());
    case AdminRequest::kDrainBroker:
      return finish_or_refuse(decide_drain_broker(image, request.drain_broker(), limits),
                              answer.mutable_drain_broker());
    default:
      set_error(answer.mutable_error(), ErrorCode::kInvalidRequest,
                "This controller does not know such a request.");
      return {};
  }
}

// What is left of a request to create topics.
AdminRequest without_answered(const AdminRequest& request, const AdminAnswer& answer) {
  std::set<std::string> answered;
  for (const proto::CreatedTopic& topic : answer.create_topics().topics()) {
    answered.insert(topic.name());
  }
  AdminRequest rest = request;
  rest.mutable_create_topics()->clear_topics();
  for (const proto::NewTopic& topic : request.create_topics().topics()) {
    if (answered.count(topic.name()) == 0) *rest.mutable_create_topics()->add_topics() = topic;
  }
  return rest;
}

void remember(const AdminRequest& request, const AdminAnswer& answer, proto::Decision& decision) {
  if (decision.records().empty() || request.client().empty()) return;
  decision.mutable_request()->set_client(request.client());
  decision.mutable_request()->set_sequence(request.sequence());
  decision.set_outcome(metadata::serialize(answer));
}

bool is_change(const AdminRequest& request) {
  switch (request.kind_case()) {
    case AdminRequest::kCreateTopics:
    case AdminRequest::kDeleteTopics:
    case AdminRequest::kAlterConfigs:
    case AdminRequest::kCreatePartitions:
    case AdminRequest::kElectLeaders:
    case AdminRequest::kUnregisterBroker:
    case AdminRequest::kDrainBroker:
      return true;
    default:
      return false;
  }
}

bool is_quorum_change(const AdminRequest& request) {
  return request.has_add_voter() || request.has_remove_voter() || request.has_transfer_leadership();
}

}  // namespace

// What the quorum itself knows is newer than the configuration file.
std::string Admin::endpoint_of(ControllerId id) const {
  const std::optional<Endpoint> known = node_->endpoint_of(id);
  return known.has_value() ? to_string(*known) : endpoint_of_(id);
}

std::vector<std::string> Admin::voter_endpoints() const {
  std::vector<std::string> out;
  for (const raft::ProgressView& member : node_->status().members) {
    if (member.kind != raft::MemberKind::kVoter) continue;
    std::string endpoint = endpoint_of(member.id);
    if (!endpoint.empty()) out.push_back(std::move(endpoint));
  }
  return out;
}

proto::LeaderHint Admin::leader_hint() const {
  proto::LeaderHint hint;
  const ControllerId leader = node_->leader().value_or(kNoController);
  hint.set_id(leader.value());
  if (leader != kNoController) hint.set_endpoint(endpoint_of(leader));
  return hint;
}

AdminAnswer Admin::failed(const Failure& failure) const {
  AdminAnswer answer;
  set_error(answer.mutable_error(), failure);
  return answer;
}

AdminAnswer Admin::without(Fate fate) const {
  if (fate == Fate::kBusy) {
    return failed({ErrorCode::kThrottlingQuotaExceeded,
                   "The active controller has too much in flight. Try again."});
  }
  if (fate == Fate::kUnknown) {
    return failed({ErrorCode::kRequestTimedOut,
                   "The active controller changed meanwhile; whether this was done is not known. "
                   "Ask again with the same client and sequence."});
  }
  AdminAnswer answer = failed(
      {ErrorCode::kNotController, absl::StrCat("Controller ", self_.value(), " is not active.")});
  *answer.mutable_leader() = leader_hint();
  return answer;
}

void Admin::call(const AdminRequest& request, Answered answered) {
  if (request.has_describe_quorum()) {
    AdminAnswer answer;
    *answer.mutable_describe_quorum() = describe_quorum(
        node_->status(), self_, [this](ControllerId id) { return endpoint_of(id); });
    if (const std::string doing = quorum_.doing(); !doing.empty()) {
      answer.mutable_describe_quorum()->set_doing(doing);
    }
    return answered(std::move(answer));
  }
  if (!ledger_.is_active()) return answered(without(Fate::kNotActive));
  if (is_quorum_change(request)) return change_quorum(request, std::move(answered));
  if (is_change(request)) return change(request, std::move(answered));
  question(request, std::move(answered));
}

void Admin::change_quorum(const AdminRequest& request, Answered answered) {
  quorum_.call(request, [this, answered = std::move(answered)](AdminAnswer answer) mutable {
    if (answer.error().code() == static_cast<int32_t>(ErrorCode::kNotController)) {
      answer = without(Fate::kNotActive);
    }
    // Whoever was handed the leadership, or takes it from a leader that is removed, is named.
    *answer.mutable_leader() = leader_hint();
    answered(std::move(answer));
  });
}

void Admin::question(const AdminRequest& request, Answered answered) {
  ledger_.read([this, request, answered = std::move(answered)](Fate fate) mutable {
    if (fate != Fate::kCommitted) return answered(without(fate));
    const metadata::Image& image = ledger_.committed();
    AdminAnswer answer;
    switch (request.kind_case()) {
      case AdminRequest::kDescribeTopics:
        *answer.mutable_describe_topics() = describe_topics(image, request.describe_topics());
        break;
      case AdminRequest::kDescribeCluster:
        *answer.mutable_describe_cluster() =
            describe_cluster(image, brokers_.cluster_id(), self_,
                             [this](Incarnation who) { return brokers_.view(who); });
        break;
      case AdminRequest::kDescribeConfigs:
        *answer.mutable_describe_configs() = describe_configs(image, request.describe_configs());
        break;
      default:
        answer =
            failed({ErrorCode::kInvalidRequest, "This controller does not know such a request."});
    }
    answered(std::move(answer));
  });
}

Failure Admin::repeated(const AdminRequest& request, const std::string** outcome) const {
  if (request.client().empty()) return {};
  if (planted("controller: forgets what was asked before")) return {};
  const absl::StatusOr<Uuid> client = Uuid::from_bytes(request.client());
  if (!client.ok() || client->is_none() || request.sequence() == 0) {
    return {ErrorCode::kInvalidRequest,
            "A client is named by 16 bytes, not all zero, and counts its requests from 1."};
  }
  const metadata::RememberedRequest* known = ledger_.working().request(*client);
  if (known == nullptr || known->sequence < request.sequence()) return {};
  if (known->sequence > request.sequence()) {
    return {ErrorCode::kInvalidRequest,
            absl::StrCat("Request ", request.sequence(), " of this client is older than ",
                         known->sequence, ", which has been answered.")};
  }
  reached("controller: a request was recognised");
  *outcome = &known->outcome;
  return {};
}

// One decision after the other, each with as many topics as it holds. Each remembers the request
// with everything answered so far, so that whoever is asked again goes on behind that (S3).
void Admin::create_topics(AdminRequest request, AdminAnswer answer, Answered answered) {
  AdminAnswer next;
  proto::Decision decision = decide(ledger_.working(), without_answered(request, answer), random_,
                                    limits_, ledger_.next_index(), next);
  answer.mutable_create_topics()->MergeFrom(next.create_topics());
  remember(request, answer, decision);
  const bool complete = without_answered(request, answer).create_topics().topics().empty();
  ledger_.commit(decision,
                 [this, complete, request = std::move(request), answer = std::move(answer),
                  answered = std::move(answered)](Fate fate) mutable {
                   if (fate != Fate::kCommitted) return answered(without(fate));
                   if (complete) return answered(std::move(answer));
                   if (!ledger_.is_active()) return answered(without(Fate::kNotActive));
                   // The same request may have gone on meanwhile, asked again by another way.
                   if (!request.client().empty()) return change(request, std::move(answered));
                   create_topics(std::move(request), std::move(answer), std::move(answered));
                 });
}

void Admin::change(const AdminRequest& request, Answered answered) {
  AdminAnswer answer;
  proto::Decision decision;
  const std::string* outcome = nullptr;
  if (const Failure failure = repeated(request, &outcome); failure.failed()) {
    answer = failed(failure);
  } else {
    if (outcome != nullptr) answer.ParseFromString(*outcome);
    const bool in_parts = request.has_create_topics();
    if (in_parts && !without_answered(request, answer).create_topics().topics().empty()) {
      return create_topics(request, std::move(answer), std::move(answered));
    }
    if (outcome == nullptr) {
      decision = decide(ledger_.working(), request, random_, limits_, ledger_.next_index(), answer);
      remember(request, answer, decision);
    }
  }
  ledger_.commit(decision, [this, answer = std::move(answer),
                            answered = std::move(answered)](Fate fate) mutable {
    answered(fate == Fate::kCommitted ? std::move(answer) : without(fate));
  });
}

}  // namespace barnabas::controller
