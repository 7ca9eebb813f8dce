// Judges a history of a whole cluster against the consensus invariants, from outside: it sees what
// every node says, holds and applies, and each node's durable image.
//
// The first violation stands; everything after it is noise.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "raft/message.h"
#include "raft/testing/test_disk.h"

namespace barnabas::raft::testing {

class Checker {
 public:
  explicit Checker(size_t voters) : voters_(voters) {}

  // I1 and I5: `log` is the new leader's.
  void leads(const VoterId& leader, Term term, const LogImage& log);
  // I2: the message or the campaign that says so leaves the node.
  void votes(const VoterId& voter, Term term, const VoterId& choice);
  // I3: after a restart, and whenever hard state becomes durable.
  void hard_state(const VoterId& voter, const HardState& durable);
  // I4: the entry, and the one below it in the same log.
  void appended(const Entry& entry, Term previous);
  // I9, I12: a node knows `id` as committed; `durable` are all nodes' images.
  void committed(const EntryId& id, const std::vector<const LogImage*>& durable);
  // I6; returns the digest of the state after this entry.
  uint64_t applied(const VoterId& voter, const Entry& entry, uint64_t state_before);
  // I21
  void restored(LogIndex index, uint64_t digest);
  // I10, I11: what leaves a node must rest on its durable image; `leader_log` is the log of the
  // leader of the message's term, if there is one.
  void said(const Message& message, const HardState& hard, const LogImage& durable,
            const LogImage* leader_log);
  // I19: a write acknowledged before the read was asked must be in what the reader has applied.
  void read(LogIndex acknowledged_before, LogIndex applied);
  void fail(std::string what);

  const std::string& violation() const { return violation_; }
  LogIndex highest_commit() const { return highest_commit_.index; }
  uint64_t digest_at(LogIndex index) const;

 private:
  size_t voters_;
  std::string violation_;
  std::map<Term, VoterId> leaders_;
  std::map<std::pair<VoterId, Term>, VoterId> votes_;
  std::map<VoterId, HardState> hard_;
  std::map<EntryId, std::pair<Term, std::string>> entries_;  // what came before, the payload
  EntryId highest_commit_;
  std::map<LogIndex, Term> commits_;
  struct Canonical {
    Term term;
    uint64_t digest;
  };
  std::map<LogIndex, Canonical> applied_;
};

}  // namespace barnabas::raft::testing
