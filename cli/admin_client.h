// Asks the cluster's controllers, whichever of them is active at the moment.
//
// Every request carries (client, sequence), and every retry of it the same pair, so that a request
// whose first answer was lost is answered again and not done again (S3). That is what makes it safe
// to try one controller after another until the time is up:
//
//   answered            -> done, whatever the answer says
//   NOT_CONTROLLER      -> ask the controller it names (which may be none of those that were given,
//                          and is remembered), else the next one
//   refused, or broken  -> the next one
//   silent              -> the next one, after a part of the time that is left
//
// Where every controller refuses the connection, waiting longer than kRefusedPatience is pointless.

#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/problem.h"
#include "proto/admin.pb.h"

namespace barnabas::cli {

using Milliseconds = std::chrono::milliseconds;

// One way to one controller.
class Controller {
 public:
  enum class Outcome { kAnswered, kRefused, kSilent, kBroken };
  struct Reply {
    Outcome outcome = Outcome::kBroken;
    proto::AdminAnswer answer;
    std::string detail;  // what came back where it was not an answer
  };
  virtual ~Controller() = default;
  virtual Reply call(const proto::AdminRequest& request, Milliseconds patience) = 0;
};

// The time and the waiting, so that tests need neither.
struct Patience {
  std::function<Milliseconds()> now;
  std::function<void(Milliseconds)> wait;
};

using Dial = std::function<std::unique_ptr<Controller>(const std::string& endpoint)>;

inline constexpr Milliseconds kRefusedPatience{1000};

class AdminClient {
 public:
  // `client`: 16 bytes that no other process uses.
  AdminClient(std::vector<std::string> endpoints, Dial dial, Patience patience, std::string client,
              Milliseconds timeout);

  // Asks the active controller. `tried` completes "could not ..." in the problem. `limit`: another
  // one than the timeout.
  Result<proto::AdminAnswer> call(proto::AdminRequest request, const std::string& tried,
                                  Milliseconds limit = Milliseconds::zero());
  // Asks `endpoint` alone or, where it is empty, whoever answers first; once around, no waiting.
  Result<proto::AdminAnswer> call_any(proto::AdminRequest request, const std::string& tried,
                                      const std::string& endpoint = "");

  const std::vector<std::string>& endpoints() const { return endpoints_; }

 private:
  Controller& at(const std::string& endpoint);
  Problem unreachable(const std::string& tried) const;
  Problem timed_out(const std::string& tried, const std::string& last, bool reached,
                    Milliseconds limit) const;

  std::vector<std::string> endpoints_;
  Dial dial_;
  Patience patience_;
  std::string client_;
  Milliseconds timeout_;
  uint64_t sequence_ = 0;
  std::string active_;  // who answered last
  std::map<std::string, std::unique_ptr<Controller>> dialled_;
};

}  // namespace barnabas::cli
