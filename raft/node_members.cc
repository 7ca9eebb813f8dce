// Who belongs to the quorum, and who leads it: the verbs that change either.

#include "raft/node_impl.h"

namespace barnabas::raft {

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

void NodeImpl::add_voter(ControllerId, Changed done) {
  done(absl::UnimplementedError("changing the voters is not built yet"));
}

void NodeImpl::remove_voter(ControllerId, std::optional<Uuid>, Changed done) {
  done(absl::UnimplementedError("changing the voters is not built yet"));
}

void NodeImpl::transfer_leadership(std::optional<ControllerId>, Changed done) {
  done(absl::UnimplementedError("handing leadership over is not built yet"));
}

std::optional<Endpoint> NodeImpl::endpoint_of(ControllerId id) const {
  for (const Voter& peer : options_.peers) {
    if (peer.id == id) return peer.endpoint;
  }
  return std::nullopt;
}

}  // namespace barnabas::raft
