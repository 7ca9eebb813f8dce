#include "controller/metrics.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace barnabas::controller {
namespace {

void show_cluster(const ClusterFacts& cluster, Exposition& into) {
  const auto gauge = [&](const char* name, const char* help, int64_t value) {
    into.gauge(std::string("kafka_controller_kafkacontroller_") + name, help,
               static_cast<double>(value));
  };
  gauge("globaltopiccount", "Topics of the cluster", cluster.topics);
  gauge("globalpartitioncount", "Partitions of the cluster", cluster.partitions);
  gauge("offlinepartitionscount", "Partitions without a leader", cluster.leaderless);
  gauge("preferredreplicaimbalancecount",
        "Partitions that are led, but not by the first of their replicas", cluster.not_preferred);
  gauge("activebrokercount", "Brokers that live", cluster.brokers_alive);
  gauge("fencedbrokercount", "Brokers that are registered and do not", cluster.brokers_fenced);
  // One that cannot be applied is a broken invariant, and ends the process.
  gauge("metadataerrorcount", "Metadata records that could not be applied", 0);
  into.gauge("barnabas_cluster_under_replicated_partitions",
             "Partitions of which not all replicas are in sync",
             static_cast<double>(cluster.under_replicated));
  into.gauge("barnabas_metadata_index", "Up to which entry of the quorum's log metadata is known",
             static_cast<double>(cluster.metadata_index));
}

}  // namespace

ClusterFacts look_at_cluster(const metadata::Image& image) {
  ClusterFacts out;
  out.topics = static_cast<int64_t>(image.topics_by_name().size());
  out.partitions = static_cast<int64_t>(image.partition_count());
  out.metadata_index = image.index().value();
  for (const auto& [name, id] : image.topics_by_name()) {
    for (const metadata::PartitionImage& partition : image.topic(id)->partitions) {
      out.leaderless += partition.leader == kNoBroker;
      out.not_preferred +=
          partition.leader != kNoBroker && partition.leader != partition.replicas.front();
      out.under_replicated += partition.in_sync.size() < partition.replicas.size();
    }
  }
  for (const auto& [id, broker] : image.brokers()) {
    ++(broker.fenced ? out.brokers_fenced : out.brokers_alive);
  }
  return out;
}

void UncleanElections::look(const metadata::Image& image) {
  for (const auto& [name, id] : image.topics_by_name()) {
    const metadata::TopicImage& topic = *image.topic(id);
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      const auto lineage = static_cast<int64_t>(topic.partitions[i].lineage.value());
      if (lineage == 0) continue;
      int64_t& known = lineages_[{id, PartitionIndex(static_cast<int32_t>(i))}];
      // What was there before this process looked is history.
      if (!first_) count_ += std::max<int64_t>(lineage - known, 0);
      known = lineage;
    }
  }
  first_ = false;
  std::erase_if(lineages_,
                [&](const auto& entry) { return image.topic(entry.first.topic) == nullptr; });
}

void ControllerMetrics::collect(const ControllerFacts& facts, Instant now, Exposition& into) {
  into.gauge("barnabas_info", "Who this is; always 1", 1,
             {{"role", "controller"},
              {"node", std::to_string(self_.value())},
              {"cluster", facts.quorum.cluster_id}});
  into.gauge("kafka_controller_kafkacontroller_activecontrollercount",
             "1: this is the active controller", facts.active);
  show_cluster(facts.cluster, into);
  into.counter("kafka_controller_controllerstats_uncleanleaderelections_total",
               "Leaders elected although they may lack acknowledged records, since this process "
               "has started",
               static_cast<double>(facts.unclean_elections));
  into.gauge("barnabas_controller_sessions", "Brokers attached to this controller",
             static_cast<double>(facts.sessions));
  show_quorum(facts, now, into);
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(directory_, error);
  if (error) return;
  into.gauge("barnabas_disk_free_bytes", "Free space where the data is",
             static_cast<double>(space.available));
  into.gauge("barnabas_disk_total_bytes", "Size of the file system where the data is",
             static_cast<double>(space.capacity));
}

