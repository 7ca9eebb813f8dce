// How blank nodes become a cluster, once (S5). Before and apart from Raft.
//
//   blank --Prepare, durable--> prepared --all have, durable--> formed
//     \--- a formed peer's cluster does not name this directory, durable --> observer (formed, too)
//
// The configured voters introduce themselves. When the one with the lowest id has heard from all of
// them, and all are blank, or prepared by an interrupted attempt whose values it then adopts, it
// proposes {cluster id, every (node id, directory id)}. Each makes it durable and says so; when all
// have, the proposer makes it final and tells the others. Unanimity is what makes it safe: two
// nodes that lost their disks can never found a second cluster over the third one's: the third one
// makes them observers of its own.
//
// Pure: events in, effects out.

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/random.h"
#include "raft/formation_message.h"

namespace barnabas::raft {

struct FormationEffects {
  // Durable first, then on_durable().
  std::optional<std::pair<FormationState, FoundingConfiguration>> persist;
  std::vector<std::pair<ControllerId, FormationBody>> send;
  bool formed = false;  // the founding configuration is final, here and durably
};

class Formation {
 public:
  // `configured`: the node ids in the configuration file, this node's included.
  Formation(VoterId self, std::vector<ControllerId> configured, FormationState state,
            FoundingConfiguration founding, std::unique_ptr<Random> random);

  void start(FormationEffects& out);
  // A link to this node is there: it should know about us.
  void reached(ControllerId peer, FormationEffects& out);
  void lost(ControllerId peer);
  void received(const VoterId& from, const FormationBody& body, FormationEffects& out);
  // What was given out with `persist` is on disk.
  void on_durable(FormationEffects& out);

  FormationState state() const { return state_; }
  const FoundingConfiguration& founding() const { return founding_; }
  // Why there is no cluster yet; empty when formed.
  const std::string& trouble() const { return trouble_; }

 private:
  struct Known {
    Uuid directory;
    FormationState state = FormationState::kBlank;
    FoundingConfiguration founding;
    bool names_this_node = false;  // as a voter, at the beginning or now
  };
  bool proposes() const { return self_.id == configured_.front(); }
  Introduction introduction() const { return {state_, founding_}; }
  void consider(FormationEffects& out);
  bool join_existing(FormationEffects& out);
  std::optional<FoundingConfiguration> agree();
  void persist(FormationState state, FoundingConfiguration founding, FormationEffects& out);

  const VoterId self_;
  std::vector<ControllerId> configured_;  // sorted
  const std::unique_ptr<Random> random_;
  FormationState state_;
  FoundingConfiguration founding_;
  std::map<ControllerId, Known> known_;
  std::set<ControllerId> prepared_;  // proposer: who has made the proposal durable
  std::optional<std::pair<FormationState, FoundingConfiguration>> persisting_;
  std::string trouble_;
};

}  // namespace barnabas::raft
