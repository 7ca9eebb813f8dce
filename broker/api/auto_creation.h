// Topics that come into being because somebody asked for their metadata
// (auto.create.topics.enable). Each name is asked of the controller once at a time, however many
// clients ask for it; the clients are told "unknown topic" meanwhile and ask again.

#pragma once

#include <absl/container/flat_hash_set.h>

#include <string>
#include <vector>

#include "broker/controller_session.h"
#include "common/mutex.h"

namespace barnabas::api {

class AutoCreation {
 public:
  explicit AutoCreation(broker::ControllerSession& session) : session_(session) {}

  // More names than this under way: further ones are for the clients' next try.
  static constexpr size_t kMaxUnderWay = 1000;

  // Thread-safe. `host`: of the client, for the record.
  void create(const std::vector<std::string>& names, const std::string& host);

 private:
  broker::ControllerSession& session_;
  Mutex mutex_;
  absl::flat_hash_set<std::string> under_way_ GUARDED_BY(mutex_);
};

}  // namespace barnabas::api
