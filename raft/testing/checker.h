// Judges a history of a whole cluster against the consensus invariants, from outside: it sees what
// every node says, holds and applies, and each node's durable image.
//
// The first violation stands; everything after it is noise.

#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "raft/message.h"
#include "raft/testing/test_disk.h"

namespace barnabas::raft::testing {

class Checker {
 public:
  explicit Checker(Configuration founding) : founding_(std::move(founding)) {}

  // I1, I5, I16, I17: `log` is the new leader's, `configuration` what it believes to be the voters.
  void leads(const VoterId& leader, Term term, const LogImage& log,
             const ConfigurationAt& configuration);
  // I2: the message or the campaign that says so leaves the node.
  void votes(const VoterId& voter, Term term, const VoterId& choice);
  // I3: after a restart, and whenever hard state becomes durable.
  void hard_state(const VoterId& voter, const HardState& durable);
  // I4, and I15 of an entry that changes the voters: the entry, and the one below it in the same
  // log.
  void appended(const Entry& entry, Term previous);
  // I9, I12, I16: a node knows `id` as committed, with these voters; `durable` are all nodes'
  // images.
  using Images = std::map<VoterId, const LogImage*>;
  void committed(const EntryId& id, const ConfigurationAt& configuration, const Images& durable);
  static size_t copies(const EntryId& id, const Configuration& voters, const Images& durable);
  // A leader tells this voter to take over what `leader_log` holds.
  void hands_over(const VoterId& to, const LogImage& durable_there, const LogImage& leader_log);
  // I21 of what a log's end says about who votes.
  void configured(const VoterId& node, const EntryId& last, const ConfigurationAt& configuration);
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
  // The newest change of the voters that is committed.
  ConfigurationAt committed_configuration() const;

 private:
  ConfigurationAt configuration_of(const EntryId& last) const;

  const Configuration founding_;
  std::string violation_;
  std::map<Term, VoterId> leaders_;
  std::map<std::pair<VoterId, Term>, VoterId> votes_;
  std::map<VoterId, HardState> hard_;
  std::map<EntryId, std::pair<Term, std::string>> entries_;  // what came before, the payload
  // Which entry says who votes in the log that ends here; none: the founding document.
  std::map<EntryId, EntryId> configured_by_;
  std::map<EntryId, Configuration> configurations_;
  std::set<Term> terms_committed_;
  EntryId highest_commit_;
  std::map<LogIndex, Term> commits_;
  struct Canonical {
    Term term;
    uint64_t digest;
  };
  std::map<LogIndex, Canonical> applied_;
};

}  // namespace barnabas::raft::testing
