#include "raft/formation.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "common/probe.h"

namespace barnabas::raft {
namespace {

bool names(const FoundingConfiguration& founding, const VoterId& voter) {
  return std::find(founding.voters.begin(), founding.voters.end(), voter) != founding.voters.end();
}

}  // namespace

Formation::Formation(VoterId self, std::vector<ControllerId> configured, FormationState state,
                     FoundingConfiguration founding, std::unique_ptr<Random> random)
    : self_(self),
      configured_(std::move(configured)),
      random_(std::move(random)),
      state_(state),
      founding_(std::move(founding)) {
  std::sort(configured_.begin(), configured_.end());
}

void Formation::start(FormationEffects& out) { consider(out); }

void Formation::reached(ControllerId peer, FormationEffects& out) {
  out.send.emplace_back(peer, introduction());
}

void Formation::lost(ControllerId peer) {
  known_.erase(peer);
  prepared_.erase(peer);
}

void Formation::received(const VoterId& from, const FormationBody& body, FormationEffects& out) {
  if (const auto* said = std::get_if<Introduction>(&body)) {
    // Who asks a formed node is helped over the last step.
    if (state_ == FormationState::kFormed && said->state == FormationState::kPrepared &&
        said->founding == founding_) {
      out.send.emplace_back(from.id, FormationFinal{founding_});
    }
    Known& known = known_[from.id];
    if (known.directory != from.directory) prepared_.erase(from.id);
    known = {from.directory, said->state, said->founding,
             names(said->founding, self_) || said->configuration.configuration.contains(self_)};
    consider(out);
    return;
  }
  if (state_ == FormationState::kFormed) return;
  if (const auto* prepare = std::get_if<FormationPrepare>(&body)) {
    std::vector<ControllerId> ids;
    for (const VoterId& voter : prepare->founding.voters) ids.push_back(voter.id);
    if (!names(prepare->founding, self_) || ids != configured_) {
      trouble_ = absl::StrCat("controller ", from.id.value(),
                              " proposes other voters than this node's controller.quorum.voters");
      return;
    }
    if (persisting_.has_value()) return;
    if (state_ == FormationState::kBlank) {
      persist(FormationState::kPrepared, prepare->founding, out);
    } else if (founding_ == prepare->founding) {
      out.send.emplace_back(from.id, FormationPrepared{founding_});
    } else {
      trouble_ = absl::StrCat("this node is prepared to form cluster ", founding_.cluster_id,
                              ", controller ", from.id.value(), " proposes ",
                              prepare->founding.cluster_id);
    }
  } else if (const auto* prepared = std::get_if<FormationPrepared>(&body)) {
    if (proposes() && state_ == FormationState::kPrepared && prepared->founding == founding_ &&
        names(founding_, from)) {
      prepared_.insert(from.id);
      consider(out);
    }
  } else if (const auto* done = std::get_if<FormationFinal>(&body)) {
    if (state_ == FormationState::kPrepared && done->founding == founding_ &&
        !persisting_.has_value()) {
      persist(FormationState::kFormed, founding_, out);
    }
  }
}

void Formation::persist(FormationState state, FoundingConfiguration founding,
                        FormationEffects& out) {
  persisting_ = std::pair(state, std::move(founding));
  out.persist = persisting_;
}

void Formation::on_durable(FormationEffects& out) {
  std::tie(state_, founding_) = *std::exchange(persisting_, std::nullopt);
  if (state_ == FormationState::kFormed) {
    trouble_.clear();
    out.formed = true;
    for (const VoterId& voter : founding_.voters) {
      if (voter != self_ && names(founding_, self_))
        out.send.emplace_back(voter.id, FormationFinal{founding_});
    }
    return;
  }
  if (!proposes()) out.send.emplace_back(configured_.front(), FormationPrepared{founding_});
  consider(out);
}

// A cluster exists already. True if that settles what this node is.
bool Formation::join_existing(FormationEffects& out) {
  std::optional<std::string> cluster;
  for (const auto& [peer, known] : known_) {
    if (known.state != FormationState::kFormed) continue;
    if (cluster.has_value() && *cluster != known.founding.cluster_id) {
      trouble_ = absl::StrCat("the configured controllers belong to different clusters, ", *cluster,
                              " and ", known.founding.cluster_id);
      return true;
    }
    cluster = known.founding.cluster_id;
  }
  for (const auto& [peer, known] : known_) {
    if (known.state != FormationState::kFormed) continue;
    if (state_ == FormationState::kPrepared && known.founding == founding_) {
      persist(FormationState::kFormed, founding_, out);
    } else if (state_ == FormationState::kBlank && known.names_this_node) {
      trouble_ = absl::StrCat(
          "this directory is a voter of cluster ", known.founding.cluster_id,
          " but has lost its vote file; it may have promised what it does not remember. Give the "
          "node an empty directory and add it as a new voter");
    } else if (state_ == FormationState::kBlank) {
      barnabas::reached("raft: a blank node became an observer");
      persist(FormationState::kFormed, known.founding, out);
    } else {
      trouble_ =
          absl::StrCat("this node is prepared to form cluster ", founding_.cluster_id,
                       ", but controller ", peer.value(), " belongs to cluster ",
                       known.founding.cluster_id, " already. Give this node an empty directory");
    }
    return true;
  }
  return false;
}

// What all nodes together can become, if they agree.
std::optional<FoundingConfiguration> Formation::agree() {
  FoundingConfiguration present;
  std::optional<FoundingConfiguration> adopted;
  const auto adopt = [&](FormationState state, const FoundingConfiguration& founding) {
    if (state == FormationState::kBlank) return true;
    if (adopted.has_value() && *adopted != founding) return false;
    adopted = founding;
    return true;
  };
  bool one_attempt = adopt(state_, founding_);
  for (const ControllerId id : configured_) {
    if (id == self_.id) {
      present.voters.push_back(self_);
      continue;
    }
    const Known& known = known_[id];
    present.voters.push_back({id, known.directory});
    one_attempt = adopt(known.state, known.founding) && one_attempt;
  }
  if (!one_attempt || (adopted.has_value() && adopted->voters != present.voters)) {
    trouble_ =
        "an earlier attempt to form a cluster was interrupted, and the nodes or directories of "
        "then "
        "are not those of now; if no cluster was ever used, empty the directories of all "
        "controllers";
    return std::nullopt;
  }
  if (adopted.has_value()) return adopted;
  present.cluster_id = Uuid::make(*random_).text();
  return present;
}

void Formation::consider(FormationEffects& out) {
  if (state_ == FormationState::kFormed || persisting_.has_value()) return;
  if (join_existing(out)) return;
  std::vector<int32_t> missing;
  for (const ControllerId id : configured_) {
    if (id != self_.id && known_.count(id) == 0) missing.push_back(id.value());
  }
  if (!missing.empty() && !planted("raft: founds without having heard from all")) {
    trouble_ = absl::StrCat(
        "a new cluster forms when all configured controllers can be reached; "
        "missing: ",
        absl::StrJoin(missing, ", "));
    return;
  }
  trouble_ = "forming a cluster";
  if (!proposes()) return;
  const std::optional<FoundingConfiguration> founding = agree();
  if (!founding.has_value()) return;
  if (state_ == FormationState::kBlank) {
    persist(FormationState::kPrepared, *founding, out);
    return;
  }
  for (const ControllerId id : configured_) {
    if (id != self_.id && prepared_.count(id) == 0) {
      out.send.emplace_back(id, FormationPrepare{founding_});
    }
  }
  const bool enough = prepared_.size() + 1 == configured_.size() ||
                      (planted("raft: founds without having heard from all") &&
                       (prepared_.size() + 1) * 2 > configured_.size());
  if (enough) {
    persist(FormationState::kFormed, founding_, out);
  }
}

}  // namespace barnabas::raft
