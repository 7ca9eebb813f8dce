// CPU cost of appending and reading, per gigabyte, on a real disk's page cache. Prints CPU-seconds
// per GB (user and system) for each way; no flushes.
//
//   bazel run --config=opt //storage/log:log_benchmark -- [directory [megabytes [batch bytes]]]

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "storage/log/log.h"
#include "storage/log/resources.h"
#include "storage/log/testing/batches.h"
#include "storage/posix_disk.h"

namespace barnabas::storage {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

struct Usage {
  double user = 0;
  double system = 0;
  static Usage now() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return {seconds(usage.ru_utime), seconds(usage.ru_stime)};
  }
};

void print(const char* what, const Usage& since, double gigabytes) {
  const Usage now = Usage::now();
  std::printf("%-48s %6.3f CPU-s/GB (user %.3f, system %.3f)\n", what,
              (now.user - since.user + now.system - since.system) / gigabytes,
              (now.user - since.user) / gigabytes, (now.system - since.system) / gigabytes);
}

template <class T>
T must(absl::StatusOr<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
    std::exit(1);
  }
  return *std::move(result);
}

// Appends, and after each append reads the tail `readers` times, as followers and consumers do.
void tail(const std::string& directory, const std::string& batch, size_t batches, int readers,
          size_t cache, const char* what) {
  std::filesystem::remove_all(directory);
  PosixDisk disk(nullptr);
  LogOptions options;
  options.resources = std::make_shared<LogResources>(ResourceLimits{.tail_cache_bytes = cache});
  const auto log = must(Log::open(disk, directory, options, {}));
  const Usage begin = Usage::now();
  for (size_t i = 0; i < batches; ++i) {
    const Appended appended =
        must(log->append_as_leader(batch, LeaderEpoch{0}, WallTime(std::chrono::milliseconds(0))));
    for (int reader = 0; reader < readers; ++reader) {
      const Buffer got = must(log->read(appended.first, 1 << 20, appended.next, true));
      if (got.size() != batch.size()) std::abort();
    }
  }
  print(what, begin, static_cast<double>(batches * batch.size()) / 1e9);
}

void cold(const std::string& directory, size_t read_bytes, const char* what) {
  PosixDisk disk(nullptr);
  const auto log = must(Log::open(disk, directory, {}, {.clean = true}));
  for (const char* pass : {" first pass (checksums)", " second pass"}) {
    const Usage begin = Usage::now();
    size_t total = 0;
    for (Offset from = log->start(); from < log->end();) {
      const Buffer got = must(log->read(from, read_bytes, log->end(), true));
      total += got.size();
      kafka::BatchStream walk(got.view());
      while (const auto batch = walk.next()) from = batch->next_offset();
    }
    print((std::string(what) + pass).c_str(), begin, static_cast<double>(total) / 1e9);
  }
}

int run(const std::string& directory, size_t megabytes, size_t batch_bytes) {
  const std::string batch =
      client_batch(static_cast<int>(std::max<size_t>(batch_bytes / 1024, 1)),
                   std::string(std::min<size_t>(batch_bytes, 1024) - 70, 'v'));
  const size_t batches = (megabytes << 20) / batch.size();
  std::printf("%zu batches of %zu bytes\n", batches, batch.size());
  constexpr size_t kCache = TailBudget::kDefaultBytes;
  for (int round = 0; round < 2; ++round) {  // the first one also warms the page cache's memory
    tail(directory, batch, batches, 0, 0, "append, no tail cache");
    tail(directory, batch, batches, 0, kCache, "append, tail cache");
    tail(directory, batch, batches, 1, 0, "append + 1 tail read, no tail cache");
    tail(directory, batch, batches, 1, kCache, "append + 1 tail read, tail cache");
    tail(directory, batch, batches, 3, 0, "append + 3 tail reads, no tail cache");
    tail(directory, batch, batches, 3, kCache, "append + 3 tail reads, tail cache");
  }
  cold(directory, 1 << 20, "read 1 MiB at a time,");
  cold(directory, 64 << 10, "read 64 KiB at a time,");
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace barnabas::storage

int main(int argc, char** argv) {
  const std::string directory = argc > 1 ? argv[1] : "/tmp/barnabas-log-benchmark";
  const size_t megabytes = argc > 2 ? static_cast<size_t>(std::atoll(argv[2])) : 1024;
  const size_t batch_bytes = argc > 3 ? static_cast<size_t>(std::atoll(argv[3])) : 16 << 10;
  return barnabas::storage::run(directory, megabytes, batch_bytes);
}
