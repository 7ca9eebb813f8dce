#include "common/logging.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <glog/logging.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "common/mutex.h"

namespace barnabas {
namespace {

namespace fs = std::filesystem;

// glog's own rotation neither counts files nor names them in one series, so the file is ours.
class LogFile final : public google::base::Logger {
 public:
  explicit LogFile(const LoggingOptions& options) : options_(options) {}
  ~LogFile() override { close(); }

  absl::Status open() {
    MutexLock lock(mutex_);
    return open_next();
  }

  void Write(bool force_flush, time_t, const char* message, size_t length) override {
    MutexLock lock(mutex_);
    if (size_ >= options_.max_file_bytes && open_next().ok()) delete_old_logs(options_);
    buffer_.append(message, length);
    if (force_flush || buffer_.size() >= kBufferBytes) flush();
  }
  void Flush() override {
    MutexLock lock(mutex_);
    flush();
  }
  google::uint32 LogSize() override {
    MutexLock lock(mutex_);
    return static_cast<google::uint32>(size_ >> 20);
  }
  void close() {
    MutexLock lock(mutex_);
    flush();
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  static constexpr size_t kBufferBytes = 16 * 1024;

  absl::Status open_next() REQUIRES(mutex_) {
    flush();
    const time_t now = ::time(nullptr);
    tm parts{};
    ::gmtime_r(&now, &parts);
    char stamp[32];
    ::strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &parts);
    // A second file of the same second gets a number.
    for (int i = 0; i < 1000; ++i) {
      const std::string path =
          absl::StrCat(options_.directory, "/", options_.program, ".", stamp, ".", ::getpid(),
                       i == 0 ? "" : absl::StrCat("-", i), ".log");
      const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
      if (fd >= 0) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = fd;
        size_ = 0;
        return absl::OkStatus();
      }
      if (errno != EEXIST) {
        return absl::UnavailableError(
            absl::StrCat("cannot write the log to ", path, ": ", ::strerror(errno),
                         ". Give this user the right to write there, or name another directory"));
      }
    }
    return absl::UnavailableError(absl::StrCat("no free name for a log in ", options_.directory));
  }

  // A full disk must not stop the daemon: what cannot be written is dropped.
  void flush() REQUIRES(mutex_) {
    size_t at = 0;
    while (fd_ >= 0 && at < buffer_.size()) {
      const ssize_t n = ::write(fd_, buffer_.data() + at, buffer_.size() - at);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      at += static_cast<size_t>(n);
    }
    size_ += at;
    buffer_.clear();
  }

  const LoggingOptions options_;
  Mutex mutex_;
  std::string buffer_ GUARDED_BY(mutex_);
  int fd_ GUARDED_BY(mutex_) = -1;
  uint64_t size_ GUARDED_BY(mutex_) = 0;
};

LogFile* current_file = nullptr;  // glog holds it too; neither deletes it before the process ends

}  // namespace

absl::Status start_logging(const LoggingOptions& options) {
  const bool to_file = !options.directory.empty();
  FLAGS_logtostderr = !to_file;
  FLAGS_alsologtostderr = false;
  FLAGS_stderrthreshold = ::isatty(STDERR_FILENO) != 0 ? google::GLOG_INFO : google::GLOG_FATAL;
  FLAGS_logbufsecs = 1;
  FLAGS_stop_logging_if_full_disk = true;
  static const std::string program = options.program;  // glog keeps the pointer
  if (!google::IsGoogleLoggingInitialized()) google::InitGoogleLogging(program.c_str());
  if (!to_file) return absl::OkStatus();

  std::error_code error;
  fs::create_directories(options.directory, error);
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot make the log directory ", options.directory,
                                               ": ", error.message(), ". Name another one"));
  }
  auto* const file = new LogFile(options);
  if (absl::Status status = file->open(); !status.ok()) {
    delete file;
    return status;
  }
  // glog writes each line to the files of all lower severities as well: one series is enough.
  google::base::SetLogger(google::GLOG_INFO, file);
  for (const auto severity : {google::GLOG_WARNING, google::GLOG_ERROR, google::GLOG_FATAL}) {
    google::SetLogDestination(severity, "");
  }
  current_file = file;
  delete_old_logs(options);
  return absl::OkStatus();
}

void stop_logging() {
  if (current_file != nullptr) current_file->Flush();
}

size_t delete_old_logs(const LoggingOptions& options) {
  struct Found {
    fs::file_time_type when;
    fs::path path;
  };
  std::vector<Found> found;
  const std::string prefix = options.program + ".";
  std::error_code error;
  for (fs::directory_iterator entry(options.directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.rfind(prefix, 0) != 0 || entry->path().extension() != ".log") continue;
    std::error_code gone;
    const auto when = fs::last_write_time(entry->path(), gone);
    if (!gone) found.push_back({when, entry->path()});
  }
  // Newest first; names break ties, as they hold time and number.
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return a.when != b.when ? a.when > b.when : a.path > b.path;
  });
  const auto oldest_allowed = fs::file_time_type::clock::now() - options.max_age;
  size_t deleted = 0;
  for (size_t i = 1; i < found.size(); ++i) {  // the newest one is being written
    if (i < options.max_files && found[i].when >= oldest_allowed) continue;
    if (fs::remove(found[i].path, error)) ++deleted;
  }
  return deleted;
}

std::string shown_value(std::string_view key, std::string_view value) {
  const std::string lower = absl::AsciiStrToLower(absl::string_view(key.data(), key.size()));
  for (const char* secret : {"password", "secret", "token", "credential", "jaas", "private"}) {
    if (lower.find(secret) != std::string::npos) return "[hidden]";
  }
  if (lower.size() >= 4 && lower.compare(lower.size() - 4, 4, ".key") == 0) return "[hidden]";
  return std::string(value);
}

}  // namespace barnabas
