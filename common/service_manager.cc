#include "common/service_manager.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace barnabas {
namespace {

std::string environment(const char* name) {
  const char* const value = ::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

void tell_service_manager(std::string_view state) {
  const std::string path = environment("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  ::memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';  // Linux' abstract name space
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return;
  ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address),
           static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size()));
  ::close(socket);
}

std::optional<Duration> watchdog_interval() {
  const std::string process = environment("WATCHDOG_PID");
  if (!process.empty() && process != std::to_string(::getpid())) return std::nullopt;
  const int64_t microseconds = ::atoll(environment("WATCHDOG_USEC").c_str());
  if (microseconds <= 0) return std::nullopt;
  return Duration(microseconds);
}

struct Watchdog::Round : std::enable_shared_from_this<Round> {
  explicit Round(std::vector<Executor*> l) : loops(std::move(l)) {}

  void begin(Duration every) {
    timer = loops[0]->after(every, [self = shared_from_this(), every] { self->pass(1, every); });
  }

  void pass(size_t to, Duration every) {
    if (to < loops.size()) {
      loops[to]->post([self = shared_from_this(), to, every] { self->pass(to + 1, every); });
      return;
    }
    loops[0]->post([self = shared_from_this(), every] {
      if (self->ended) return;
      tell_service_manager("WATCHDOG=1");
      self->begin(every);
    });
  }

  const std::vector<Executor*> loops;
  TimerId timer = 0;
  bool ended = false;  // of the first loop
};

Watchdog::Watchdog(std::vector<Executor*> loops)
    : round_(std::make_shared<Round>(std::move(loops))) {
  if (const auto interval = watchdog_interval()) round_->begin(*interval / 2);
}

Watchdog::~Watchdog() {
  round_->ended = true;
  round_->loops[0]->cancel(round_->timer);
}

}  // namespace barnabas
