// run_apart(): the child writes its verdict into a pipe and ends; a child that ends otherwise has
// crashed.

#include <absl/strings/str_cat.h>
#include <glog/logging.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <type_traits>

#include "tests/simulation/trial.h"

namespace barnabas::simulation {
namespace {

// Of the processor's time: whoever is not ready by then never ends.
constexpr rlim_t kSecondsAtMost = 600;

int to_parent = -1;
std::string last_words;

void write_all(int to, const std::string& bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(to, bytes.data() + done, bytes.size() - done);
    if (n <= 0) return;
    done += static_cast<size_t>(n);
  }
}

void put(std::string& out, uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put(std::string& out, const std::string& text) {
  put(out, text.size());
  out += text;
}

class Taken {
 public:
  explicit Taken(const std::string& bytes) : bytes_(bytes) {}
  uint64_t number() {
    uint64_t number = 0;
    copy(&number, sizeof number);
    return number;
  }
  std::string text() {
    const uint64_t size = number();
    if (size > bytes_.size() - at_) return "";
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  void copy(void* into, size_t size) {
    if (size > bytes_.size() - at_) return;
    std::memcpy(into, bytes_.data() + at_, size);
    at_ += size;
  }

 private:
  const std::string& bytes_;
  size_t at_ = 0;
};

std::string encode(const Verdict& verdict) {
  static_assert(std::is_trivially_copyable_v<Happenings>);
  std::string out;
  put(out, static_cast<uint64_t>(verdict.outcome));
  put(out, verdict.finding);
  put(out, verdict.invariant);
  put(out, verdict.report);
  out.append(reinterpret_cast<const char*>(&verdict.happened), sizeof verdict.happened);
  put(out, verdict.fingerprint);
  put(out, verdict.last_draw);
  put(out, verdict.moments);
  put(out, verdict.struck.size());
  for (const auto& [number, line] : verdict.struck) {
    put(out, static_cast<uint64_t>(number));
    put(out, line);
  }
  put(out, verdict.branches.size());
  for (const auto& [branch, times] : verdict.branches) {
    put(out, branch);
    put(out, times);
  }
  return out;
}

Verdict decode(const std::string& bytes) {
  Taken in(bytes);
  Verdict verdict;
  verdict.outcome = static_cast<Outcome>(in.number());
  verdict.finding = in.text();
  verdict.invariant = in.text();
  verdict.report = in.text();
  in.copy(&verdict.happened, sizeof verdict.happened);
  verdict.fingerprint = in.number();
  verdict.last_draw = in.number();
  verdict.moments = in.number();
  for (uint64_t left = in.number(); left > 0; --left) {
    const int number = static_cast<int>(in.number());
    verdict.struck[number] = in.text();
  }
  for (uint64_t left = in.number(); left > 0; --left) {
    const std::string branch = in.text();
    verdict.branches[branch] = in.number();
  }
  return verdict;
}

// What the CHECK said, for the report.
class LastWords final : public google::LogSink {
 public:
  void send(google::LogSeverity severity, const char* /*full_filename*/, const char* base_filename,
            int line, const struct ::tm* /*time*/, const char* message, size_t length) override {
    if (severity != google::GLOG_FATAL) return;
    last_words = absl::StrCat(base_filename, ":", line, " ", std::string(message, length));
  }
};

const Run* watched = nullptr;

__attribute__((noreturn)) void say_and_end() {
  Verdict verdict;
  verdict.outcome = Outcome::kCrash;
  verdict.invariant =
      absl::StrCat("a broken CHECK at ", last_words.substr(0, last_words.find(' ')));
  verdict.finding = absl::StrCat("a broken CHECK: ", last_words);
  if (watched != nullptr) {
    verdict.report = watched->report();
    verdict.struck = watched->struck();
  }
  write_all(to_parent, encode(verdict));
  ::_exit(0);
}

__attribute__((noreturn)) void be_the_child(const Trial& trial) {
  const rlimit limit{kSecondsAtMost, kSecondsAtMost};
  CHECK_EQ(::setrlimit(RLIMIT_CPU, &limit), 0) << std::strerror(errno);
  LastWords sink;
  google::AddLogSink(&sink);
  watch_runs(&watched);
  google::InstallFailureFunction(&say_and_end);
  write_all(to_parent, encode(run_here(trial)));
  ::_exit(0);
}

}  // namespace

Verdict run_apart(const Trial& trial) {
  int ends[2];
  CHECK_EQ(::pipe(ends), 0) << std::strerror(errno);
  const pid_t child = ::fork();
  CHECK_GE(child, 0) << std::strerror(errno);
  if (child == 0) {
    ::close(ends[0]);
    to_parent = ends[1];
    be_the_child(trial);
  }
  ::close(ends[1]);
  std::string bytes;
  char buffer[1 << 16];
  for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    bytes.append(buffer, static_cast<size_t>(n));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  Verdict verdict;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !bytes.empty()) {
    verdict = decode(bytes);
  } else {
    verdict.outcome = Outcome::kCrash;
    verdict.invariant = WIFSIGNALED(status) ? absl::StrCat("signal ", WTERMSIG(status))
                                            : absl::StrCat("exit ", WEXITSTATUS(status));
    verdict.finding = absl::StrCat("the process ended by ", verdict.invariant);
  }
  if (verdict.outcome == Outcome::kCrash) {
    const std::string known = verdict.report;
    verdict.report = absl::StrCat("seed ", trial.options.seed, ", ", verdict.finding, "\n",
                                  known.empty() ? to_string(trial.options) + "\n" : known);
  }
  return verdict;
}

}  // namespace barnabas::simulation
