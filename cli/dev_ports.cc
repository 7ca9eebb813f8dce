#include "cli/dev_ports.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace barnabas::cli {
namespace {

constexpr uint16_t kBlocksFrom = 20'000;
constexpr int kBlocks = 500;
constexpr int kBlockSize = 20;

bool is_free(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free =
      bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(fd, 1) == 0;
  close(fd);
  return free;
}

}  // namespace

FileLock::~FileLock() { close(fd_); }

uint16_t first_busy_port(uint16_t from, int count) {
  for (int i = 0; i < count; ++i) {
    if (!is_free(static_cast<uint16_t>(from + i))) return static_cast<uint16_t>(from + i);
  }
  return 0;
}

uint16_t free_ports_from(uint16_t from, int count) {
  constexpr int kTries = 2'000;
  for (int first = from; first < from + kTries && first + count <= 65'535; ++first) {
    const uint16_t busy = first_busy_port(static_cast<uint16_t>(first), count);
    if (busy == 0) return static_cast<uint16_t>(first);
    first = busy;
  }
  return 0;
}

PortBlock reserve_ports() {
  const std::string directory = absl::StrCat("/tmp/barnabas-dev-ports-", getuid());
  mkdir(directory.c_str(), 0700);
  // Not all begin at the same place: those that cannot share locks (another user, another /tmp)
  // seldom meet.
  const int start = static_cast<int>(getpid()) % kBlocks;
  for (int i = 0; i < kBlocks; ++i) {
    const int block = (start + i) % kBlocks;
    const std::string path = absl::StrCat(directory, "/", block);
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    auto lock = std::make_unique<FileLock>(fd);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) continue;
    const auto first = static_cast<uint16_t>(kBlocksFrom + block * kBlockSize);
    if (first_busy_port(first, kBlockSize) == 0) return {first, std::move(lock)};
  }
  return {};
}

}  // namespace barnabas::cli
