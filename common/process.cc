#include "common/process.h"

#include <glog/logging.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "common/net/event_loop.h"

namespace barnabas {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  return set;
}

Duration of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

uint64_t resident_bytes() {
  uint64_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

Duration cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return of(usage.ru_utime) + of(usage.ru_stime);
}

std::vector<std::string> environment() {
  std::vector<std::string> out;
  for (char** variable = environ; *variable != nullptr; ++variable) out.emplace_back(*variable);
  return out;
}

void block_stop_signals() {
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

struct StopSignals::Shared final : EventLoop::Watcher {
  Shared(EventLoop& l, Task s) : loop(l), stop(std::move(s)) {
    const sigset_t set = stop_signals();
    fd = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    PCHECK(fd >= 0) << "cannot listen to signals";
    watch = loop.watch(fd, *this);
  }
  ~Shared() {
    loop.unwatch(watch);
    ::close(fd);
  }

  void ready(uint32_t) override {
    signalfd_siginfo info;
    while (::read(fd, &info, sizeof info) == sizeof info) {
      if (stop == nullptr) {
        LOG(WARNING) << "a second signal to stop: ending at once";
        google::FlushLogFiles(google::GLOG_INFO);
        ::_exit(130);
      }
      LOG(INFO) << "stopping: "
                << (info.ssi_signo == static_cast<uint32_t>(SIGINT) ? "SIGINT" : "SIGTERM")
                << " from process " << info.ssi_pid;
      loop.post(std::exchange(stop, nullptr));
    }
  }

  EventLoop& loop;
  Task stop;
  int fd = -1;
  EventLoop::Watch* watch = nullptr;
};

StopSignals::StopSignals(Executor& loop, Task stop)
    : shared_([&] {
        auto* const event_loop = dynamic_cast<EventLoop*>(&loop);
        CHECK(event_loop != nullptr) << "signals are posted to EventLoops only";
        return new Shared(*event_loop, std::move(stop));
      }()) {}

StopSignals::~StopSignals() { delete shared_; }

}  // namespace barnabas
