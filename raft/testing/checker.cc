#include "raft/testing/checker.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "raft/describe.h"

namespace barnabas::raft::testing {
namespace {

uint64_t digest_of(uint64_t before, const Entry& entry) {
  uint64_t hash = before ^ 0x9e3779b97f4a7c15ULL;
  const auto mix = [&hash](uint64_t value) {
    hash = (hash ^ value) * 0xff51afd7ed558ccdULL;
    hash ^= hash >> 32;
  };
  mix(static_cast<uint64_t>(entry.index.value()));
  mix(static_cast<uint64_t>(entry.term.value()));
  for (const char byte : entry.payload.view()) mix(static_cast<unsigned char>(byte));
  return hash;
}

}  // namespace

void Checker::fail(std::string what) {
  if (violation_.empty()) violation_ = std::move(what);
}

void Checker::leads(const VoterId& leader, Term term, const LogImage& log,
                    const ConfigurationAt& configuration) {
  votes(leader, term, leader);
  const EntryId last = log.entries.empty() ? log.base : log.entries.back().id();
  configured(leader, last, configuration);
  const Configuration& now = configuration.configuration;
  const auto for_it = std::count_if(now.voters.begin(), now.voters.end(), [&](const auto& voter) {
    const auto vote = votes_.find({voter.first, term});
    return vote != votes_.end() && vote->second == leader;
  });
  if (static_cast<size_t>(for_it) < now.majority()) {
    fail(absl::StrCat("I16: ", leader.id.value(), " leads term ", term.value(), " by the votes of ",
                      for_it, " of ", now.voters.size(), " voters"));
  }
  const auto [found, fresh] = leaders_.try_emplace(term, leader);
  if (!fresh && found->second != leader) {
    fail(absl::StrCat("I1: ", found->second.id.value(), " and ", leader.id.value(),
                      " both lead term ", term.value()));
  }
  if (highest_commit_.index.value() > 0 && !log.holds(highest_commit_)) {
    fail(absl::StrCat("I5: leader ", leader.id.value(), " of term ", term.value(),
                      " lacks the committed entry ", describe(highest_commit_)));
  }
}

void Checker::votes(const VoterId& voter, Term term, const VoterId& choice) {
  const auto [found, fresh] = votes_.try_emplace({voter, term}, choice);
  if (!fresh && found->second != choice) {
    fail(absl::StrCat("I2: ", voter.id.value(), " votes twice in term ", term.value()));
  }
}

void Checker::hard_state(const VoterId& voter, const HardState& durable) {
  HardState& before = hard_[voter];
  if (durable.term < before.term ||
      (durable.term == before.term && before.vote.has_value() && durable.vote != before.vote)) {
    fail(absl::StrCat("I3: hard state of ", voter.id.value(), " goes back from ", describe(before),
                      " to ", describe(durable)));
  }
  before = durable;
}

void Checker::appended(const Entry& entry, Term previous) {
  const auto [found, fresh] =
      entries_.try_emplace(entry.id(), std::pair(previous, std::string(entry.payload.view())));
  if (!fresh && (found->second.first != previous || found->second.second != entry.payload.view())) {
    fail(absl::StrCat("I4: two different logs lead to ", describe(entry.id())));
  }
  if (!fresh) return;
  const auto below = configured_by_.find({LogIndex{entry.index.value() - 1}, previous});
  const EntryId held = below == configured_by_.end() ? EntryId() : below->second;
  if (!entry.configures) {
    if (held.index.value() > 0) configured_by_[entry.id()] = held;
    return;
  }
  const absl::StatusOr<Configuration> next = decode_configuration(entry.payload.view());
  if (!next.ok()) {
    fail(absl::StrCat("I15: ", describe(entry.id()), " is no configuration"));
    return;
  }
  const Configuration& now = held.index.value() > 0 ? configurations_.at(held) : founding_;
  if (voters_apart(now, *next) != 1) {
    fail(absl::StrCat("I15: ", describe(entry.id()), " changes more than one voter"));
  } else if (held.index > highest_commit_.index) {
    fail(absl::StrCat("I15: ", describe(entry.id()), " changes the voters before ", describe(held),
                      " is committed"));
  } else if (terms_committed_.count(entry.term) == 0) {
    fail(absl::StrCat("I15: ", describe(entry.id()),
                      " changes the voters before an entry of its term is committed"));
  }
  configured_by_[entry.id()] = entry.id();
  configurations_[entry.id()] = *next;
}

ConfigurationAt Checker::configuration_of(const EntryId& last) const {
  const auto by = configured_by_.find(last);
  if (by == configured_by_.end()) return {LogIndex{0}, founding_};
  return {by->second.index, configurations_.at(by->second)};
}

ConfigurationAt Checker::committed_configuration() const {
  return configuration_of(highest_commit_);
}

void Checker::configured(const VoterId& node, const EntryId& last,
                         const ConfigurationAt& configuration) {
  const ConfigurationAt right = configuration_of(last);
  if (right != configuration) {
    fail(absl::StrCat("I21: ", node.id.value(), ", whose log ends with ", describe(last),
                      ", goes by ", describe(configuration.configuration), " of ",
                      configuration.index.value(), " and not by ", describe(right.configuration),
                      " of ", right.index.value()));
  }
}

void Checker::hands_over(const VoterId& to, const LogImage& durable_there,
                         const LogImage& leader_log) {
  const EntryId last =
      leader_log.entries.empty() ? leader_log.base : leader_log.entries.back().id();
  if (durable_there.last_index() < last.index || !durable_there.holds(last)) {
    fail(absl::StrCat("P7: ", to.id.value(), " is to take over without ", describe(last)));
  }
}

size_t Checker::copies(const EntryId& id, const Configuration& voters, const Images& durable) {
  return static_cast<size_t>(
      std::count_if(voters.voters.begin(), voters.voters.end(), [&](const auto& voter) {
        const auto image = durable.find(voter.first);
        return image != durable.end() && image->second->holds(id);
      }));
}

void Checker::committed(const EntryId& id, const ConfigurationAt& configuration,
                        const Images& durable) {
  terms_committed_.insert(id.term);
  const auto [found, fresh] = commits_.try_emplace(id.index, id.term);
  if (!fresh && found->second != id.term) {
    fail(absl::StrCat("I12: entry ", id.index.value(), " is committed with two terms"));
  }
  if (id.index <= highest_commit_.index) return;
  highest_commit_ = id;
  const Configuration& now = configuration.configuration;
  const size_t have = copies(id, now, durable);
  if (have < now.majority()) {
    fail(absl::StrCat("I9: ", describe(id), " is committed but durable on ", have, " of ",
                      now.voters.size()));
  }
}

uint64_t Checker::applied(const VoterId& voter, const Entry& entry, uint64_t state_before) {
  const uint64_t digest = digest_of(state_before, entry);
  const auto [found, fresh] = applied_.try_emplace(entry.index, Canonical{entry.term, digest});
  if (!fresh && (found->second.term != entry.term || found->second.digest != digest)) {
    fail(absl::StrCat("I6: ", voter.id.value(), " applies another entry at ", entry.index.value()));
  }
  return digest;
}

uint64_t Checker::digest_at(LogIndex index) const {
  const auto found = applied_.find(index);
  return found == applied_.end() ? 0 : found->second.digest;
}

void Checker::restored(LogIndex index, uint64_t digest) {
  if (digest_at(index) != digest) {
    fail(absl::StrCat("I21: the snapshot of ", index.value(), " is not what replay gives"));
  }
}

void Checker::said(const Message& message, const HardState& hard, const LogImage& durable,
                   const LogImage* leader_log) {
  if (hard.term < message.term) {
    fail(absl::StrCat("I10: said before its term was durable: ", describe(message)));
  }
  if (std::holds_alternative<VoteRequest>(message.body)) {
    votes(message.from, message.term, message.from);
  }
  if (const auto* reply = std::get_if<VoteReply>(&message.body); reply && reply->granted) {
    votes(message.from, message.term, message.to);
    if (hard.term == message.term && hard.vote != message.to) {
      fail(absl::StrCat("I10: a vote leaves before it is durable: ", describe(message)));
    }
  }
  LogIndex match;
  if (const auto* reply = std::get_if<AppendReply>(&message.body)) match = reply->match;
  if (const auto* reply = std::get_if<HeartbeatReply>(&message.body)) match = reply->match;
  if (match.value() == 0) return;
  if (durable.last_index() < match) {
    fail(absl::StrCat("I10: acknowledged beyond the durable end ", durable.last_index().value(),
                      ": ", describe(message)));
    return;
  }
  const Entry* own = durable.at(match);
  const Entry* leaders = leader_log == nullptr ? nullptr : leader_log->at(match);
  if (own != nullptr && leaders != nullptr && own->term != leaders->term) {
    fail(absl::StrCat("I11: acknowledged what is not the leader's: ", describe(message)));
  }
}

void Checker::read(LogIndex acknowledged_before, LogIndex applied) {
  if (applied < acknowledged_before) {
    fail(absl::StrCat("I19: a read at ", applied.value(), " misses the write ",
                      acknowledged_before.value(), " acknowledged before it"));
  }
}

}  // namespace barnabas::raft::testing
