// The shell around the core: carries out its effects in order, and knows nothing of Raft.
//
//   links, disk completions, timer, callers --> events --> core --> effects --> disk, links,
//   machine
//
// Events are queued and stepped one after the other, also those that an effect causes on the spot.

#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "raft/acquaintances.h"
#include "raft/core/core.h"
#include "raft/formation.h"
#include "raft/node.h"
#include "raft/node_storage.h"
#include "raft/peer_links.h"
#include "raft/wire.h"

namespace barnabas::raft {

class NodeImpl final : public Node, private PeerLinks::Listener {
 public:
  NodeImpl(Options options, storage::Disk& disk, Transport& transport, Executor& loop,
           Random& random, StateMachine& machine);
  ~NodeImpl() override;

  absl::Status recover();
  void begin();

  void accept(Channel channel, LinkPtr link) override;
  void propose(std::string payload, Proposed done) override;
  void read_index(ReadReady done) override;
  void add_voter(ControllerId id, Changed done) override;
  void remove_voter(ControllerId id, std::optional<Uuid> directory, Changed done) override;
  void transfer_leadership(std::optional<ControllerId> to, Changed done) override;
  std::optional<Endpoint> endpoint_of(ControllerId id) const override;
  bool is_leading() const override { return leading_; }
  std::optional<ControllerId> leader() const override;
  Term term() const override { return storage_.record.hard.term; }
  Status status() const override;
  LogIndex last_index() const override;
  void on_fatal(absl::AnyInvocable<void(absl::Status)> handler) override;

 private:
  // ---- The loop (node_impl.cc) ----
  void start_core();
  void feed(Event event);
  void run(Effects effects);
  void tell();
  bool run_storage(Effects& effects);
  void apply(const std::vector<Entry>& entries);
  void role_changed(const RoleChange& change);
  void end_leading();
  void arm_timer();
  void send(const Message& message);
  void write_votes();
  void votes_written(uint64_t hard_version, uint64_t formation_version);
  void sync_log();
  void remember_round();
  absl::Status lower_claim(LogIndex keep);

  // ---- Trouble ----
  void storage_failed(const absl::Status& status);
  void suspend(const absl::Status& status);
  void stop_for_good(const absl::Status& status);
  void drop_core();
  void stop_links();

  // ---- Links and formation (node_links.cc) ----
  void link_opened(ControllerId peer) override;
  void link_closed(ControllerId peer, bool accepted) override;
  Heard frame(Channel channel, const Buffer& bytes) override;
  void remember(const Message& message);
  void tell_memories(ControllerId peer);
  void introduce_again();
  bool is_for_us(const FrameHead& head) const;
  void run(FormationEffects effects);
  FrameHead head_to(const VoterId& to, Term term);
  std::string introduction_to(ControllerId peer, Introduction introduction);
  VoterId voter(ControllerId id) const;
  bool formed() const { return storage_.record.formation == FormationState::kFormed; }

  // ---- Who votes, who is reached (node_members.cc) ----
  bool is_voter() const;
  bool is_observed(const VoterId& node) const;
  void introduced(const VoterId& node, const Introduction& introduction);
  void reach_soon();
  void reach_members();
  void answer(Changed done, const absl::Status& status);
  // Has told `done` why there can be no change now.
  bool refuses_change(Changed& done);
  void answer_change(const absl::Status& status);
  void answer_transfer(const absl::Status& status);
  void members_changed(Effects& effects);
  std::vector<ProgressView> members() const;
  ProgressView view_of(const VoterId& node, const Endpoint& endpoint, MemberKind kind) const;

  // ---- Snapshots (node_snapshots.cc) ----
  void consider_snapshot(bool wanted = false);
  void snapshot_saved(const SnapshotOffer& snapshot);
  void compact(LogIndex behind);
  void fetch(const SnapshotFetch& fetch);
  void ask_for_chunk();
  void end_fetch();
  void look_whether_sound(const EntryId& snapshot);
  void received(const FrameHead& head, const TransferBody& body);
  void install(const SnapshotOffer& snapshot);

  const Options options_;
  storage::Disk& disk_;
  Transport& transport_;
  Executor& loop_;
  const std::unique_ptr<Random> random_;
  StateMachine& machine_;
  NodeStorage storage_;
  std::unique_ptr<PeerLinks> links_;
  std::unique_ptr<Formation> formation_;
  std::unique_ptr<Core> core_;
  uint64_t life_ = 0;  // of the core: completions of an earlier one are void
  std::string trouble_;
  absl::AnyInvocable<void(absl::Status)> fatal_handler_;
  absl::Status fatal_;

  std::deque<Event> events_;
  bool stepping_ = false;
  std::deque<Task> told_;  // what the machine and those who asked are to hear, in order
  bool telling_ = false;
  TimerId timer_ = 0;
  TimerId resume_timer_ = 0;
  TimerId introduce_timer_ = 0;
  TimerId reach_timer_ = 0;
  uint64_t last_request_ = 0;

  // What others have said of themselves in this process's time; some vote, some do not.
  struct Introduced {
    VoterId who;
    Endpoint endpoint;
    bool of_this_cluster = false;
    Instant heard;
  };
  std::map<ControllerId, Introduced> introduced_;
  std::set<ControllerId>
      sought_;  // to be reached whatever the configuration says, until it changes
  ConfigurationAt heard_configuration_;  // the newest configuration that others have told of
  struct Change {
    Changed done;
    std::optional<LogIndex> index;  // none: not in the log yet
  };
  std::optional<Change> change_;
  LogIndex told_voters_of_;  // in the log file
  std::optional<Changed> transfer_;
  TimerId transfer_timer_ = 0;

  const uint64_t session_;  // of this process
  Acquaintances acquaintances_;
  FoundAtStart found_;

  // Hard state and formation travel in the same file; versions say what a write covered.
  uint64_t hard_version_ = 0;
  uint64_t hard_durable_version_ = 0;
  uint64_t formation_version_ = 0;
  uint64_t formation_durable_version_ = 0;
  bool record_changed_ = false;
  std::deque<std::pair<uint64_t, Message>> held_;  // until that version is durable
  bool sync_again_ = false;
  TimerId round_timer_ = 0;

  bool leading_ = false;
  std::optional<std::pair<Term, std::optional<ControllerId>>> told_following_;
  std::deque<Proposed> undecided_;          // proposals on their way into the core
  std::map<LogIndex, Proposed> in_flight_;  // appended, not applied
  std::map<uint64_t, ReadReady> reads_;
  uint64_t last_read_ = 0;

  struct Counted {
    Histogram commit;
    int64_t sent_messages = 0, sent_bytes = 0;
    int64_t received_messages = 0, received_bytes = 0;
    int64_t terms_led = 0;
  };
  // Shared with proposals that are under way.
  const std::shared_ptr<Counted> counted_ = std::make_shared<Counted>();

  bool saving_snapshot_ = false;
  uint64_t snapshot_at_bytes_ = 0;  // the log's size when the last one was made
  struct Fetching {
    SnapshotFetch what;
    TimerId retry = 0;
    bool finishing = false;
  };
  std::optional<Fetching> fetching_;
};

}  // namespace barnabas::raft
