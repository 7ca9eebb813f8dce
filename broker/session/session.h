// The broker's side of its session with the active controller.
//
//   searching --Registered--> attached --link closed, silence, NotActive, S8--> searching --> ...
//       |                         |
//       +--- Refused (final) -----+--> refused: the broker must exit (S12)
//
// While searching it has a link to every known controller at once and asks each: those that are not
// active say so (and name the active one, which is tried too), the first Registered wins. So a
// fail-over costs one round trip and not a sequence of timeouts. Asking several is safe: only the
// active controller can commit a registration, and the same incarnation gets the same epoch. Known
// are those of the configuration file and those that the active controller says vote now.
//
// Once attached: the metadata stream is resumed where the image is (S8), heartbeats go out every
// 400 ms, and everything that is owed an answer is sent again: proposals, admin requests under
// their old numbers, requests for producer ids. Nothing here touches the data path: a broker
// without a controller goes on serving what it leads.
//
// Public functions of ControllerSession are thread-safe; everything else happens on one loop.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/controller_session.h"
#include "broker/session/admin_queue.h"
#include "broker/session/applied_waiters.h"
#include "broker/session/controller_link.h"
#include "broker/session/metadata_follower.h"
#include "broker/session/proposal_queue.h"
#include "common/mutex.h"
#include "common/random.h"
#include "common/transport.h"

namespace barnabas::broker {

struct SessionOptions {
  std::vector<Endpoint> controllers;
  BrokerId self;
  Uuid incarnation;        // drawn at this start
  std::string cluster_id;  // empty: has not joined one yet
  std::string rack;
  std::vector<Uuid> directories;
  BrokerEpoch last_epoch = kNoBrokerEpoch;  // that this directory served (S10)
  bool clean_stop = false;
  std::string software;

  Duration heartbeat{std::chrono::milliseconds(400)};
  // While a state change is awaited (to be unfenced, to be let go).
  Duration heartbeat_eager{std::chrono::milliseconds(50)};
  // No answer to a heartbeat for so long: the controller is gone or paused. By the time that the
  // next heartbeat finds it so, the others have elected another one.
  Duration answer_limit{std::chrono::milliseconds(1000)};
  // The stream has stood still for so long while the commit index was ahead (S8).
  Duration stream_lag_limit{std::chrono::seconds(3)};
  // An attempt without any answer is given up. Longer than a session timeout: a registration may
  // wait for the end of the incarnation before.
  Duration attempt_limit{std::chrono::seconds(5)};
  Duration backoff_min{std::chrono::milliseconds(20)};
  Duration backoff_max{std::chrono::milliseconds(100)};
  Duration producer_ids_limit{std::chrono::seconds(10)};
};

// What the session tells its broker; on the session's loop.
class SessionEvents {
 public:
  // Committed. The epoch must be durable before this returns (S10); an error ends the broker.
  virtual absl::Status registered(const std::string& cluster_id, BrokerEpoch epoch) = 0;
  // `own`: the image has reached this broker's own registration (S8).
  virtual void image_changed(const metadata::Image& image, const metadata::Delta& delta,
                             bool own) = 0;
  // Once: the image has reached the registration.
  virtual void caught_up() = 0;
  virtual void fenced(bool fenced) = 0;  // by each heartbeat's answer that changes it
  virtual void proposal_answered(const partition::InSyncProposal& proposal,
                                 kafka::ErrorCode error) = 0;
  virtual void may_shut_down() = 0;
  // Final: this broker must not go on.
  virtual void refused(absl::Status why) = 0;

 protected:
  ~SessionEvents() = default;
};

class Session final : public ControllerSession, public ControllerLink::Owner {
 public:
  // On the loop, or before it runs; so is the destructor (or after it has stopped).
  Session(SessionOptions options, Transport& transport, Executor& loop, Random& random,
          SessionEvents& events);
  ~Session() override;

