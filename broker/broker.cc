#include "broker/broker.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "broker/topic_defaults.h"
#include "common/status.h"
#include "kafka/errors.h"

namespace barnabas::broker {
namespace {

constexpr Duration kTick = std::chrono::seconds(1);
constexpr Duration kOfferTime = std::chrono::seconds(2);
constexpr Duration kSessionIdle = std::chrono::minutes(2);
constexpr char kSoftware[] = "barnabas";

bool is_any_address(std::string_view host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

// So much must stay free that one second of full load, which is how often we look, cannot fill it.
uint64_t least_free(const BrokerConfig& config, const storage::Space& space) {
  if (config.free_bytes_min >= 0) return static_cast<uint64_t>(config.free_bytes_min);
  return std::min(uint64_t{256} << 20, space.total_bytes / 20);
}

int32_t in_milliseconds(Duration time) {
  return static_cast<int32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

group::CoordinatorOptions group_options(const BrokerConfig& config) {
  group::CoordinatorOptions out;
  out.self = config.node;
  out.topic.partitions = config.offsets_partitions;
  out.topic.replication = config.offsets_replication;
  out.topic.segment_bytes = config.offsets_segment_bytes;
  out.runner.commit_timeout = config.offsets_commit_timeout;
  group::Options& shard = out.runner.shard;
  shard.initial_rebalance_delay = config.group_initial_rebalance_delay;
  shard.min_session_timeout_ms = in_milliseconds(config.group_min_session_timeout);
  shard.max_session_timeout_ms = in_milliseconds(config.group_max_session_timeout);
  shard.max_group_size = static_cast<size_t>(config.group_max_size);
  shard.offset_metadata_max_bytes = static_cast<size_t>(config.offset_metadata_max_bytes);
  shard.offsets_retention =
      std::chrono::duration_cast<std::chrono::milliseconds>(config.offsets_retention);
  shard.retention_check_interval = config.offsets_retention_check;
  return out;
}

}  // namespace

Broker::Broker(BrokerConfig config, BrokerSeams seams, BrokerEvents events,
               std::string reachable_host)
    : config_(std::move(config)),
      seams_(std::move(seams)),
      events_(std::move(events)),
      reachable_host_(std::move(reachable_host)),
      random_(seams_.random.fork("broker")) {
  options_.self = config_.node;
  options_.auto_create_topics = config_.auto_create_topics;
  options_.delete_topics = config_.delete_topics;
  options_.advertise_reached = config_.advertised.empty();
  options_.host = config_.host;
  options_.advertised_map = config_.advertised_map;
  if (!config_.advertised.empty()) options_.unreached = std::make_shared<api::UnreachedClients>();
  options_.fetch_max_bytes = config_.fetch_max_bytes;
  options_.rack_aware_fetch = config_.rack_aware_fetch;
  options_.log_dir = config_.directory;
  options_.file = config_.file;
  options_.chosen = {{"num.network.threads", std::to_string(config_.network_threads)},
                     {"broker.id", std::to_string(config_.node.value())},
                     {"node.id", std::to_string(config_.node.value())},
                     {"inter.broker.listener.name", config_.inter_broker_listener},
                     {"log.dir", config_.directory},
                     {"log.dirs", config_.directory}};
}

Broker::~Broker() {
  seams_.metadata_loop.cancel(tick_timer_);
  seams_.metadata_loop.cancel(stop_timer_);
  // What answers requests goes before what it answers from.
  server_.reset();
}

absl::StatusOr<std::unique_ptr<Broker>> Broker::start(BrokerConfig config, BrokerSeams seams,
                                                      BrokerEvents events,
                                                      std::string reachable_host) {
  std::unique_ptr<Broker> broker(new Broker(std::move(config), std::move(seams), std::move(events),
                                            std::move(reachable_host)));
  RETURN_IF_ERROR(broker->open_directory());
  RETURN_IF_ERROR(broker->check_listeners());
  broker->make_parts();
  RETURN_IF_ERROR(broker->open_listeners(/*chosen_by_kernel=*/true));
  RETURN_IF_ERROR(broker->partitions_->recover(broker->directory_->was_clean()));
  broker->session_->start(broker->registered_listeners());
  broker->tick();
  return broker;
}

// ---- Start ----

absl::Status Broker::open_directory() {
  auto directory =
      storage::DataDirectory::open(seams_.disk, config_.directory, config_.node.value(), *random_);
  if (!directory.ok()) return directory.status();
  directory_ = *std::move(directory);
  options_.cluster_id = directory_->identity().cluster_id;
  flusher_ = std::make_unique<storage::FlushScheduler>(seams_.disk, seams_.disk_loop);
  return absl::OkStatus();
}

// A port that is in use is to be told before the cluster hears of this broker. A port of the
// kernel's choice must be known for the registration, so such a listener stays; the others are
// opened when there is something to serve, and until then refuse connections (S12: a probe of the
// incarnation before must not be answered by this one).
absl::Status Broker::check_listeners() {
  for (const ListenerConfig& listener : config_.listeners) {
    endpoints_.push_back(listener.bind);
    if (listener.bind.port == 0) continue;
    auto trial =
        seams_.transport.listen(listener.bind, {Channel::kKafka, Channel::kFetch, Channel::kReport},
                                seams_.io_loops, [](Channel, LinkPtr) {});
    if (!trial.ok()) return annotate(trial.status(), absl::StrCat("listener ", listener.name));
  }
  return absl::OkStatus();
}

std::vector<metadata::ListenerAddress> Broker::registered_listeners() const {
  if (!config_.advertised.empty()) {
    std::vector<metadata::ListenerAddress> out = config_.advertised;
    for (metadata::ListenerAddress& listener : out) {
      for (size_t i = 0; i < endpoints_.size(); ++i) {
        if (config_.listeners[i].name != listener.name) continue;
        listener.protocol = config_.listeners[i].protocol;
        if (listener.port == 0) listener.port = endpoints_[i].port;
      }
    }
    return out;
  }
  std::vector<metadata::ListenerAddress> out;
  for (size_t i = 0; i < endpoints_.size(); ++i) {
    metadata::ListenerAddress& listener = out.emplace_back();
    listener.name = config_.listeners[i].name;
    listener.protocol = config_.listeners[i].protocol;
    const std::string& bound = config_.listeners[i].bind.host;
    listener.host = is_any_address(bound) ? reachable_host_ : bound;
    listener.port = endpoints_[i].port;
  }
  // Where it is bound to all addresses, clients from any of its networks are told by any broker
  // which one they can use. The first entry of a name is the one for all others.
  const size_t own = out.size();
  for (size_t i = 0; i < own; ++i) {
    if (!is_any_address(config_.listeners[i].bind.host)) continue;
    for (const InterfaceAddress& interface : config_.host.interfaces) {
      if (interface.host == out[i].host) continue;
      metadata::ListenerAddress more = out[i];
      more.host = interface.host;
      out.push_back(std::move(more));
    }
  }
  return out;
}

void Broker::make_parts() {
  // The parts refer to each other in a circle (a replica proposes through the session, the
  // session's image moves the replicas), which is closed here and nowhere else.
  SessionOptions session;
  session.controllers = config_.controllers;
  session.self = config_.node;
  session.incarnation = Uuid::make(*random_);
  session.cluster_id = directory_->identity().cluster_id;
  session.rack = config_.rack;
  session.directories = {directory_->identity().directory_id};
  session.last_epoch = directory_->last_broker_epoch();
  session.clean_stop = directory_->was_clean();
  session.software = kSoftware;

  session_ = std::make_unique<Session>(std::move(session), seams_.transport, seams_.metadata_loop,
                                       *random_, *this);
  partition::PartitionsOptions partitions{
      partition::Surroundings{config_.node, seams_.metadata_loop.clock(), *flusher_, *session_},
      directory_->identity().directory_id, config_.inter_broker_listener};
  partitions.surroundings.replica_lag_max = config_.replica_lag_max;
  partitions.surroundings.flush_lag_max = config_.flush_lag_max;
  partitions.surroundings.unflushed_bytes_max = config_.unflushed_bytes_max;
  partitions.surroundings.producer_expiry = config_.producer_expiry;
  partitions.fetch_wait = config_.replica_fetch_wait;
  partitions.fetch_bytes = config_.replica_fetch_bytes;
  partitions.fetch_response_bytes = config_.replica_fetch_response_bytes;
  partitions.retention_check = config_.retention_check;
  partitions.stray_keep = config_.stray_keep;
  partitions.lost_leaders = &lost_leaders_;
  partitions.recovery = seams_.recovery;
  partitions_ =
      partition::Partitions::make(std::move(partitions), seams_.disk, *directory_, seams_.transport,
                                  seams_.metadata_loop, seams_.io_loops, *random_);
  fetch_sessions_ =
      std::make_unique<api::FetchSessions>(config_.fetch_session_slots, kSessionIdle, *random_);
  producer_ids_ = std::make_unique<api::ProducerIds>(*session_);
  auto_creation_ = std::make_unique<api::AutoCreation>(*session_);
  groups_ = std::make_unique<group::Coordinator>(group_options(config_), *session_, *partitions_,
                                                 seams_.io_loops, *random_);
  services_ = std::make_unique<api::Services>(api::Services{
      options_, *session_, *partitions_, seams_.metadata_loop.clock(), *fetch_sessions_,
      *producer_ids_, *auto_creation_, *disk_state_, metrics_, lost_leaders_, *groups_});
  server_ = std::make_unique<network::Server>(seams_.transport, seams_.io_loops, *services_,
                                              network::ConnectionLimits{});
}

// ---- What the session says ----

absl::Status Broker::registered(const std::string& cluster_id, BrokerEpoch epoch) {
  epoch_ = epoch;
  image_counts_ = false;
  if (directory_->identity().cluster_id.empty()) {
    RETURN_IF_ERROR(directory_->join_cluster(cluster_id));
  }
  options_.cluster_id = cluster_id;
  return directory_->set_broker_epoch(epoch);
}

void Broker::image_changed(const metadata::Image& image, const metadata::Delta& delta, bool own) {
  if (phase_ == Phase::kEnded) return;
  image_counts_ = own;
  partitions_->apply(image, delta, epoch_, own);
  groups_->image_changed(image, delta, own);
}

void Broker::caught_up() {
  if (phase_ != Phase::kStarting) return;
  phase_ = Phase::kCaughtUp;
  TopicDefaultsOffer offer = offer_topic_defaults(session_->image(), config_.topic_defaults);
  for (const std::string& remark : offer.remarks) LOG(WARNING) << remark;
  if (!offer.request.has_value()) return serve();
  // Before the first client, so that no topic is created with other defaults in between; but a
  // broker that cannot get them through serves all the same.
  session_->admin(*std::move(offer.request), kOfferTime,
                  [this](absl::StatusOr<proto::AdminAnswer> answer) {
                    if (!answer.ok()) {
                      LOG(WARNING) << "the defaults for topics from the file were not taken: "
                                   << answer.status().message();
                    } else if (answer->error().code() != 0) {
                      LOG(WARNING) << "the defaults for topics from the file were refused: "
                                   << answer->error().message();
                    }
                    serve();
                  });
}

void Broker::serve() {
  if (phase_ != Phase::kCaughtUp) return;
  absl::Status status = open_listeners(/*chosen_by_kernel=*/false);
  if (!status.ok()) return end(std::move(status));
  server_->open();
  session_->set_ready();
}

absl::Status Broker::open_listeners(bool chosen_by_kernel) {
  for (size_t i = 0; i < config_.listeners.size(); ++i) {
    if ((config_.listeners[i].bind.port == 0) != chosen_by_kernel) continue;
    auto endpoint = server_->listen(config_.listeners[i].name, config_.listeners[i].bind);
    if (!endpoint.ok()) {
      return annotate(endpoint.status(), absl::StrCat("listener ", config_.listeners[i].name));
    }
    endpoints_[i] = *endpoint;
  }
  return absl::OkStatus();
}

void Broker::fenced(bool fenced) {
  fenced_ = fenced;
  if (phase_ == Phase::kCaughtUp && !fenced) {
    phase_ = Phase::kServing;
    for (size_t i = 0; i < endpoints_.size(); ++i) {
      LOG(INFO) << "broker " << config_.node << " serves " << config_.listeners[i].name << " at "
                << endpoints_[i] << " in cluster " << options_.cluster_id;
    }
    events_.serving();
  } else if (phase_ == Phase::kServing) {
    LOG(WARNING) << (fenced ? "this broker was fenced: the controller had not heard of it in time; "
                              "its leaderships have moved"
                            : "this broker is no longer fenced");
  }
}

void Broker::proposal_answered(const partition::InSyncProposal& proposal, kafka::ErrorCode error) {
  if (const auto replica = partitions_->find(proposal.partition)) {
    replica->proposal_answered(proposal, error);
  }
}

void Broker::refused(absl::Status why) { end(std::move(why)); }

// ---- Once a second ----

absl::Status Broker::disk_trouble() const {
  RETURN_IF_ERROR(flusher_->failed());
  RETURN_IF_ERROR(partitions_->failed());
  const Duration waited = flusher_->oldest_wait(seams_.metadata_loop.now());
  if (waited <= config_.flush_lag_max) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "a flush to ", config_.directory, " has not come back for ",
      std::chrono::duration_cast<std::chrono::milliseconds>(waited).count(),
      " ms: the disk hangs; what this broker led goes to other replicas; look at the disk (dmesg) "
      "and start the broker again"));
}

void Broker::look_at_space() {
  seams_.disk_loop.post([&disk = seams_.disk, state = disk_state_, config = config_] {
    const auto space = disk.space(config.directory);
    if (!space.ok()) return;
    const uint64_t least = least_free(config, *space);
    const bool was_full = state->full.load();
    // A tenth more must be free again before produce resumes, lest it flaps at the mark.
    const bool full = space->free_bytes < (was_full ? least + least / 10 : least);
    state->free_bytes = space->free_bytes;
    state->total_bytes = space->total_bytes;
    state->free_min_bytes = least;
    state->full = full;
    if (full == was_full) return;
    LOG(WARNING) << (full ? "the disk is nearly full: produce is refused until there is room in "
                          : "there is room again, produce is accepted in ")
                 << config.directory << ": " << space->free_bytes << " bytes free, least is "
                 << least << " (log.dirs.free.min.bytes)";
  });
}

void Broker::tick() {
  if (phase_ == Phase::kStopping || phase_ == Phase::kEnded) return;
  if (absl::Status trouble = disk_trouble(); !trouble.ok()) return end(std::move(trouble));
  look_at_space();
  if (image_counts_ && partitions_->lacks_replicas()) {
    partitions_->apply(session_->image(), {}, epoch_, /*registered=*/true);
  }
  partitions_->tick();
  tick_timer_ = seams_.metadata_loop.after(kTick, [this] { tick(); });
}

// ---- End ----

void Broker::stop() {
  if (phase_ == Phase::kStopping || phase_ == Phase::kEnded) return;
  const bool relieve = phase_ == Phase::kServing && session_->attached();
  phase_ = Phase::kStopping;
  LOG(INFO) << "stopping" << (relieve ? ": asking the controller to move leaderships away" : "");
  if (!relieve) return close_connections();
  stop_timer_ = seams_.metadata_loop.after(config_.controlled_shutdown_limit, [this] {
    LOG(WARNING) << "the controller has not let this broker go in time; stopping all the same";
    close_connections();
  });
  session_->want_shutdown();
}

void Broker::may_shut_down() {
  if (phase_ == Phase::kStopping) close_connections();
}

void Broker::close_connections() {
  if (phase_ == Phase::kEnded) return;
  seams_.metadata_loop.cancel(stop_timer_);
  phase_ = Phase::kEnded;
  groups_->stop();
  server_->stop(seams_.metadata_loop, [this, alive = std::weak_ptr<char>(alive_)] {
    if (alive.lock() != nullptr) close_logs();
  });
}

void Broker::close_logs() {
  absl::Status status = partitions_->stop();
  // The marker says "everything is on disk", so it comes last and only if that is so.
  if (status.ok()) status = directory_->mark_clean();
  if (!status.ok()) LOG(ERROR) << "not a clean stop: " << status;
  session_->stop();
  events_.ended(std::move(status));
}

void Broker::end(absl::Status why) {
  if (phase_ == Phase::kEnded) return;
  phase_ = Phase::kEnded;
  LOG(ERROR) << "broker " << config_.node << " ends: " << why.message();
  events_.ended(std::move(why));
}

}  // namespace barnabas::broker
