// Logging and the process.

#include <glog/logging.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "common/log_limit.h"
#include "common/logging.h"
#include "common/net/event_loop.h"
#include "common/process.h"

namespace barnabas {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

std::string fresh_directory(const std::string& name) {
  const std::string path = testing::TempDir() + "/" + name;
  fs::remove_all(path);
  return path;
}

size_t files_in(const std::string& directory) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

std::string all_text(const std::string& directory) {
  std::ostringstream out;
  for (const auto& entry : fs::directory_iterator(directory)) {
    out << std::ifstream(entry.path()).rdbuf();
  }
  return out.str();
}

TEST(Logging, FilesAreRolledAtTheirSizeAndOnlySoManyAreKept) {
  LoggingOptions options;
  options.program = "rolling";
  options.directory = fresh_directory("logs");
  options.max_file_bytes = 20000;
  options.max_files = 3;
  ASSERT_TRUE(start_logging(options).ok());
  for (int i = 0; i < 2000; ++i) LOG(INFO) << "line " << i << " " << std::string(80, 'x');
  LOG(WARNING) << "the last line";
  stop_logging();
  EXPECT_GE(files_in(options.directory), 2u);
  EXPECT_LE(files_in(options.directory), 3u);
  for (const auto& entry : fs::directory_iterator(options.directory)) {
    EXPECT_LE(fs::file_size(entry), options.max_file_bytes + 20000);
  }
  const std::string text = all_text(options.directory);
  EXPECT_THAT(text, HasSubstr("the last line"));
  EXPECT_THAT(text, Not(HasSubstr("line 0 ")));
}

TEST(Logging, OldFilesOfThisProgramGoAndOthersStay) {
  LoggingOptions options;
  options.program = "aging";
  options.directory = fresh_directory("aging");
  fs::create_directories(options.directory);
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(24 * 30);
  for (const char* name : {"aging.1.log", "other.1.log", "aging.keep.txt"}) {
    std::ofstream(options.directory + "/" + name) << "x";
    fs::last_write_time(options.directory + "/" + name, old);
  }
  std::ofstream(options.directory + "/aging.2.log") << "current";
  EXPECT_EQ(delete_old_logs(options), 1u);
  EXPECT_FALSE(fs::exists(options.directory + "/aging.1.log"));
  EXPECT_EQ(files_in(options.directory), 3u);
}

TEST(Logging, ADirectoryThatCannotBeMadeIsAnErrorWithItsName) {
  LoggingOptions options;
  options.program = "none";
  options.directory = "/proc/no/such";
  EXPECT_THAT(std::string(start_logging(options).message()), HasSubstr("/proc/no/such"));
}

TEST(Logging, SecretsAreNotShown) {
  EXPECT_EQ(shown_value("node.id", "1"), "1");
  for (const char* key :
       {"ssl.keystore.password", "sasl.jaas.config", "client.SECRET", "ssl.key", "oauth.token"}) {
    EXPECT_EQ(shown_value(key, "hunter2"), "[hidden]") << key;
  }
}

TEST(LogLimit, AdmitsOneLinePerIntervalAndCountsTheRest) {
  LogLimit limit(std::chrono::seconds(1));
  const Instant start = Instant(std::chrono::hours(1));
  EXPECT_EQ(limit.admit(start), 0u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(limit.admit(start), std::nullopt);
  EXPECT_EQ(limit.admit(start + std::chrono::seconds(1)), 5u);
  EXPECT_EQ(limit.admit(start + std::chrono::seconds(3)), 0u);
}

TEST(Process, KnowsItsSizeAndItsTime) {
  EXPECT_GT(resident_bytes(), 1024u * 1024);
  volatile uint64_t sum = 0;
  while (cpu_time() < std::chrono::milliseconds(5)) sum = sum + 1;
  EXPECT_GE(cpu_time(), std::chrono::milliseconds(5));
}

TEST(Process, ASignalToStopIsPostedToTheLoop) {
  block_stop_signals();
  EventLoop loop;
  bool stopped = false;
  {
    StopSignals signals(loop, [&] { stopped = true; });
    ::kill(::getpid(), SIGTERM);
    EXPECT_TRUE(loop.run_until([&] { return stopped; }, loop.now() + std::chrono::seconds(10)));
  }
  EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace barnabas
