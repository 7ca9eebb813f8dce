// How a decision becomes committed: the images, and the door to the quorum.
//
//   committed image: what the quorum has agreed on and this node has on disk. On every node.
//   working image:   committed, and what this active controller has appended since. Decisions are
//                    made on it, one after the other. Dropped when leadership ends, made anew when
//                    it begins.
//
// Why nobody is ever told what did not happen: an answer leaves only after its decision has
// committed. One that appends nothing was decided on an image that may hold uncommitted entries; it
// waits until all of these have committed, and then for a read-index round (S3). When leadership
// ends before that, nothing is answered but "not active" or "unknown".
//
// Single-threaded, on the controller's loop.

#pragma once

#include <absl/functional/any_invocable.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/executor.h"
#include "controller/store_rows.h"
#include "metadata/image.h"
#include "proto/metadata.pb.h"
#include "raft/node.h"
#include "storage/metadata_store.h"

namespace barnabas::controller {

enum class Fate {
  kCommitted,  // and applied here
  kNotActive,  // nothing was appended
  kBusy,       // nothing was appended: the limit of uncommitted bytes is reached
  kUnknown,    // it may or may not have been committed
};

class Ledger final : public raft::StateMachine {
 public:
  // Who wants to know. Called on the loop.
  class Watcher {
   public:
    // `payload` is the serialized decision; empty: an entry of the Raft layer.
    virtual void committed(LogIndex index, Term term, std::string_view payload,
                           const metadata::Delta& delta) = 0;
    virtual void batch_committed() = 0;
    // The committed image is another one altogether.
    virtual void replaced() = 0;
    virtual void active(Term term) = 0;
    virtual void passive() = 0;

   protected:
    ~Watcher() = default;
  };

  Ledger(storage::MetadataStore& store, Watcher& watcher, Executor& loop)
      : store_(store), watcher_(watcher), loop_(loop) {}

  // Reads what the store holds. Before the node starts.
  absl::Status load();
  // The node calls this ledger from its start on; it must be attached before the loop runs.
  void attach(raft::Node& node) { node_ = &node; }
  // When the store cannot be written, nothing more can be applied.
  void on_fatal(absl::AnyInvocable<void(absl::Status)> handler) { fatal_ = std::move(handler); }

  const metadata::Image& committed() const { return committed_; }
  Term committed_term() const { return committed_term_; }
  bool is_active() const { return working_.has_value(); }
  const metadata::Image& working() const { return *working_; }  // while active only
  // Where a decision that is committed now will stand.
  LogIndex next_index() const { return node_->last_index().next(); }

  // Has a decision since the last call left something to repair()?
  bool take_unfinished() { return std::exchange(unfinished_, false); }
  void suspect_unfinished() { unfinished_ = true; }

  using Settled = absl::AnyInvocable<void(Fate)>;
  // An empty decision appends nothing (S3). `settled` is never called from inside.
  void commit(const proto::Decision& decision, Settled settled);
  // When `settled` says kCommitted, committed() holds everything that was committed when read()
  // was called.
  void read(Settled settled);

  // raft::StateMachine
  void apply(LogIndex index, Term term, std::string_view payload) override;
  void applied_batch() override;
  LogIndex applied() const override { return committed_.index(); }
  Term applied_term() const override { return committed_term_; }
  LogIndex durable_applied() const override { return store_.durable_applied(); }
  absl::Status flush() override;
  void leading(Term term) override;
  void following(Term term, std::optional<ControllerId> leader) override;
  std::string snapshot() override;
  absl::Status restore(LogIndex index, Term term, std::string_view snapshot) override;

 private:
  struct Waiting {
    LogIndex index;
    Settled settled;
  };

  void release_waiting();
  absl::Status store_what_is_applied();

  storage::MetadataStore& store_;
  Watcher& watcher_;
  Executor& loop_;
  raft::Node* node_ = nullptr;
  absl::AnyInvocable<void(absl::Status)> fatal_;
  metadata::Image committed_;
  Term committed_term_{0};
  std::optional<metadata::Image> working_;
  bool unfinished_ = false;
  StoreRows rows_;               // of what is applied and not in the store yet
  bool storing_ = false;         // soon
  std::deque<Waiting> waiting_;  // by index, ascending
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace barnabas::controller
