#include "storage/posix_disk.h"

#include <absl/cleanup/cleanup.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "common/mutex.h"
#include "common/status.h"
#include "storage/error_policy.h"
#include "storage/posix_file.h"

namespace barnabas::storage {
namespace {

constexpr uint64_t kAlignment = 4096;  // of O_DIRECT, on every usual device

class PosixLock final : public Lock {
 public:
  explicit PosixLock(int descriptor) : descriptor_(descriptor) {}
  ~PosixLock() override { ::close(descriptor_); }

 private:
  const int descriptor_;
};

int open_retrying(const std::string& path, int flags) {
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

absl::Status sync_directory(const std::string& path) {
  const int descriptor = open_retrying(path, O_RDONLY | O_DIRECTORY);
  // Removed or renamed in the meantime: its entries are gone with it (disk.h).
  if (descriptor < 0 && errno == ENOENT) return absl::OkStatus();
  if (descriptor < 0)
    return disk_error(DiskCall::kSync, errno, absl::StrCat("open directory ", path));
  absl::Cleanup close_it = [descriptor] { ::close(descriptor); };
  while (::fsync(descriptor) != 0) {
    if (errno == EINTR) continue;
    return disk_error(DiskCall::kSync, errno, absl::StrCat("fsync directory ", path));
  }
  return absl::OkStatus();
}

std::string name_of_process(const std::string& pid) {
  std::string name;
  std::ifstream comm("/proc/" + pid + "/comm");
  std::getline(comm, name);
  return name;
}

}  // namespace

// Carries out syncs and remembers the first failure. Outlives the disk while one is under way.
class PosixDisk::Syncs {
 public:
  absl::Status run(const SyncSet& set) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      if (!failure_.ok()) return failure_;
    }
    absl::Status status = run_once(set);
    if (status.ok()) return status;
    MutexLock lock(mutex_);
    if (failure_.ok()) {
      failure_ = absl::InternalError(
          absl::StrCat("a sync failed, so that nothing written to this disk can be trusted to be "
                       "there after a crash (",
                       status.message(),
                       "); usual cause: a failing device. Check the kernel's log, replace the "
                       "disk, restart with an empty directory"));
    }
    return failure_;
  }

 private:
  static absl::Status run_once(const SyncSet& set) {
    // All devices queues get their work first; then each file is waited for.
    if (set.files.size() > 1) {
      for (const FilePtr& file : set.files) as_posix(file).begin_write_back();
    }
    for (const FilePtr& file : set.files) RETURN_IF_ERROR(as_posix(file).sync_data());
    for (const std::string& path : set.directories) RETURN_IF_ERROR(sync_directory(path));
    return absl::OkStatus();
  }
  static const PosixFile& as_posix(const FilePtr& file) {
    return static_cast<const PosixFile&>(*file);
  }

  Mutex mutex_;
  absl::Status failure_ GUARDED_BY(mutex_);
};

class PosixDisk::SyncThread {
 public:
  explicit SyncThread(std::shared_ptr<Syncs> syncs)
      : syncs_(std::move(syncs)), thread_([this] { work(); }) {}
  ~SyncThread() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void add(SyncSet set, Executor& loop, SyncDone done) EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      jobs_.push_back({std::move(set), &loop, std::move(done)});
    }
    wake_.notify_one();
  }

 private:
  struct Job {
    SyncSet set;
    Executor* loop;
    SyncDone done;
  };

  void work() EXCLUDES(mutex_) {
    while (true) {
      Job job;
      {
        MutexLock lock(mutex_);
        while (jobs_.empty() && !stopping_) wake_.wait(mutex_);
        // What was not begun is dropped: its callers are going away with this disk.
        if (stopping_) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      absl::Status status = syncs_->run(job.set);
      job.loop->post([done = std::move(job.done), status = std::move(status)]() mutable {
        done(std::move(status));
      });
    }
  }

  const std::shared_ptr<Syncs> syncs_;
  Mutex mutex_;
  CondVar wake_;
  std::deque<Job> jobs_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

PosixDisk::PosixDisk()
    : sync_loop_(nullptr),
      syncs_(std::make_shared<Syncs>()),
      sync_thread_(std::make_unique<SyncThread>(syncs_)) {}

PosixDisk::PosixDisk(Executor* sync_loop)
    : sync_loop_(sync_loop), syncs_(std::make_shared<Syncs>()) {}

PosixDisk::~PosixDisk() = default;

absl::StatusOr<FilePtr> PosixDisk::open(const std::string& path, OpenMode mode) {
  const int flags = mode == OpenMode::kRead        ? O_RDONLY
                    : mode == OpenMode::kReadWrite ? O_RDWR
                                                   : O_RDWR | O_CREAT;
  const int descriptor = open_retrying(path, flags);
  if (descriptor < 0) return disk_error(DiskCall::kOpen, errno, absl::StrCat("open ", path));
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) {
    const int error = errno;
    ::close(descriptor);
    return disk_error(DiskCall::kRead, error, absl::StrCat("stat ", path));
  }
  return std::make_shared<PosixFile>(descriptor, static_cast<uint64_t>(status.st_size), path);
}

absl::Status PosixDisk::make_directories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? disk_error(DiskCall::kOpen, error.value(), absl::StrCat("make directory ", path))
               : absl::OkStatus();
}

absl::Status PosixDisk::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  return disk_error(DiskCall::kName, errno, absl::StrCat("rename ", from, " to ", to));
}

