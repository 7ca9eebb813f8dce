// A quorum over the real transport and the real disk, on loopback: each node on a thread of its
// own.

#pragma once

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/net/event_loop.h"
#include "common/net/grpc_link.h"
#include "raft/node.h"
#include "raft/testing/history.h"
#include "storage/posix_disk.h"

namespace barnabas::raft::testing {

// One controller process, as far as the quorum is concerned; its loop is a thread.
struct Process {
  explicit Process(int n) : thread(absl::StrCat("raft-", n)) {}
  LoopThread thread;
  GrpcTransport transport;
  storage::PosixDisk disk;
  History machine;
  std::unique_ptr<Listening> listening;
  std::unique_ptr<Node> node;
  Options options;

  // Runs on the loop and waits: nodes are single-threaded.
  template <class F>
  auto on_loop(F f) -> decltype(f()) {
    std::promise<decltype(f())> promise;
    thread.loop().post([&] { promise.set_value(f()); });
    return promise.get_future().get();
  }
  void stop() {
    on_loop([this] {
      listening.reset();
      node.reset();
      return 0;
    });
    thread.stop();
  }
};

class GrpcCluster {
 public:
  // `adjust` may change a node's options before it starts. `joiners` name three founders as peers,
  // and themselves.
  explicit GrpcCluster(
      const std::function<void(Options&)>& adjust = [](Options&) {}, int joiners = 0)
      : random_(seeded_random(11)) {
    const int all = 3 + joiners;
    for (int n = 1; n <= all; ++n) processes_.push_back(std::make_unique<Process>(n));
    std::vector<Voter> peers;
    for (int i = 0; i < all; ++i) {
      Process& process = *processes_[static_cast<size_t>(i)];
      auto listening = process.transport.listen(
          {"127.0.0.1", 0}, {Channel::kRaft, Channel::kRaftBulk}, {&process.thread.loop()},
          [&process](Channel channel, LinkPtr link) {
            if (process.node != nullptr) process.node->accept(channel, std::move(link));
          });
      EXPECT_TRUE(listening.ok()) << listening.status();
      process.listening = *std::move(listening);
      peers.push_back({ControllerId{i + 1}, Uuid(), process.listening->endpoint()});
    }
    for (int i = 0; i < all; ++i) {
      Process& process = *processes_[static_cast<size_t>(i)];
      process.options.self = ControllerId{i + 1};
      process.options.peers.assign(peers.begin(), peers.begin() + 3);
      if (i >= 3) process.options.peers.push_back(peers[static_cast<size_t>(i)]);
      process.options.directory_id = Uuid::make(*random_);
      process.options.directory =
          absl::StrCat(std::getenv("TEST_TMPDIR"), "/",
                       ::testing::UnitTest::GetInstance()->current_test_info()->name(),
                       "/controller-", i + 1, "/raft");
      std::filesystem::remove_all(process.options.directory);
      adjust(process.options);
      start(process);
    }
  }
  ~GrpcCluster() {
    for (auto& process : processes_) {
      if (process != nullptr) process->stop();
    }
  }

  std::optional<size_t> leader() {
    for (size_t i = 0; i < processes_.size(); ++i) {
      if (processes_[i] == nullptr) continue;
      const bool leads = processes_[i]->on_loop(
          [&] { return processes_[i]->node != nullptr && processes_[i]->node->is_leading(); });
      if (leads) return i;
    }
    return std::nullopt;
  }
  // Polls the state of other threads; no order of events depends on how often.
  bool await(const std::function<bool()>& done, std::chrono::milliseconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }
  // Proposes `count` entries at the leader, all at once, and waits for the answers.
  int propose(int count, const std::string& filling = "") {
    // On a busy machine there may be none for a while.
    std::optional<size_t> at;
    await([&] { return (at = leader()).has_value(); }, std::chrono::seconds(60));
    if (!at.has_value()) return 0;
    Process& process = *processes_[*at];
    std::mutex mutex;
    std::condition_variable answered;
    int ok = 0;
    int answers = 0;
    process.on_loop([&] {
      for (int i = 0; i < count; ++i) {
        process.node->propose(absl::StrCat("entry ", ++proposed_, filling),
                              [&](const absl::StatusOr<LogIndex>& index) {
                                const std::lock_guard lock(mutex);
                                ok += index.ok() ? 1 : 0;
                                if (++answers == count) answered.notify_one();
                              });
      }
      return 0;
    });
    std::unique_lock lock(mutex);
    answered.wait_for(lock, std::chrono::seconds(60), [&] { return answers == count; });
    return ok;
  }
  void kill(size_t i) {
    processes_[i]->stop();
    processes_[i].reset();
  }
  // The process stays, its node goes; and comes back, on the same disk and the same port.
  void pause(size_t i) {
    Process& process = *processes_[i];
    process.on_loop([&] {
      process.node.reset();
      process.machine.forget_unflushed();
      return 0;
    });
  }
  void resume(size_t i) { start(*processes_[i]); }
  // Of one that pauses: its disk is replaced by an empty one.
  void wipe(size_t i) {
    Process& process = *processes_[i];
    process.on_loop([&] {
      std::filesystem::remove_all(process.options.directory);
      process.options.directory_id = Uuid::make(*random_);
      process.machine = History();
      return 0;
    });
  }
  // Asks whoever leads, once.
  absl::Status ask(const std::function<void(Node&, Node::Changed)>& what) {
    const std::optional<size_t> at = leader();
    if (!at.has_value()) return absl::UnavailableError("no leader");
    auto answer = std::make_shared<std::promise<absl::Status>>();
    auto future = answer->get_future();
    processes_[*at]->on_loop([&] {
      what(*processes_[*at]->node,
           [answer](const absl::Status& status) { answer->set_value(status); });
      return 0;
    });
    if (future.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
      return absl::DeadlineExceededError("no answer");
    }
    return future.get();
  }
  Process& process(size_t i) { return *processes_[i]; }
  bool running(size_t i) const { return processes_[i] != nullptr; }
  Status status(size_t i) {
    return processes_[i]->on_loop([&] { return processes_[i]->node->status(); });
  }
  size_t applied(size_t i) {
    return processes_[i]->on_loop([&] { return processes_[i]->machine.entries.size(); });
  }

 private:
  void start(Process& process) {
    process.on_loop([&] {
      auto node = Node::start(process.options, process.disk, process.transport,
                              process.thread.loop(), *random_, process.machine);
      EXPECT_TRUE(node.ok()) << node.status();
      if (node.ok()) process.node = *std::move(node);
      return 0;
    });
  }

  std::unique_ptr<Random> random_;
  std::vector<std::unique_ptr<Process>> processes_;
  int proposed_ = 0;
};

}  // namespace barnabas::raft::testing
