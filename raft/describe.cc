#include "raft/describe.h"

#include <absl/strings/str_cat.h>

namespace barnabas::raft {
namespace {

std::string verdict(bool granted, bool conditional) {
  return absl::StrCat(granted ? "granted" : "refused", conditional ? " (conditional)" : "");
}

std::string content_of(const Entry& entry) {
  switch (entry.kind()) {
    case EntryKind::kBlank:
      return "";
    case EntryKind::kDecision:
      return absl::StrCat(" ", std::string(entry.payload.view()));
    case EntryKind::kConfiguration:
      break;
  }
  const auto configuration = decode_configuration(entry.payload.view());
  return configuration.ok() ? absl::StrCat(" ", describe(*configuration)) : " (damaged)";
}

struct InWords {
  std::string operator()(const PreVoteRequest& request) const {
    return absl::StrCat("pre-vote? for term ", request.campaign.value(), ", last ",
                        describe(request.last));
  }
  std::string operator()(const PreVoteReply& reply) const {
    return absl::StrCat("pre-vote for term ", reply.campaign.value(), " ",
                        verdict(reply.granted, reply.conditional));
  }
  std::string operator()(const VoteRequest& request) const {
    return absl::StrCat("vote?", request.transfer ? " to take over," : "", " last ",
                        describe(request.last));
  }
  std::string operator()(const VoteReply& reply) const {
    return absl::StrCat("vote ", verdict(reply.granted, reply.conditional));
  }
  std::string operator()(const AppendRequest& request) const {
    std::string out = absl::StrCat("append behind ", describe(request.previous));
    for (const Entry& entry : request.entries) {
      absl::StrAppend(&out, " [", describe(entry.id()));
      absl::StrAppend(&out, content_of(entry), "]");
    }
    return absl::StrCat(out, ", commit ", request.commit.value());
  }
  std::string operator()(const AppendReply& reply) const {
    if (reply.accepted) return absl::StrCat("has ", reply.match.value());
    return absl::StrCat("has no ", reply.refused.value(), ", try ", describe(reply.hint));
  }
  std::string operator()(const Heartbeat& beat) const {
    return absl::StrCat("heartbeat round ", beat.round, ", commit ", beat.commit.value());
  }
  std::string operator()(const HeartbeatReply& reply) const {
    return absl::StrCat("heartbeat answer round ", reply.round, ", has ", reply.match.value());
  }
  std::string operator()(const SnapshotOffer& offer) const {
    return absl::StrCat("snapshot of ", describe(offer.last));
  }
  std::string operator()(const TimeoutNow&) const { return "take over"; }
};

}  // namespace

const char* to_string(Role role) {
  switch (role) {
    case Role::kFollower:
      return "follower";
    case Role::kPreCandidate:
      return "pre-candidate";
    case Role::kCandidate:
      return "candidate";
    case Role::kLeader:
      return "leader";
  }
  return "unknown";
}

std::string describe(const EntryId& id) {
  return absl::StrCat(id.index.value(), "@", id.term.value());
}

std::string describe(const Configuration& configuration) {
  std::string out = "voters";
  for (const auto& [voter, endpoint] : configuration.voters) {
    absl::StrAppend(&out, " ", voter.id.value());
  }
  return out;
}

std::string describe(const Message& message) {
  return absl::StrCat(message.from.id.value(), "->", message.to.id.value(), " term ",
                      message.term.value(), ": ", std::visit(InWords{}, message.body));
}

std::string describe(const HardState& state) {
  return absl::StrCat("term ", state.term.value(), ", vote ",
                      state.vote.has_value() ? absl::StrCat(state.vote->id.value()) : "none",
                      state.abstaining ? ", abstaining" : "");
}

}  // namespace barnabas::raft
