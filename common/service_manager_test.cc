#include "common/service_manager.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <string>

#include "common/net/event_loop.h"
#include "common/net/socket_address.h"

namespace barnabas {
namespace {

// The manager's end of the socket.
class Manager {
 public:
  explicit Manager(bool abstract) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    // Not under TEST_TMPDIR: a socket's name holds 107 characters only.
    const std::string path =
        (abstract ? "@barnabas-" : "/tmp/barnabas-notify-") + std::to_string(::getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (abstract) {
      address.sun_path[0] = '\0';
    } else {
      ::unlink(path.c_str());
    }
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    if (!abstract) file_ = path;
  }
  ~Manager() {
    if (!file_.empty()) ::unlink(file_.c_str());
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
    ::unsetenv("WATCHDOG_PID");
  }
  // The next message; "" if none comes in time.
  std::string hear(int milliseconds = 20'000) {
    pollfd wait{socket_.get(), POLLIN, 0};
    if (::poll(&wait, 1, milliseconds) != 1) return "";
    char bytes[256];
    const ssize_t got = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    return {bytes, static_cast<size_t>(got)};
  }

 private:
  Fd socket_;
  std::string file_;
};

TEST(ServiceManager, HearsWhatItIsTold) {
  for (const bool abstract : {false, true}) {
    Manager manager(abstract);
    tell_service_manager("READY=1\nSTATUS=serving");
    EXPECT_EQ(manager.hear(), "READY=1\nSTATUS=serving");
  }
}

TEST(ServiceManager, WhereThereIsNoneNothingHappens) {
  ::unsetenv("NOTIFY_SOCKET");
  tell_service_manager("READY=1");
  ::setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
  tell_service_manager("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
}

TEST(ServiceManager, TheWatchdogIsForTheProcessThatIsNamed) {
  EXPECT_EQ(watchdog_interval(), std::nullopt);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(watchdog_interval(), std::chrono::seconds(30));
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(watchdog_interval(), std::chrono::seconds(30));
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(watchdog_interval(), std::nullopt);
  ::unsetenv("WATCHDOG_USEC");
  ::unsetenv("WATCHDOG_PID");
}

TEST(ServiceManager, TheWatchdogIsFedWhileAllLoopsTurnAndNotWhenOneHangs) {
  Manager manager(true);
  ::setenv("WATCHDOG_USEC", "20000", 1);
  LoopThread second("second");
  LoopThread first("first");
  std::unique_ptr<Watchdog> dog;
  first.loop().post([&] {
    dog = std::make_unique<Watchdog>(std::vector<Executor*>{&first.loop(), &second.loop()});
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(manager.hear(), "WATCHDOG=1");

  std::mutex mutex;
  std::condition_variable moved;
  bool hangs = false, goes_on = false;
  second.loop().post([&] {
    std::unique_lock lock(mutex);
    hangs = true;
    moved.notify_all();
    moved.wait(lock, [&] { return goes_on; });
  });
  {
    std::unique_lock lock(mutex);
    moved.wait(lock, [&] { return hangs; });
  }
  // What was said before the loop hung, and then silence.
  while (!manager.hear(200).empty()) {
  }
  {
    const std::lock_guard lock(mutex);
    goes_on = true;
    moved.notify_all();
  }
  EXPECT_EQ(manager.hear(), "WATCHDOG=1");
  first.stop();
}

}  // namespace
}  // namespace barnabas
