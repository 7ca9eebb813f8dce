#include "common/net/port_holder.h"

#include <absl/strings/str_cat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace barnabas {
namespace {

// The inode of the socket that listens on `port`, from one table of the kernel: columns are
// "sl local:port remote:port state ... inode", in hexadecimal; state 0A is LISTEN.
std::string listening_inode(const char* table, uint16_t port) {
  std::ifstream in(table);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream columns(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    columns >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
        timeout >> inode;
    const size_t colon = local.rfind(':');
    if (state != "0A" || colon == std::string::npos) continue;
    if (std::strtoul(local.c_str() + colon + 1, nullptr, 16) == port) return inode;
  }
  return "";
}

bool holds_socket(const std::filesystem::path& process, const std::string& link) {
  std::error_code error;
  for (std::filesystem::directory_iterator fd(process / "fd", error), end; !error && fd != end;
       fd.increment(error)) {
    std::error_code gone;
    if (std::filesystem::read_symlink(fd->path(), gone).string() == link) return true;
  }
  return false;
}

}  // namespace

std::string holder_of_port(uint16_t port) {
  std::string inode = listening_inode("/proc/net/tcp", port);
  if (inode.empty()) inode = listening_inode("/proc/net/tcp6", port);
  if (inode.empty()) return "";
  const std::string link = absl::StrCat("socket:[", inode, "]");
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string pid = entry->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!holds_socket(entry->path(), link)) continue;
    std::string name;
    std::getline(std::ifstream(entry->path() / "comm") >> std::ws, name);
    return absl::StrCat("process ", pid, " (", name, ")");
  }
  return "";
}

}  // namespace barnabas
