// One controller of the quorum: the metadata state machine above raft::Node, and, while this node
// is active (leads, and knows its log), the decisions, the brokers' sessions and the
// administration.
//
//   quorum --committed entries--> ledger --> store (one batch)
//                                   |  '---> feed --> brokers' links
//                                   '------> answers
//
// Nothing of this survives in memory alone: kill -9 at any point loses only what was not answered.
// Single-threaded: every call and callback on the loop given.

#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/executor.h"
#include "common/random.h"
#include "common/transport.h"
#include "controller/admin.h"
#include "controller/balance.h"
#include "controller/brokers.h"
#include "controller/decide/partition_sweep.h"
#include "controller/ledger.h"
#include "controller/metadata_feed.h"
#include "controller/sessions.h"
#include "raft/node.h"
#include "storage/metadata_store.h"

namespace barnabas::controller {

struct Options {
  ControllerId self;
  std::map<ControllerId, Endpoint> endpoints;  // of all controllers, for hints
  Brokers::Options brokers;
  Limits limits;
  bool balance_leaders = true;  // auto.leader.rebalance.enable
  Duration balance_delay = std::chrono::seconds(1);
  // Defaults of all brokers that a new cluster begins with.
  std::map<std::string, std::string> broker_defaults;
};

class Controller final : private Ledger::Watcher {
 public:
  Controller(Options options, Executor& loop, Transport& transport, Random& random,
             storage::MetadataStore& store);

  // In this order: load(), raft::Node::start(machine()), attach().
  absl::Status load();
  raft::StateMachine& machine() { return ledger_; }
  void attach(raft::Node& node);
  void on_fatal(absl::AnyInvocable<void(absl::Status)> handler) {
    ledger_.on_fatal(std::move(handler));
  }

  // A broker's link (Channel::kController).
  void accept(LinkPtr link) { sessions_.accept(std::move(link)); }
  void call(const proto::AdminRequest& request, Admin::Answered answered) {
    admin_.call(request, std::move(answered));
  }

  bool is_active() const { return ledger_.is_active(); }
  const metadata::Image& committed_image() const { return ledger_.committed(); }
  size_t sessions() const { return sessions_.size(); }

 private:
  void committed(LogIndex index, Term term, std::string_view payload,
                 const metadata::Delta& delta) override;
  void batch_committed() override;
  void replaced() override;
  void active(Term term) override;
  void passive() override;

  void repair_what_is_unfinished();
  void repair_next();

  const Options options_;
  Executor& loop_;
  raft::Node* node_ = nullptr;
  Ledger ledger_;
  MetadataFeed feed_;
  Brokers brokers_;
  Balance balance_;
  Admin admin_;
  Sessions sessions_;
  Repair repair_;
  bool repairing_ = false;  // soon
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace barnabas::controller
