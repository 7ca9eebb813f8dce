#include "cli/dev_command.h"

#include <absl/strings/str_cat.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string_view>

namespace barnabas::cli {
namespace {

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    bool replaced = false;
    for (const auto& [name, value] : variables) {
      replaced = replaced || text.substr(0, name.size() + 1) == name + "=";
    }
    if (!replaced) out.emplace_back(text);
  }
  for (const auto& [name, value] : variables) out.push_back(absl::StrCat(name, "=", value));
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

DevCommand::DevCommand(EventLoop& loop, const std::string& command,
                       const std::vector<std::pair<std::string, std::string>>& variables,
                       absl::AnyInvocable<void(int code)> ended)
    : loop_(loop), ended_(std::move(ended)) {
  std::vector<std::string> words = {"sh", "-c", command};
  std::vector<std::string> environment = environment_with(variables);
  // What this process blocks and ignores is its own business.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&usual, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int error = posix_spawn(&pid_, "/bin/sh", nullptr, &attributes, pointers(words).data(),
                                pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  if (error == 0) fd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (error != 0 || fd_ < 0) {
    status_ =
        absl::UnavailableError(absl::StrCat("sh: ", std::strerror(error != 0 ? error : errno)));
    return;
  }
  watch_ = loop_.watch(fd_, *this);
}

DevCommand::~DevCommand() {
  if (watch_ != nullptr) loop_.unwatch(watch_);
  if (fd_ >= 0) close(fd_);
}

void DevCommand::send(int signal) const {
  if (pid_ > 0) kill(pid_, signal);
}

void DevCommand::kill_now() const { send(SIGKILL); }

void DevCommand::ready(uint32_t) {
  int how = 0;
  if (pid_ <= 0 || waitpid(pid_, &how, WNOHANG) != pid_) return;
  pid_ = 0;
  loop_.unwatch(std::exchange(watch_, nullptr));
  ended_(WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how));
}

}  // namespace barnabas::cli
