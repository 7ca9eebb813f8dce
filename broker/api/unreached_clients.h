// Notices clients that reach this broker, are told where the cluster is, and then are never seen to
// do anything: the sign of an advertised address that they cannot use. Their own error messages
// name every cause but that one.
//
// A guess, for somebody may really want nothing but metadata; so it is said once for each machine,
// and counted. Thread-safe; called for Metadata, and once for each connection that does more.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/mutex.h"

namespace barnabas::api {

class UnreachedClients {
 public:
  // Somebody on the machine `host` asked where the brokers are. True, once for each machine: it has
  // asked five times within ten seconds, and nobody there did anything else within a minute.
  bool asked(std::string_view host, Instant now);
  // Somebody there did something else.
  void worked(std::string_view host, Instant now);

  uint64_t suspected() const;  // machines, so far

 private:
  struct Machine {
    Instant since{};  // of the ten seconds
    int asked = 0;
    Instant worked{};
    bool told = false;
  };

  Machine* find_or_add(std::string_view host) REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Machine, std::less<>> machines_ GUARDED_BY(mutex_);
  uint64_t suspected_ GUARDED_BY(mutex_) = 0;
};

}  // namespace barnabas::api
