// A broker, composed over the seams: the daemon gives it real loops and disks, the simulator one
// executor for everything.
//
//   start(): lock and read the directory, recover the replicas
//     -> register (a new incarnation, which fences the old one; S9)
//     -> the epoch is durable (S10) -> follow the image until it has reached the registration
//     -> listeners -> unfenced: serving
//   stop(): leaderships are moved away (bounded) -> connections -> logs -> clean marker, last
//
// A failed or stuck disk (S20), a final refusal by the controller and the like end it: events.ended
// with the reason, and the process is to exit; what it led is moved by the controller, which sees
// the session close. Everything below runs on the metadata loop.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "broker/api/auto_creation.h"
#include "broker/api/fetch_session.h"
#include "broker/api/producer_ids.h"
#include "broker/api/services.h"
#include "broker/config.h"
#include "broker/group/coordinator.h"
#include "broker/network/server.h"
#include "broker/partition/partitions.h"
#include "broker/session/session.h"
#include "common/executor.h"
#include "common/random.h"
#include "common/transport.h"
#include "storage/data_directory.h"
#include "storage/disk.h"
#include "storage/flush_scheduler.h"

namespace barnabas::broker {

struct BrokerSeams {
  Transport& transport;
  storage::Disk& disk;
  Random& random;
  Executor& metadata_loop;
  std::vector<Executor*> io_loops;
  Executor& disk_loop;                              // flushes
  partition::RecoveryProgress* recovery = nullptr;  // told how far start() has come
};

struct BrokerEvents {
  absl::AnyInvocable<void()> serving = [] {};
  // Called once. OK: a clean stop is complete. Else: why the process must exit now.
  absl::AnyInvocable<void(absl::Status)> ended = [](absl::Status) {};
};

class Broker final : public SessionEvents {
 public:
  // Everything up to registering; waits for the disk. `reachable_host`: the address by which this
  // machine reaches the cluster, told to others when a listener is bound to all addresses.
  static absl::StatusOr<std::unique_ptr<Broker>> start(BrokerConfig config, BrokerSeams seams,
                                                       BrokerEvents events,
                                                       std::string reachable_host);
  // When the loops have stopped, or on the metadata loop after `ended` if all loops are one.
  ~Broker();

  // A clean stop; `ended` follows.
  void stop();

  const api::RequestMetrics& metrics() const { return metrics_; }
  // Where the listeners really are; where port 0 was asked for too.
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  partition::Partitions& partitions() { return *partitions_; }
  Session& session() { return *session_; }
  group::Coordinator& groups() { return *groups_; }
  bool is_serving() const { return phase_ == Phase::kServing; }
  bool is_stopping() const { return phase_ == Phase::kStopping || phase_ == Phase::kEnded; }
  bool is_fenced() const { return fenced_; }
  BrokerEpoch epoch() const { return epoch_; }
  const api::DiskState& disk_state() const { return *disk_state_; }
  const storage::FlushStatistics& flushes() const { return flusher_->statistics(); }
  const std::string& cluster_id() const { return options_.cluster_id; }

 private:
  enum class Phase { kStarting, kCaughtUp, kServing, kStopping, kEnded };

  Broker(BrokerConfig config, BrokerSeams seams, BrokerEvents events, std::string reachable_host);

  absl::Status open_directory();
  absl::Status check_listeners();
  absl::Status open_listeners(bool chosen_by_kernel);
  void serve();
  std::vector<metadata::ListenerAddress> registered_listeners() const;
  void make_parts();

  absl::Status registered(const std::string& cluster_id, BrokerEpoch epoch) override;
  void image_changed(const metadata::Image& image, const metadata::Delta& delta, bool own) override;
  void caught_up() override;
  void fenced(bool fenced) override;
  void proposal_answered(const partition::InSyncProposal& proposal,
                         kafka::ErrorCode error) override;
  void may_shut_down() override;
  void refused(absl::Status why) override;

  void tick();
  absl::Status disk_trouble() const;
  void look_at_space();
  void close_connections();
  void close_logs();
  void end(absl::Status why);

  const BrokerConfig config_;
  BrokerSeams seams_;
  BrokerEvents events_;
  const std::string reachable_host_;
  std::unique_ptr<Random> random_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
  Phase phase_ = Phase::kStarting;
  bool image_counts_ = false;  // it has reached this registration (S8)
  bool fenced_ = true;

  api::Options options_;
  std::shared_ptr<api::DiskState> disk_state_ = std::make_shared<api::DiskState>();
  api::RequestMetrics metrics_;
  replication::LostLeaders lost_leaders_;
  BrokerEpoch epoch_ = kNoBrokerEpoch;

  std::unique_ptr<storage::DataDirectory> directory_;
  std::unique_ptr<storage::FlushScheduler> flusher_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<partition::Partitions> partitions_;
  std::unique_ptr<api::FetchSessions> fetch_sessions_;
  std::unique_ptr<api::ProducerIds> producer_ids_;
  std::unique_ptr<api::AutoCreation> auto_creation_;
  std::unique_ptr<group::Coordinator> groups_;
  std::unique_ptr<api::Services> services_;
  std::unique_ptr<network::Server> server_;
  std::vector<Endpoint> endpoints_;
  TimerId tick_timer_ = 0;
  TimerId stop_timer_ = 0;
};

}  // namespace barnabas::broker
