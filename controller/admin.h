// One path for everything that operators and programs ask, over gRPC or forwarded by a broker.
//
// A request that carries a client and a sequence is answered once: its outcome is committed with
// its records, and a retry, also at a later active controller, gets the same answer (S3, P32).
// Questions are answered from committed state after a read-index round.

#pragma once

#include <absl/functional/any_invocable.h>

#include "common/random.h"
#include "controller/brokers.h"
#include "controller/decide/decided.h"
#include "controller/ledger.h"
#include "proto/admin.pb.h"
#include "raft/node.h"

namespace barnabas::controller {

class Admin {
 public:
  // Where a controller is reached; empty: unknown.
  using EndpointOf = absl::AnyInvocable<std::string(ControllerId) const>;
  Admin(Ledger& ledger, Brokers& brokers, Random& random, const Limits& limits, ControllerId self,
        EndpointOf endpoint_of)
      : ledger_(ledger),
        brokers_(brokers),
        random_(random),
        limits_(limits),
        self_(self),
        endpoint_of_(std::move(endpoint_of)) {}
  void attach(raft::Node& node) { node_ = &node; }

  using Answered = absl::AnyInvocable<void(proto::AdminAnswer)>;
  void call(const proto::AdminRequest& request, Answered answered);

  proto::LeaderHint leader_hint() const;

 private:
  void question(const proto::AdminRequest& request, Answered answered);
  void change(const proto::AdminRequest& request, Answered answered);
  // `answer`: what has been done of it so far, in earlier decisions.
  void create_topics(proto::AdminRequest request, proto::AdminAnswer answer, Answered answered);
  Failure repeated(const proto::AdminRequest& request, const std::string** outcome) const;
  proto::AdminAnswer without(Fate fate) const;
  proto::AdminAnswer failed(const Failure& failure) const;

  Ledger& ledger_;
  Brokers& brokers_;
  Random& random_;
  const Limits& limits_;
  const ControllerId self_;
  const EndpointOf endpoint_of_;
  raft::Node* node_ = nullptr;
};

}  // namespace barnabas::controller
