// Topics that come into being because somebody asked for their metadata
// (auto.create.topics.enable). Each name is asked of the controller once at a time, however many
// clients ask for it. Those who ask wait a moment for the outcome, as clients that are told
// "unknown topic" sleep for up to a second before they ask again; nobody waits longer than that
// moment.

#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <string>
#include <vector>

#include "broker/controller_session.h"
#include "common/executor.h"
#include "common/mutex.h"

namespace barnabas::api {

class AutoCreation {
 public:
  explicit AutoCreation(broker::ControllerSession& session) : session_(session) {}

  // More names than this under way: further ones are for the clients' next try.
  static constexpr size_t kMaxUnderWay = 1000;
  static constexpr Duration kMoment = std::chrono::milliseconds(500);

  // On `loop`. `then` runs there, once, when all outcomes are known and applied here, or the moment
  // is over. `host`: of the client, for the record.
  void create(const std::vector<std::string>& names, const std::string& host, Executor& loop,
              Task then);

 private:
  struct Waiter;
  using Waiters = std::vector<std::shared_ptr<Waiter>>;

  void ask(const std::vector<std::string>& names, const std::string& host);
  void finished(const std::vector<std::string>& names);

  broker::ControllerSession& session_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, Waiters> under_way_ GUARDED_BY(mutex_);
};

}  // namespace barnabas::api
