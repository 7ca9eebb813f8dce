// A few voters on a stage: nothing happens unless the script says so. Timers fire, messages arrive,
// syncs complete and processes die by command, and everything that follows is written down.
//
// Used with commands in a text (golden_test.cc), or called from a test.

#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "raft/testing/test_node.h"

namespace barnabas::raft::testing {

class Stage {
 public:
  // `others` are there, know the cluster, and do not vote.
  explicit Stage(size_t voters, size_t max_append_bytes = size_t{1} << 20, size_t others = 0);

  // One line of a script. Returns what happened, or why the line is not understood.
  //
  //   timeout N            the clock goes to N's timer, which fires
  //   wait MS              the clock goes on; no timer fires
  //   settle               messages arrive and syncs complete until nothing is left
  //   deliver [A B]        what is under way (from A to B) now arrives; answers stay under way
  //   drop [A B]           ... is lost
  //   repeat A B           what goes from A to B arrives, and stays under way all the same
  //   cut A B, mend A B    nothing passes between the two; isolate N, heal
  //   disk N manual|auto   manual: syncs complete by begin-sync / end-sync / sync-vote only
  //   propose N TEXT, read N, close N PEER, open N PEER
  //   add N PEER, remove N PEER, transfer N [PEER]: asked of N
  //   crash N, restart N, abstain N (as if it had cut a tail; only while down)
  //   snapshot N, compact N INDEX, arrive N, state
  std::string run(const std::string& line);

  TestNode& node(int n) { return *nodes_.at(static_cast<size_t>(n - 1)); }
  Core& core(int n) { return node(n).core(); }
  const std::deque<Message>& under_way() const { return under_way_; }
  VoterId id(int n) const { return ids_.at(static_cast<size_t>(n - 1)); }
  Instant now() const { return now_; }
  // Hands a message that nobody sent to its receiver.
  void inject(Message message);
  // Payloads applied on N, in order.
  const std::vector<std::string>& applied(int n) { return applied_[n]; }
  bool leads(int n) { return node(n).running() && core(n).role() == Role::kLeader; }
  // Makes N lead, with everybody's help.
  void elect(int n);

 private:
  TestNode::Hooks hooks(int n);
  void note(std::string line);
  void step(int n, Event event);
  void sync_auto(int n);
  bool passes(const Message& message) const;
  void deliver(const Message& message);
  void settle();
  void deliver_now(int from, int to, bool keep);
  std::string state();
  bool run_on_node(const std::string& verb, int n, const std::string& rest);

  std::vector<VoterId> ids_;
  std::vector<std::unique_ptr<TestNode>> nodes_;
  std::deque<Message> under_way_;
  std::set<std::pair<int, int>> cut_;
  std::set<int> manual_;
  std::map<int, std::vector<std::string>> applied_;
  std::map<int, SnapshotOffer> fetching_;
  std::unique_ptr<Random> random_;
  Instant now_{std::chrono::seconds(1)};
  uint64_t last_read_ = 0;
  std::string out_;
};

}  // namespace barnabas::raft::testing
