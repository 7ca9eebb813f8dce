// Records on topics that may lose them: unclean elections are allowed there, and each record is
// sent once, without a producer's sequence, and never again. What is lost has to be excused
// (checks/excused_loss.h).
//
// One sender per partition, one record at a time.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/checks/excused_loss.h"
#include "tests/simulation/client.h"
#include "tests/simulation/cluster.h"
#include "tests/simulation/topic_admin.h"
#include "tests/simulation/wary_reader.h"

namespace barnabas::simulation {

struct RiskyOptions {
  int partitions = 0;  // 0: none of this
  int min_in_sync = 1;
  bool unclean = true;  // unclean.leader.election.enable
  Duration pause = std::chrono::milliseconds(20);
};

class RiskyRecords {
 public:
  RiskyRecords(Cluster& cluster, RiskyOptions options, Findings& findings);
  ~RiskyRecords();

  void start();
  void slow_down(Duration pause) { options_.pause = pause; }
  void finish() { finishing_ = true; }
  bool finished() const;
  std::string unfinished() const;
  // Once the cluster is whole: compares what the leaders hold.
  void judge();
  // Beyond the atlas: what clients are given is watched all along; at the end everything is read
  // once more, and what was read completely is judged. `excused`: a disk has lost what it had, and
  // a loss needs no further cause.
  void watch();
  void read_again();
  bool read_everything_again() const;
  void judge_what_was_read(bool excused);
  uint64_t passes() const;
  uint64_t refusals() const;

  static constexpr char kTopic[] = "risky";
  const ExcusedLoss& loss() const { return loss_; }
  // The newest that any node knows.
  Lineage lineage(int32_t partition);

 private:
  struct Sender {
    int32_t partition = 0;
    uint64_t sent = 0;
    bool waiting = false;
  };
  void send(Sender& sender);
  void answered(Sender& sender, const std::string& value, bool done);
  std::string name(int32_t partition) const;

  Cluster& cluster_;
  RiskyOptions options_;
  Findings& findings_;
  ExcusedLoss loss_;
  SimExecutor* loop_ = nullptr;
  std::unique_ptr<Client> client_;
  std::unique_ptr<TopicAdmin> admin_;
  std::vector<std::unique_ptr<Sender>> senders_;
  bool watched_ = false;
  std::vector<std::unique_ptr<WaryReader>> readers_;
  bool ready_ = false;
  bool finishing_ = false;
};

}  // namespace barnabas::simulation