void ControllerMetrics::show_quorum(const ControllerFacts& facts, Instant now, Exposition& into) {
  const raft::Status& quorum = facts.quorum;
  const auto gauge = [&](const char* name, const char* help, double value) {
    into.gauge(std::string("kafka_server_raftmetrics_") + name, help, value);
  };
  const auto number = [](const std::optional<ControllerId>& id) {
    return id.has_value() ? static_cast<double>(id->value()) : -1.0;
  };
  into.gauge("kafka_server_raftmetrics_current_state", "The role of this node; always 1", 1,
             {{"current_state", quorum.role}});
  gauge("current_leader", "Number of the leader; -1: none is known", number(quorum.leader));
  gauge("current_vote", "Whom this node has voted for in this term; -1: nobody",
        number(quorum.vote));
  gauge("current_epoch", "Term of the quorum", static_cast<double>(quorum.term.value()));
  gauge("high_watermark", "Last entry that is committed",
        static_cast<double>(quorum.commit.value()));
  gauge("log_end_offset", "Last entry of the log", static_cast<double>(quorum.last.value()));

  const double passed =
      looked_at_.has_value() ? std::chrono::duration<double>(now - *looked_at_).count() : 0;
  if (passed >= 1) {
    append_rate_ =
        static_cast<double>(std::max<int64_t>(quorum.last.value() - last_index_, 0)) / passed;
  }
  if (!looked_at_.has_value() || passed >= 1) {
    looked_at_ = now;
    last_index_ = quorum.last.value();
  }
  gauge("append_records_rate", "Entries per second that came into the log, since the look before",
        append_rate_);
  const Histogram::Snapshot& commit = quorum.counters.commit;
  const Histogram::Snapshot recent = commits_.recent(commit, now);
  gauge("commit_latency_avg",
        "Milliseconds from a decision to its commit, of the last one to two minutes; active only",
        recent.count == 0
            ? 0
            : static_cast<double>(recent.sum) / 1000 / static_cast<double>(recent.count));
  into.histogram("barnabas_quorum_commit_seconds",
                 "From a decision of this controller to its commit", commit, 1e6);
  into.counter("kafka_server_raftchannelmetrics_outgoing_byte_total",
               "Bytes sent to other controllers", static_cast<double>(quorum.counters.sent_bytes));
  into.counter("kafka_server_raftchannelmetrics_incoming_byte_total",
               "Bytes received from other controllers",
               static_cast<double>(quorum.counters.received_bytes));
  into.counter("kafka_server_raftchannelmetrics_request_total",
               "Messages sent to other controllers",
               static_cast<double>(quorum.counters.sent_messages));
  into.counter("kafka_server_raftchannelmetrics_response_total",
               "Messages received from other controllers",
               static_cast<double>(quorum.counters.received_messages));
  into.counter("barnabas_quorum_terms_led_total", "How often this node has become leader",
               static_cast<double>(quorum.counters.terms_led));
  const auto voters = std::count_if(
      quorum.members.begin(), quorum.members.end(),
      [](const raft::ProgressView& member) { return member.kind == raft::MemberKind::kVoter; });
  into.gauge("barnabas_quorum_voters", "Voters of the quorum", static_cast<double>(voters));
  into.gauge("barnabas_quorum_trouble",
             "1: this node does not take part as a whole voter; its log "
             "says why",
             !quorum.trouble.empty());
  int lost = 0;
  if (facts.active) {
    for (const raft::ProgressView& voter : quorum.members) {
      if (voter.kind != raft::MemberKind::kVoter) continue;
      const Labels labels = {{"voter", std::to_string(voter.id.value())}};
      const bool self = voter.id == self_;
      lost += !self && voter.since_contact > kVoterLostAfter;
      // While a wiped node is being replaced two voters have its id: the one that lives is shown.
      const bool former = std::any_of(quorum.members.begin(), quorum.members.end(),
                                      [&](const raft::ProgressView& other) {
                                        return other.kind == voter.kind && other.id == voter.id &&
                                               other.since_contact < voter.since_contact;
                                      });
      if (former) continue;
      into.gauge(
          "barnabas_quorum_voter_lag_entries",
          "Entries that are not on this voter's disk, as the leader knows",
          static_cast<double>(std::max<int64_t>(quorum.last.value() - voter.match.value(), 0)),
          labels);
      into.gauge("barnabas_quorum_voter_contact_age_seconds",
                 "Since the leader has heard of this voter",
                 self ? 0 : std::chrono::duration<double>(voter.since_contact).count(), labels);
    }
  }
  into.gauge("barnabas_quorum_voters_lost",
             "Voters of which the leader has not heard for two seconds; 0 where it is not leader",
             lost);
}

}  // namespace barnabas::controller
