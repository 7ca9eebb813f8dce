#include "broker/api/unreached_clients.h"

namespace barnabas::api {
namespace {

constexpr size_t kMachinesMax = 1'000;
constexpr int kOften = 5;
constexpr Duration kWindow = std::chrono::seconds(10);
constexpr Duration kQuiet = std::chrono::minutes(1);

}  // namespace

UnreachedClients::Machine* UnreachedClients::find_or_add(std::string_view host) {
  const auto found = machines_.find(host);
  if (found != machines_.end()) return &found->second;
  if (machines_.size() >= kMachinesMax) return nullptr;
  return &machines_[std::string(host)];
}

bool UnreachedClients::asked(std::string_view host, Instant now) {
  MutexLock lock(mutex_);
  Machine* const machine = find_or_add(host);
  if (machine == nullptr || machine->told) return false;
  if (machine->asked == 0 || now - machine->since > kWindow) {
    machine->since = now;
    machine->asked = 0;
  }
  ++machine->asked;
  const bool idle = machine->worked == Instant{} || now - machine->worked > kQuiet;
  if (machine->asked < kOften || !idle) return false;
  machine->told = true;
  ++suspected_;
  return true;
}

void UnreachedClients::worked(std::string_view host, Instant now) {
  MutexLock lock(mutex_);
  if (Machine* const machine = find_or_add(host)) machine->worked = now;
}

uint64_t UnreachedClients::suspected() const {
  MutexLock lock(mutex_);
  return suspected_;
}

}  // namespace barnabas::api
