#include "controller/controller.h"

#include <glog/logging.h>

#include "controller/decide/features.h"
#include "controller/decide/partition_sweep.h"

namespace barnabas::controller {

Controller::Controller(Options options, Executor& loop, Transport& transport, Random& random,
                       storage::MetadataStore& store)
    : options_(std::move(options)),
      loop_(loop),
      ledger_(store, *this, loop),
      brokers_(ledger_, loop, transport, options_.limits, options_.brokers),
      balance_(ledger_, loop, options_.limits, options_.balance_delay),
      admin_(ledger_, brokers_, loop, random, options_.limits, options_.self,
             [this](ControllerId id) {
               const auto found = options_.endpoints.find(id);
               return found == options_.endpoints.end() ? std::string() : to_string(found->second);
             }),
      sessions_(ledger_, feed_, brokers_, admin_, loop, options_.limits) {}

absl::Status Controller::load() {
  const absl::Status status = ledger_.load();
  feed_.restart(ledger_.committed().index());
  return status;
}

void Controller::attach(raft::Node& node) {
  node_ = &node;
  ledger_.attach(node);
  admin_.attach(node);
}

void Controller::committed(LogIndex index, Term term, std::string_view payload,
                           const metadata::Delta& delta) {
  feed_.add(index, term, payload);
  if (is_active() && options_.balance_leaders) balance_.committed(delta);
}

void Controller::batch_committed() {
  if (!is_active()) return;
  brokers_.committed();
  sessions_.committed();
  repair_what_is_unfinished();
}

void Controller::replaced() { feed_.restart(ledger_.committed().index()); }

void Controller::active(Term) {
  brokers_.active(node_->status().cluster_id);
  const proto::Decision first = decide_bootstrap(ledger_.working(), options_.broker_defaults);
  if (!first.records().empty()) ledger_.commit(first, [](Fate) {});
  // Whatever an earlier active controller left unfinished (S1).
  ledger_.suspect_unfinished();
  repair_what_is_unfinished();
  if (options_.balance_leaders) balance_.active();
}

// One decision for each turn of the loop: heartbeats and answers get theirs in between.
void Controller::repair_what_is_unfinished() {
  if (ledger_.take_unfinished()) repair_.begin();
  if (repair_.is_idle() || repairing_) return;
  repairing_ = true;
  loop_.post([this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    repairing_ = false;
    if (is_active()) repair_next();
  });
}

void Controller::repair_next() {
  if (ledger_.take_unfinished()) repair_.begin();
  const LogIndex index = ledger_.next_index();
  const proto::Decision rest = repair_.next(ledger_.working(), options_.limits);
  if (rest.records().empty()) return;
  LOG(INFO) << "completing what an earlier decision left: " << rest.records_size()
            << " partition(s)";
  ledger_.commit(rest, [](Fate) {});
  if (!is_active()) return;
  if (ledger_.working().index() < index) {
    repair_.begin();  // refused, because too much is in flight: again with the next commit
  } else {
    repair_what_is_unfinished();
  }
}

void Controller::passive() {
  repair_ = {};
  balance_.passive();
  brokers_.passive();
  sessions_.passive();
}

}  // namespace barnabas::controller
