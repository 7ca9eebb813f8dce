// A whole controller, with its real database, log and disk, whose applied state is damaged between
// two runs: it is rebuilt from the Raft log (F39, F40, P17), and nothing that was decided is lost.

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <thread>

#include "controller/process.h"

namespace barnabas::controller {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

class StoreDamage : public ::testing::Test {
 protected:
  StoreDamage() {
    const char* base = std::getenv("TEST_TMPDIR");
    directory_ = absl::StrCat(base != nullptr ? base : "/tmp", "/store_damage");
    fs::remove_all(directory_);
  }

  // One run of the controller; `work` runs beside it.
  void run(const std::function<void(ControllerProcess&)>& work) {
    ControllerConfig config;
    config.node = ControllerId{1};
    config.voters[config.node] = {"127.0.0.1", 1};  // alone: nobody dials it
    config.listen = {"127.0.0.1", 0};
    config.directory = directory_;
    config.snapshot_after_bytes = snapshot_after_bytes_;
    std::promise<void> listening;
    std::promise<absl::Status> ended;
    ControllerProcess::Events events;
    events.listening = [&](const Endpoint&) { listening.set_value(); };
    events.ended = [&](const absl::Status& status) {
      if (!status.ok()) listening.set_value();
      ended.set_value(status);
    };
    events.fatal = [](const absl::Status& status) { FAIL() << status; };
    ControllerProcess process(config, std::move(events));
    listening.get_future().get();
    std::future<absl::Status> end = ended.get_future();
    if (end.wait_for(seconds(0)) != std::future_status::ready) {
      work(process);
      process.stop();
    }
    start_status_ = end.get();
  }

  // Asked again until it is active.
  static proto::AdminAnswer call(ControllerProcess& process, const proto::AdminRequest& request) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (true) {
      std::promise<proto::AdminAnswer> promise;
      process.loop().post([&] {
        process.controller()->call(
            request, [&](const proto::AdminAnswer& answer) { promise.set_value(answer); });
      });
      const proto::AdminAnswer answer = promise.get_future().get();
      if (answer.error().code() == 0 || std::chrono::steady_clock::now() > deadline) return answer;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  static void set_retention(ControllerProcess& process, int number) {
    proto::AdminRequest request;
    proto::ConfigResource* resource = request.mutable_alter_configs()->add_resources();
    resource->set_type(4);
    proto::ConfigChange* change = resource->add_changes();
    change->set_key("log.retention.ms");
    change->set_value(absl::StrCat(1000000 + number));
    const proto::AdminAnswer answer = call(process, request);
    ASSERT_EQ(answer.error().code(), 0) << answer.DebugString();
    ASSERT_EQ(answer.alter_configs().resources(0).error().code(), 0) << answer.DebugString();
  }
  static std::string retention(ControllerProcess& process) {
    proto::AdminRequest request;
    request.mutable_describe_configs()->add_resources()->set_type(4);
    const proto::AdminAnswer answer = call(process, request);
    for (const proto::ConfigEntry& entry : answer.describe_configs().resources(0).entries()) {
      if (entry.key() == "log.retention.ms") return entry.value();
    }
    return "";
  }

  fs::path find(const std::string& part) {
    if (!fs::exists(directory_ + "/store")) return {};
    for (const auto& entry : fs::recursive_directory_iterator(directory_ + "/store")) {
      if (entry.path().filename().string().find(part) != std::string::npos) return entry.path();
    }
    return {};
  }
  void expect_rebuilt(const std::string& value) {
    run([&](ControllerProcess& process) { EXPECT_EQ(retention(process), value); });
    EXPECT_TRUE(start_status_.ok()) << start_status_;
    EXPECT_TRUE(fs::exists(directory_ + "/store.damaged"));
  }

  std::string directory_;
  uint64_t snapshot_after_bytes_ = uint64_t{20} << 20;
  absl::Status start_status_;
};

TEST_F(StoreDamage, F40_AMissingManifestIsRebuiltFromTheLog) {
  run([](ControllerProcess& process) {
    for (int i = 0; i < 20; ++i) set_retention(process, i);
  });
  ASSERT_TRUE(start_status_.ok()) << start_status_;
  ASSERT_TRUE(fs::remove(find("MANIFEST")));
  expect_rebuilt("1000019");
}

TEST_F(StoreDamage, F40_ADamagedTableIsRebuiltFromTheLog) {
  run([](ControllerProcess& process) {
    for (int i = 0; i < 300; ++i) set_retention(process, i);
  });
  // A start puts what the database's own log holds into a table.
  run([](ControllerProcess& process) { EXPECT_EQ(retention(process), "1000299"); });
  ASSERT_TRUE(start_status_.ok()) << start_status_;
  const fs::path table = find(".sst");
  ASSERT_FALSE(table.empty());
  std::ofstream(table, std::ios::binary) << std::string(fs::file_size(table), 'x');
  expect_rebuilt("1000299");
}

TEST_F(StoreDamage, F40_AMissingPointerToTheStoreIsRebuiltFromTheLog) {
  run([](ControllerProcess& process) { set_retention(process, 7); });
  ASSERT_TRUE(start_status_.ok()) << start_status_;
  std::ofstream(directory_ + "/store/current", std::ios::trunc) << "nonsense";
  expect_rebuilt("1000007");
}

// F39: without its write-ahead log the database opens, as of an earlier index.
TEST_F(StoreDamage, F39_ALostWriteAheadLogIsReplayedFromTheRaftLog) {
  run([](ControllerProcess& process) {
    for (int i = 0; i < 20; ++i) set_retention(process, i);
  });
  ASSERT_TRUE(start_status_.ok()) << start_status_;
  const fs::path log = find(".log");
  ASSERT_FALSE(log.empty());
  fs::resize_file(log, fs::file_size(log) / 2);
  run([](ControllerProcess& process) { EXPECT_EQ(retention(process), "1000019"); });
  EXPECT_TRUE(start_status_.ok()) << start_status_;
}

// The log alone does not reach back to the beginning: the snapshot does.
TEST_F(StoreDamage, F40_BehindASnapshotItIsRebuiltFromSnapshotAndLog) {
  snapshot_after_bytes_ = 20000;
  run([](ControllerProcess& process) {
    for (int i = 0; i < 300; ++i) set_retention(process, i);
  });
  ASSERT_TRUE(start_status_.ok()) << start_status_;
  ASSERT_FALSE(fs::is_empty(directory_ + "/snapshots"));
  ASSERT_TRUE(fs::remove(find("MANIFEST")));
  expect_rebuilt("1000299");
}

}  // namespace
}  // namespace barnabas::controller
