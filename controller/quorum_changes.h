// Changes of the controllers' quorum, as operators ask for them: a voter more, a voter less,
// another leader. They are Raft's own and no records, so the state machine remembers no outcome:
//
//   asked --refused, or done at once---------------------------------> answered
//     '---> under way --done or refused within kPatience-------------> answered
//                '----- longer: GOING_ON, ask again in the same words -> under way
//
// Asking again joins what is under way and never begins a second change, so whoever waits may be
// killed and started anew. Where leadership ends meanwhile the answer is UNKNOWN: the configuration
// tells. What would leave a quorum that cannot decide is refused here, before Raft is asked.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/executor.h"
#include "common/ids.h"
#include "common/uuid.h"
#include "controller/decide/decided.h"
#include "proto/admin.pb.h"
#include "raft/node.h"

namespace barnabas::controller {

struct QuorumChange {
  enum class Kind { kAdd, kRemove, kTransfer };
  Kind kind = Kind::kAdd;
  std::optional<ControllerId> id;  // of a transfer: nobody in particular
  std::optional<Uuid> directory;
  bool operator==(const QuorumChange&) const = default;
};

// "controller 4 is being added"
std::string to_string(const QuorumChange& change);

class QuorumChanges {
 public:
  static constexpr Duration kPatience{std::chrono::milliseconds(800)};

  explicit QuorumChanges(ControllerId self, Executor& loop) : self_(self), loop_(loop) {}
  ~QuorumChanges();
  QuorumChanges(const QuorumChanges&) = delete;
  QuorumChanges& operator=(const QuorumChanges&) = delete;
  void attach(raft::Node& node) { node_ = &node; }

  using Answered = absl::AnyInvocable<void(proto::AdminAnswer)>;
  // On the active controller only.
  void call(const proto::AdminRequest& request, Answered answered);
  // What goes on, in words; empty: nothing.
  std::string doing() const;

 private:
  struct Waiter {
    Answered answered;
    TimerId timer = 0;
  };
  struct UnderWay {
    QuorumChange change;
    std::string client;
    Instant since;
    TimerId look = 0;
    std::map<uint64_t, Waiter> waiters;
  };
  struct Ended {
    QuorumChange change;
    std::string client;
    absl::Status outcome;
  };

  void consider();
  void begin(const QuorumChange& change);
  void ended(const absl::Status& outcome);
  void wait(Answered answered);
  int64_t left() const;
  proto::AdminAnswer going_on() const;
  proto::AdminAnswer answer_of(const QuorumChange& change, const absl::Status& outcome) const;

  const ControllerId self_;
  Executor& loop_;
  raft::Node* node_ = nullptr;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  std::optional<UnderWay> under_way_;
  std::optional<Ended> ended_;  // with nobody waiting: told to whoever had asked, once
  uint64_t last_waiter_ = 0;
};

}  // namespace barnabas::controller
