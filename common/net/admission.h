// Who may still connect: counts open connections, in all and by address. A Ticket stands for one
// connection and gives its place back when it dies. Thread-safe.

#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/mutex.h"

namespace barnabas {

class Admission : public std::enable_shared_from_this<Admission> {
 public:
  Admission(size_t max_connections, size_t max_connections_per_ip)
      : max_(max_connections), max_per_ip_(max_connections_per_ip) {}

  class Ticket {
   public:
    Ticket() = default;
    Ticket(std::shared_ptr<Admission> from, std::string ip)
        : from_(std::move(from)), ip_(std::move(ip)) {}
    Ticket(Ticket&&) noexcept = default;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      if (from_ != nullptr) from_->leave(ip_);
    }

   private:
    std::shared_ptr<Admission> from_;
    std::string ip_;
  };

  // Nothing when a limit is reached; `limit` then says which.
  std::optional<Ticket> admit(const std::string& ip, const char*& limit) {
    MutexLock lock(mutex_);
    if (count_ >= max_) {
      limit = "max_connections";
      return std::nullopt;
    }
    size_t& of_ip = by_ip_[ip];
    if (of_ip >= max_per_ip_) {
      if (of_ip == 0) by_ip_.erase(ip);
      limit = "max_connections_per_ip";
      return std::nullopt;
    }
    ++of_ip;
    ++count_;
    return Ticket(shared_from_this(), ip);
  }

  size_t count() {
    MutexLock lock(mutex_);
    return count_;
  }

 private:
  void leave(const std::string& ip) {
    MutexLock lock(mutex_);
    --count_;
    const auto found = by_ip_.find(ip);
    if (--found->second == 0) by_ip_.erase(found);
  }

  const size_t max_;
  const size_t max_per_ip_;
  Mutex mutex_;
  size_t count_ GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, size_t> by_ip_ GUARDED_BY(mutex_);
};

}  // namespace barnabas
