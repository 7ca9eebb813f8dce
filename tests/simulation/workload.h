// What programs do with the cluster while it suffers: idempotent producers and consumers on topics
// that stay, and one that creates, fills and deletes topics under the same names. Everything that
// was promised to them goes into ledgers (checks/).

#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/checks/acknowledged_records.h"
#include "tests/simulation/checks/fixed_offsets.h"
#include "tests/simulation/checks/high_watermarks.h"
#include "tests/simulation/checks/topics_known.h"
#include "tests/simulation/cluster.h"
#include "tests/simulation/consumer.h"
#include "tests/simulation/groups.h"
#include "tests/simulation/operators.h"
#include "tests/simulation/producer.h"
#include "tests/simulation/risky_records.h"
#include "tests/simulation/topic_admin.h"

namespace barnabas::simulation {

struct WorkloadOptions {
  int topics = 1;
  int partitions = 2;
  int producers = 2;
  int min_in_sync = 2;
  Duration pause_between_batches = std::chrono::milliseconds(20);
  int records_per_batch_max = 4;
  size_t unacknowledged_max = 40;  // per producer
  size_t record_bytes = 60;
  bool churn = true;  // create, fill and delete topics
  GroupOptions groups;
  OperatorOptions operators;
  RiskyOptions risky;
  // Faults come that may lose what was acknowledged: only that nothing false is served counts.
  bool beyond_the_atlas = false;
};

class Workload {
 public:
  Workload(Cluster& cluster, WorkloadOptions options, Findings& findings);
  ~Workload();

  // Creates the topics, then runs until finish().
  void start();
  // From now on each producer sends a batch about so often.
  void slow_down(Duration pause_between_batches) {
    options_.pause_between_batches = pause_between_batches;
    groups_.slow_down();
    operators_.slow_down();
    pause_between_churns_ = std::chrono::seconds(10);
    risky_.slow_down(pause_between_batches);
  }
  // No more new records; what is under way goes on.
  void finish() {
    finishing_ = true;
    groups_.finish();
    operators_.finish();
    risky_.finish();
  }
  // After finish(): everything is acknowledged and read, no topic is half created or deleted.
  bool finished() const;
  // Why not.
  std::string unfinished() const;
  bool topics_ready() const { return topics_ready_ == options_.topics; }

  // Reads everything once more from the beginning, for the verdict.
  void read_again();
  bool read_everything_again() const;
  // Compares what was read again with the ledger.
  void judge_records();
  void judge_topics(const std::string& process, const metadata::Image& image) const {
    topics_known_.judge(process, image);
  }

  static std::string topic_name(int topic) { return "stays-" + std::to_string(topic); }
  uint64_t sent() const { return sent_; }
  uint64_t acknowledged() const { return ledger_.count(); }
  // From the first attempt of a batch to its acknowledgement.
  Duration slowest_acknowledgement() const { return slowest_acknowledgement_; }
  uint64_t consumed() const { return fixed_offsets_.count(); }
  uint64_t topics_created() const { return topics_created_; }
  uint64_t topics_deleted() const { return topics_deleted_; }
  const Groups& groups() const { return groups_; }
  const Operators& operators() const { return operators_; }
  RiskyRecords& risky() { return risky_; }

 private:
  class Eyes;  // one consumer with what it tells the checks
  struct Program {
    std::unique_ptr<Client> client;
    std::unique_ptr<Producer> producer;
  };

  std::unique_ptr<Client> new_client(const std::string& name);
  Program new_program(int number);
  void produce(size_t program);
  void send(Program& program, int number, const std::string& topic, int32_t partition);
  void created(int topic, Uuid id);
  void churn();
  void fill_and_delete(const std::string& name, Uuid id, bool unsure);

  Cluster& cluster_;
  WorkloadOptions options_;
  Findings& findings_;
  SimExecutor& loop_;
  std::unique_ptr<Random> random_;
  AcknowledgedRecords ledger_;
  FixedOffsets fixed_offsets_;
  HighWatermarks high_watermarks_;
  TopicsKnown topics_known_;

  bool finishing_ = false;
  int topics_ready_ = 0;
  uint64_t sent_ = 0;
  Duration slowest_acknowledgement_{0};
  std::vector<Program> programs_;
  std::vector<std::unique_ptr<Eyes>> readers_;
  std::vector<std::unique_ptr<Eyes>> second_readers_;
  std::unique_ptr<Client> admin_client_;
  std::unique_ptr<TopicAdmin> admin_;

  bool churning_ = false;
  Duration pause_between_churns_ = std::chrono::milliseconds(400);  // at most
  int churned_ = 0;
  int next_name_ = 0;
  std::deque<std::string> free_names_;  // of deleted topics, to be used again
  Program churn_program_;
  uint64_t topics_created_ = 0;
  uint64_t topics_deleted_ = 0;
  Groups groups_;
  Operators operators_;
  RiskyRecords risky_;
};

}  // namespace barnabas::simulation
