#include "cli/dev_signals.h"

#include <glog/logging.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

namespace barnabas::cli {

DevSignals::DevSignals(EventLoop& loop, Heard heard) : loop_(loop), heard_(std::move(heard)) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  PCHECK(fd_ >= 0) << "cannot listen to signals";
  watch_ = loop_.watch(fd_, *this);
}

DevSignals::~DevSignals() {
  loop_.unwatch(watch_);
  close(fd_);
}

void DevSignals::ready(uint32_t) {
  signalfd_siginfo info;
  while (read(fd_, &info, sizeof info) == sizeof info) {
    heard_(static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL);
  }
}

}  // namespace barnabas::cli
