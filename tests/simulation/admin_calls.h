// What an operator's command does with a request: it asks the active controller, and where no
// answer comes or none that settles it, asks again under the same number, wherever the active
// controller is by then. So whatever is done is done once (S3).
//
// Answers get lost on purpose, also those that say "done" (F10). Acts from outside of all
// processes, as a process on another machine would; one request at a time.

#pragma once

#include <absl/functional/any_invocable.h>

#include <memory>
#include <string>

#include "proto/admin.pb.h"
#include "tests/simulation/checks/answers_once.h"
#include "tests/simulation/cluster.h"

namespace barnabas::simulation {

class AdminCalls {
 public:
  AdminCalls(Cluster& cluster, std::unique_ptr<Random> random, Findings& findings);

  // Called once, with an answer of an active controller. `repeated`: it was asked more than once,
  // so that an error may tell of what an earlier attempt has done or has not.
  using Answered = absl::AnyInvocable<void(const proto::AdminAnswer&, bool repeated)>;
  void call(proto::AdminRequest request, Answered answered);
  // Asks the last request once more, which must get the same answer.
  void call_again(Answered answered);
  bool busy() const { return answered_ != nullptr; }
  std::string describe() const;
  uint64_t attempts() const { return last_attempt_; }
  uint64_t compared() const { return once_.count(); }

 private:
  void attempt();
  void heard(uint64_t attempt, const proto::AdminAnswer& answer);
  void again_later(uint64_t attempt, Duration delay);

  Cluster& cluster_;
  std::unique_ptr<Random> random_;
  AnswersOnce once_;
  std::string client_;
  uint64_t sequence_ = 0;
  uint64_t attempts_ = 0;  // of this request
  uint64_t last_attempt_ = 0;
  proto::AdminRequest request_;
  Answered answered_;
  std::string trouble_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace barnabas::simulation
