// Admin requests on their way to the controller, until answered or overdue.
//
// The controller remembers the newest outcome of each client id (S3), so at most one request of an
// id may be under way: there are a few lanes, each an id with a counter of its own and a queue. The
// requests of one client host share a lane, and therefore keep their order. When the stream breaks,
// what was under way is sent again under the same number, to whoever is active then, and gets the
// first answer. On the session's loop only.

#pragma once

#include <absl/functional/any_invocable.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "broker/controller_session.h"
#include "common/executor.h"
#include "common/random.h"
#include "common/uuid.h"
#include "proto/admin.pb.h"

namespace barnabas::broker {

class AdminQueue {
 public:
  static constexpr size_t kLanes = 16;
  // Beyond this many, a request is refused at once: the controllers are away and clients insist.
  static constexpr size_t kMaxWaiting = 10'000;

  using Send = absl::AnyInvocable<void(uint64_t correlation, const proto::AdminRequest&)>;
  // `send` is called only while attached.
  AdminQueue(Executor& loop, Random& random, Send send);
  ~AdminQueue();

  void add(proto::AdminRequest request, Instant deadline, ControllerSession::AdminDone done);
  void attached();
  void detached() { attached_ = false; }
  // NOT_CONTROLLER is no answer: the request stays, for whom we attach to next.
  void answered(uint64_t correlation, proto::AdminAnswer answer);
  size_t size() const { return entries_.size(); }

 private:
  struct Lane {
    Uuid client;
    uint64_t sequence = 0;
    std::deque<uint64_t> queue;  // the first is under way
  };
  struct Entry {
    size_t lane = 0;
    proto::AdminRequest request;
    ControllerSession::AdminDone done;
    TimerId timer = 0;
  };

  void start_first(Lane& lane);
  void finish(uint64_t correlation, absl::StatusOr<proto::AdminAnswer> answer);

  Executor& loop_;
  Send send_;
  bool attached_ = false;
  std::array<Lane, kLanes> lanes_;
  std::map<uint64_t, Entry> entries_;  // by correlation: in order of arrival
  uint64_t last_correlation_ = 0;
};

}  // namespace barnabas::broker
