// Ports of `barnabas dev`: those that were asked for, if they are free; else some that nobody has.

#pragma once

#include <cstdint>
#include <memory>

namespace barnabas::cli {

// Holds a file against other processes; the kernel lets go of it when the process ends.
class FileLock {
 public:
  explicit FileLock(int fd) : fd_(fd) {}
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  const int fd_;
};

// The first of `count` ports from `from` on that is taken; 0: all are free on loopback.
uint16_t first_busy_port(uint16_t from, int count);
// The first of `count` ports in a row that are free, from `from` on; 0: there are none.
uint16_t free_ports_from(uint16_t from, int count);

// Twenty ports in a row that are free, and that no other `barnabas dev` of this user takes while
// `lock` lives, though nobody listens there yet. Below those that the kernel gives away.
struct PortBlock {
  uint16_t first = 0;  // 0: there is none
  std::unique_ptr<FileLock> lock;
};
PortBlock reserve_ports();

}  // namespace barnabas::cli
