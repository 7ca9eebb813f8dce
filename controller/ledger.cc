#include "controller/ledger.h"

#include <glog/logging.h>
#include <google/protobuf/arena.h>

#include <memory>

#include "common/probe.h"
#include "common/status.h"
#include "metadata/records.h"

namespace barnabas::controller {

namespace {

// One write for what is applied in this time.
constexpr Duration kStoreDelay = std::chrono::milliseconds(10);

// The quorum may refuse from inside the call; the caller hears of it afterwards all the same.
class Settlement {
 public:
  Settlement(Ledger::Settled settled, Executor& loop) : settled_(std::move(settled)), loop_(loop) {}
  void left() { inside_ = false; }
  void settle(Fate fate) {
    if (!inside_) return settled_(fate);
    loop_.post([settled = std::move(settled_), fate]() mutable { settled(fate); });
  }

 private:
  Ledger::Settled settled_;
  Executor& loop_;
  bool inside_ = true;
};

Fate fate_of(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return Fate::kCommitted;
    case absl::StatusCode::kUnavailable:
      return Fate::kNotActive;
    case absl::StatusCode::kResourceExhausted:
      return Fate::kBusy;
    default:
      return Fate::kUnknown;
  }
}

}  // namespace

absl::Status Ledger::load() {
  ASSIGN_OR_RETURN(committed_, load_image(store_));
  committed_term_ = store_.applied_term();
  return absl::OkStatus();
}

void Ledger::commit(const proto::Decision& decision, Settled settled) {
  CHECK(is_active()) << "a decision of a controller that is not active";
  if (decision.records().empty() &&
      planted("controller: answers before what it saw is committed")) {
    loop_.post([settled = std::move(settled)]() mutable { settled(Fate::kCommitted); });
    return;
  }
  if (decision.records().empty()) {
    waiting_.push_back({node_->last_index(), std::move(settled)});
    release_waiting();
    return;
  }
  const LogIndex index = next_index();
  auto once = std::make_shared<Settlement>(std::move(settled), loop_);
  node_->propose(metadata::serialize(decision), [once](absl::StatusOr<LogIndex> result) {
    once->settle(fate_of(result.status()));
  });
  once->left();
  if (node_->last_index() < index) {  // the answer says so
    reached("controller: a decision was refused by the quorum");
    return;
  }
  CHECK_EQ(node_->last_index().value(), index.value())
      << "one decision is one entry (S1), and nobody else appends";
  working_->apply(index, decision);
  if (decision.has_unfinished()) unfinished_ = true;
}

void Ledger::read(Settled settled) {
  auto once = std::make_shared<Settlement>(std::move(settled), loop_);
  node_->read_index([once](const absl::Status& status) {
    const Fate fate = fate_of(status);
    once->settle(fate == Fate::kUnknown ? Fate::kNotActive : fate);
  });
  once->left();
}

void Ledger::release_waiting() {
  while (!waiting_.empty() && waiting_.front().index <= committed_.index()) {
    Settled settled = std::move(waiting_.front().settled);
    waiting_.pop_front();
    read(std::move(settled));
  }
}

void Ledger::apply(LogIndex index, Term term, std::string_view payload) {
  committed_term_ = term;
  if (payload.empty()) {
    committed_.advance_to(index);
    watcher_.committed(index, term, payload, {});
    return;
  }
  google::protobuf::Arena arena;
  auto& decision = *google::protobuf::Arena::CreateMessage<proto::Decision>(&arena);
  CHECK(decision.ParseFromArray(payload.data(), static_cast<int>(payload.size())))
      << "entry " << index << " is no decision";
  rows_.before(committed_, decision);
  const metadata::Delta delta = committed_.apply(index, decision);
  rows_.after(committed_, decision, delta);
  watcher_.committed(index, term, payload, delta);
}

// Whoever waits comes first; the store can wait: what it lacks, the Raft log still has (S4).
void Ledger::applied_batch() {
  if (is_active()) release_waiting();
  watcher_.batch_committed();
  if (storing_) return;
  storing_ = true;
  loop_.after(kStoreDelay, [this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    storing_ = false;
    store_what_is_applied().IgnoreError();  // it has ended this node
  });
}

absl::Status Ledger::store_what_is_applied() {
  if (committed_.index() <= store_.applied()) return absl::OkStatus();
  absl::Status status = store_.apply(rows_.take(committed_), committed_.index(), committed_term_);
  if (status.ok()) return status;
  absl::Status why = annotate(status, "the metadata store cannot be written");
  LOG(ERROR) << why;
  if (fatal_) fatal_(why);
  return why;
}

absl::Status Ledger::flush() {
  RETURN_IF_ERROR(store_what_is_applied());
  return store_.flush();
}

void Ledger::leading(Term term) {
  working_ = committed_;
  LOG(INFO) << "active controller of term " << term << ", metadata index " << committed_.index();
  watcher_.active(term);
}

void Ledger::following(Term term, std::optional<ControllerId>) {
  if (!is_active()) return;
  LOG(INFO) << "no longer the active controller; the term is " << term << " now";
  working_.reset();
  std::deque<Waiting> waiting = std::exchange(waiting_, {});
  watcher_.passive();
  for (Waiting& one : waiting) one.settled(Fate::kNotActive);
}

std::string Ledger::snapshot() { return committed_.serialized(committed_term_); }

absl::Status Ledger::restore(LogIndex index, Term term, std::string_view snapshot) {
  proto::Image image;
  if (!image.ParseFromArray(snapshot.data(), static_cast<int>(snapshot.size()))) {
    return absl::DataLossError("a metadata snapshot cannot be read");
  }
  image.set_index(index.value());
  metadata::Image restored = metadata::Image::from_proto(image);
  RETURN_IF_ERROR(store_.replace(rows_of(restored), index, term));
  committed_ = std::move(restored);
  committed_term_ = term;
  rows_ = {};
  watcher_.replaced();
  return absl::OkStatus();
}

}  // namespace barnabas::controller
