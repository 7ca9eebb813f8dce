// The state machine of the node's tests: it is its history.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "raft/node.h"

namespace barnabas::raft::testing {

// Memory only: what a crash leaves of it is what flush() kept.
class History final : public StateMachine {
 public:
  void apply(LogIndex index, Term term, std::string_view payload) override;
  void applied_batch() override {
    ++batches;
    if (after_batch) after_batch();
  }
  LogIndex applied() const override { return applied_; }
  Term applied_term() const override { return term_; }
  LogIndex durable_applied() const override { return durable_; }
  absl::Status flush() override;
  void leading(Term term) override;
  void following(Term term, std::optional<ControllerId> leader) override;
  std::string snapshot() override;
  absl::Status restore(LogIndex index, Term term, std::string_view snapshot) override;

  // What the process that ends here leaves behind.
  void forget_unflushed();

  std::vector<std::string> entries;  // payloads of decisions, in order
  std::vector<std::string> news;     // "leading 3", "following 4 of 2"
  int restores = 0;
  int batches = 0;
  std::function<void()> after_batch;  // what this machine does when it hears of a batch

 private:
  LogIndex applied_;
  Term term_;
  LogIndex durable_;
  std::string flushed_;
  Term flushed_term_;
};

}  // namespace barnabas::raft::testing
