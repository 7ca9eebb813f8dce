// A quorum of one that commits when it is told to: for tests of what must happen between appending
// and committing, which a real quorum passes too quickly.

#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/executor.h"
#include "raft/node.h"

namespace barnabas::controller {

class FakeNode final : public raft::Node {
 public:
  FakeNode(raft::StateMachine& machine, Executor& loop) : machine_(machine), loop_(loop) {
    last_ = committed_ = machine.applied();
  }

  // Entries commit by themselves, soon; otherwise with commit().
  bool commits_by_itself = true;
  // Read-index rounds end by themselves; otherwise with end_reads().
  bool reads_by_itself = true;

  void lead() {
    term_ = term_.next();
    last_ = last_.next();
    committed_ = last_;
    machine_.apply(last_, term_, "");
    machine_.applied_batch();
    leading_ = true;
    machine_.leading(term_);
  }
  // Entries that were not committed are gone, as if another leader had never had them.
  void lose() {
    leading_ = false;
    for (auto& [payload, done] : std::exchange(in_flight_, {})) {
      done(absl::AbortedError("leadership ended"));
    }
    for (ReadReady& ready : std::exchange(reads_, {})) ready(absl::AbortedError("it ended"));
    last_ = committed_;
    term_ = term_.next();
    machine_.following(term_, std::nullopt);
  }
  void commit() {
    std::deque<std::pair<std::string, Proposed>> ready = std::exchange(in_flight_, {});
    LogIndex index = committed_;
    for (const auto& [payload, done] : ready) machine_.apply(index = index.next(), term_, payload);
    if (!ready.empty()) machine_.applied_batch();
    for (auto& [payload, done] : ready) done(committed_ = committed_.next());
  }
  void commit_first() {
    auto [payload, done] = std::move(in_flight_.front());
    in_flight_.pop_front();
    machine_.apply(committed_.next(), term_, payload);
    machine_.applied_batch();
    done(committed_ = committed_.next());
  }
  void end_reads() {
    for (ReadReady& ready : std::exchange(reads_, {})) ready(absl::OkStatus());
  }
  size_t in_flight() const { return in_flight_.size(); }
  size_t reads() const { return reads_.size(); }

  void accept(Channel, LinkPtr) override {}
  void propose(std::string payload, Proposed done) override {
    if (!leading_) return done(absl::UnavailableError("not the leader"));
    if (busy) return done(absl::ResourceExhaustedError("too much in flight"));
    last_ = last_.next();
    in_flight_.emplace_back(std::move(payload), std::move(done));
    if (commits_by_itself) loop_.post([this] { commit(); });
  }
  void read_index(ReadReady done) override {
    if (!leading_) return done(absl::UnavailableError("not the leader"));
    reads_.push_back(std::move(done));
    if (reads_by_itself) loop_.post([this] { end_reads(); });
  }
  // Changes of the quorum wait for end_change(); `members` are what the status shows.
  void add_voter(ControllerId id, Changed done) override { begin_change("add", id, done); }
  void remove_voter(ControllerId id, std::optional<Uuid>, Changed done) override {
    begin_change("remove", id, done);
  }
  void transfer_leadership(std::optional<ControllerId> to, Changed done) override {
    begin_change("transfer", to.value_or(ControllerId{-1}), done);
  }
  void end_change(const absl::Status& outcome) { std::exchange(change_, nullptr)(outcome); }
  std::optional<Endpoint> endpoint_of(ControllerId id) const override {
    for (const raft::ProgressView& member : members) {
      if (member.id == id) return member.endpoint;
    }
    return std::nullopt;
  }
  std::vector<raft::ProgressView> members;
  std::vector<std::string> changes;  // "add 4", in order
  bool is_leading() const override { return leading_; }
  std::optional<ControllerId> leader() const override {
    return leading_ ? std::optional(ControllerId{1}) : std::nullopt;
  }
  Term term() const override { return term_; }
  raft::Status status() const override {
    raft::Status status;
    status.cluster_id = "cluster";
    status.role = leading_ ? "leader" : "follower";
    status.term = term_;
    status.leader = leader();
    status.commit = status.applied = committed_;
    status.last = last_;
    status.members = members;
    return status;
  }
  LogIndex last_index() const override { return last_; }
  void on_fatal(absl::AnyInvocable<void(absl::Status)>) override {}

  bool busy = false;

 private:
  void begin_change(const char* what, ControllerId id, Changed& done) {
    changes.push_back(std::string(what) + " " + std::to_string(id.value()));
    change_ = std::move(done);
  }

  Changed change_;
  raft::StateMachine& machine_;
  Executor& loop_;
  std::deque<std::pair<std::string, Proposed>> in_flight_;
  std::deque<ReadReady> reads_;
  bool leading_ = false;
  Term term_{0};
  LogIndex last_{0};
  LogIndex committed_{0};
};

}  // namespace barnabas::controller
