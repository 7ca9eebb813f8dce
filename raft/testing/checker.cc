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

void Checker::leads(const VoterId& leader, Term term, const LogImage& log) {
  votes(leader, term, leader);
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
}

void Checker::committed(const EntryId& id, const std::vector<const LogImage*>& durable) {
  const auto [found, fresh] = commits_.try_emplace(id.index, id.term);
  if (!fresh && found->second != id.term) {
    fail(absl::StrCat("I12: entry ", id.index.value(), " is committed with two terms"));
  }
  if (id.index <= highest_commit_.index) return;
  highest_commit_ = id;
  const auto copies = std::count_if(durable.begin(), durable.end(),
                                    [&](const LogImage* image) { return image->holds(id); });
  if (static_cast<size_t>(copies) < voters_ / 2 + 1) {
    fail(absl::StrCat("I9: ", describe(id), " is committed but durable on ", copies, " of ",
                      voters_));
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
