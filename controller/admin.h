// One path for everything that operators and programs ask, over gRPC or forwarded by a broker.
//
// A request that carries a client and a sequence is answered once: its outcome is committed with
// its records, and a retry, also at a later active controller, gets the same answer (S3, P32).
// Questions are answered from committed state after a read-index round. Changes of the quorum
// itself go their own way (quorum_changes.h).

#pragma once

#include <absl/functional/any_invocable.h>

#include <string>
#include <vector>

#include "common/executor.h"
#include "common/random.h"
#include "controller/brokers.h"
#include "controller/decide/decided.h"
#include "controller/ledger.h"
#include "controller/quorum_changes.h"
#include "proto/admin.pb.h"
#include "raft/node.h"

namespace barnabas::controller {

class Admin {
 public:
  // Where a controller is reached by the configuration file; empty: it is not in there.
  using EndpointOf = absl::AnyInvocable<std::string(ControllerId) const>;
  Admin(Ledger& ledger, Brokers& brokers, Executor& loop, Random& random, const Limits& limits,
        ControllerId self, EndpointOf endpoint_of)
      : ledger_(ledger),
        brokers_(brokers),
        random_(random),
        limits_(limits),
        self_(self),
        endpoint_of_(std::move(endpoint_of)),
        quorum_(self, loop) {}
  void attach(raft::Node& node) {
    node_ = &node;
    quorum_.attach(node);
  }

  using Answered = absl::AnyInvocable<void(proto::AdminAnswer)>;
  void call(const proto::AdminRequest& request, Answered answered);

  proto::LeaderHint leader_hint() const;
  // Where the voters are, as far as that is known.
  std::vector<std::string> voter_endpoints() const;

 private:
  std::string endpoint_of(ControllerId id) const;
  void change_quorum(const proto::AdminRequest& request, Answered answered);
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
  QuorumChanges quorum_;
};

}  // namespace barnabas::controller