  // ---- On the loop ----
  void start(std::vector<metadata::ListenerAddress> listeners);
  // Closes everything; no event follows.
  void stop();
  // Recovered, caught up, listeners open: asks to be unfenced.
  void set_ready();
  // Asks to be relieved of all leaderships; may_shut_down() follows.
  void want_shutdown();
  void add_offline_directory(const Uuid& directory);
  const metadata::Image& image() const { return follower_.image(); }
  BrokerEpoch epoch() const { return epoch_; }
  bool attached() const { return active_ != nullptr; }

  // ---- ControllerSession ----
  void propose(partition::InSyncProposal proposal) override;
  void out_of_service(const metadata::TopicPartition& id, const std::string& why) override;
  void in_service_after_all(const metadata::TopicPartition& id) override;
  void admin(proto::AdminRequest request, Duration deadline, AdminDone done) override;
  void allocate_producer_ids(BlockDone done) override;
  void with_image(absl::FunctionRef<void(const metadata::Image&)> read) const override;
  void when_applied(LogIndex index, Duration deadline, Task then) override;

 private:
  struct Candidate {
    std::unique_ptr<ControllerLink> link;
    Duration backoff{};
    TimerId timer = 0;  // the next try, or the end of this one
  };

  void link_opened(ControllerLink& link) override;
  void link_message(ControllerLink& link, const proto::ControllerMessage& message) override;
  void link_closed(ControllerLink& link, Close why) override;

  // Runs `task` on the loop, unless this object is gone by then.
  void post(Task task);
  void send(const proto::BrokerMessage& message);

  void search();
  void dial(const Endpoint& to);
  void retry_later(const Endpoint& to);
  void give_up_searching();
  void retire(std::unique_ptr<ControllerLink> link);
  proto::BrokerMessage introduction() const;

  void attach(ControllerLink& link, const proto::Registered& registered);
  void detach(std::string_view why);
  void refuse(const proto::Refused& refused);
  void fatal(absl::Status why);

  void take(absl::StatusOr<std::optional<metadata::Delta>> changed);
  void heartbeat();
  void send_heartbeat();
  void heartbeat_answered(const proto::HeartbeatAnswer& answer);
  void controllers_are(const google::protobuf::RepeatedPtrField<std::string>& endpoints);
  bool eager() const;
  void ask_producer_ids(uint64_t correlation);
  void producer_ids_answered(const proto::AllocateProducerIdsAnswer& answer);
  void finish_producer_ids(uint64_t correlation, absl::StatusOr<ProducerIdBlock> block);

  const SessionOptions options_;
  Transport& transport_;
  Executor& loop_;
  SessionEvents& events_;
  std::unique_ptr<Random> random_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();

  bool stopped_ = false;
  std::vector<metadata::ListenerAddress> listeners_;
  std::map<Endpoint, Candidate> candidates_;
  std::unique_ptr<ControllerLink> active_;
  std::vector<std::unique_ptr<ControllerLink>> retired_;

  std::string cluster_id_;
  BrokerEpoch epoch_ = kNoBrokerEpoch;
  LogIndex registered_at_{0};
  bool caught_up_ = false;
  bool ready_ = false;
  bool want_shutdown_ = false;
  std::optional<bool> fenced_;
  std::vector<Uuid> offline_directories_;

  MetadataFollower follower_;
  AppliedWaiters waiters_;
  AdminQueue admin_;
  ProposalQueue proposals_;
  Mutex proposed_mutex_;
  std::vector<partition::InSyncProposal> proposed_ GUARDED_BY(proposed_mutex_);
  // Said in every heartbeat, so that a new active controller hears of them too.
  std::map<metadata::TopicPartition, std::string> offline_replicas_;

  TimerId heartbeat_timer_ = 0;
  uint64_t heartbeat_sequence_ = 0;
  Instant answered_at_{};
  LogIndex lag_target_{0};  // 0: the stream is not behind
  Instant lag_since_{};

  struct ProducerIdsAsked {
    BlockDone done;
    TimerId timer = 0;
  };
  std::map<uint64_t, ProducerIdsAsked> producer_ids_;
  uint64_t last_correlation_ = 0;
};

}  // namespace barnabas::broker