absl::Status PosixDisk::unlink(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return absl::OkStatus();
  return disk_error(DiskCall::kName, errno, absl::StrCat("unlink ", path));
}

absl::Status PosixDisk::remove_directory(const std::string& path) {
  if (!exists(path)) return absl::NotFoundError(absl::StrCat("remove directory ", path));
  std::error_code error;
  std::filesystem::remove_all(path, error);
  return error ? disk_error(DiskCall::kName, error.value(), absl::StrCat("remove directory ", path))
               : absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> PosixDisk::list(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> names;
  std::filesystem::directory_iterator entry(directory, error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    names.push_back(entry->path().filename().string());
    entry.increment(error);
  }
  if (error) return disk_error(DiskCall::kRead, error.value(), absl::StrCat("list ", directory));
  std::sort(names.begin(), names.end());
  return names;
}

bool PosixDisk::exists(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0;
}

absl::StatusOr<Space> PosixDisk::space(const std::string& path) {
  struct statvfs status{};
  if (::statvfs(path.c_str(), &status) != 0) {
    return disk_error(DiskCall::kRead, errno, absl::StrCat("ask for the free space of ", path));
  }
  return Space{.free_bytes = uint64_t{status.f_bavail} * status.f_frsize,
               .total_bytes = uint64_t{status.f_blocks} * status.f_frsize};
}

absl::StatusOr<std::unique_ptr<Lock>> PosixDisk::lock(const std::string& path) {
  const int descriptor = open_retrying(path, O_RDWR | O_CREAT);
  if (descriptor < 0) return disk_error(DiskCall::kOpen, errno, absl::StrCat("open ", path));
  auto held = std::make_unique<PosixLock>(descriptor);
  char pid[32] = {};
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return disk_error(DiskCall::kLock, errno, absl::StrCat("lock ", path));
    const ssize_t length = ::pread(descriptor, pid, sizeof pid - 1, 0);
    const std::string holder(pid, static_cast<size_t>(std::max<ssize_t>(length, 0)));
    return absl::UnavailableError(
        absl::StrCat("lock ", path, ": held by process ", holder.empty() ? "(unknown)" : holder,
                     " (", name_of_process(holder),
                     "); two processes cannot use one directory. Stop that one, or "
                     "give this one a directory of its own"));
  }
  // For the message above, in another process; the lock itself needs no content.
  const std::string own = std::to_string(::getpid());
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, own.data(), own.size(), 0) != static_cast<ssize_t>(own.size())) {
    return disk_error(DiskCall::kWrite, errno, absl::StrCat("write ", path));
  }
  return held;
}

void PosixDisk::sync(SyncSet set, Executor& loop, SyncDone done) {
  if (sync_thread_ != nullptr) return sync_thread_->add(std::move(set), loop, std::move(done));
  auto run = [syncs = syncs_, set = std::move(set), &loop, done = std::move(done)]() mutable {
    absl::Status status = syncs->run(set);
    loop.post([done = std::move(done), status = std::move(status)]() mutable {
      done(std::move(status));
    });
  };
  if (sync_loop_->here()) {
    run();
  } else {
    sync_loop_->post(std::move(run));
  }
}

absl::Status PosixDisk::sync_and_wait(const SyncSet& set) { return syncs_->run(set); }

absl::StatusOr<size_t> PosixDisk::read_uncached(const std::string& path, uint64_t at,
                                                absl::Span<char> into) {
  int descriptor = open_retrying(path, O_RDONLY | O_DIRECT);
  if (descriptor < 0 && errno != EINVAL)
    return disk_error(DiskCall::kOpen, errno, absl::StrCat("open ", path));
  if (descriptor >= 0) {
    absl::Cleanup close_it = [descriptor] { ::close(descriptor); };
    const uint64_t from = at / kAlignment * kAlignment;
    const uint64_t to = (at + into.size() + kAlignment - 1) / kAlignment * kAlignment;
    const std::unique_ptr<char, decltype(&std::free)> bounce(
        static_cast<char*>(std::aligned_alloc(kAlignment, to - from)), &std::free);
    size_t done = 0;
    bool refused = false;
    while (from + done < to) {
      const ssize_t got = ::pread(descriptor, bounce.get() + done, to - from - done,
                                  static_cast<off_t>(from + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno != EINVAL) {
        return disk_error(DiskCall::kRead, errno,
                          absl::StrCat("read ", path, " at ", at, " past the page cache"));
      }
      refused = got < 0;
      // Less than a block is the end of the file; an unaligned continuation would be refused.
      if (got <= 0) break;
      done += static_cast<size_t>(got);
      if (static_cast<uint64_t>(got) % kAlignment != 0) break;
    }
    if (!refused) {
      const size_t skipped = static_cast<size_t>(at - from);
      const size_t count = done <= skipped ? 0 : std::min(done - skipped, into.size());
      std::memcpy(into.data(), bounce.get() + skipped, count);
      return count;
    }
  }
  // A file system without O_DIRECT: write back, drop the pages, read again.
  descriptor = open_retrying(path, O_RDONLY);
  if (descriptor < 0) return disk_error(DiskCall::kOpen, errno, absl::StrCat("open ", path));
  const PosixFile file(descriptor, 0, path);
  RETURN_IF_ERROR(file.sync_data());
  (void)::posix_fadvise(descriptor, static_cast<off_t>(at), static_cast<off_t>(into.size()),
                        POSIX_FADV_DONTNEED);
  return file.read(at, into);
}

}  // namespace barnabas::storage
