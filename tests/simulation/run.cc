#include "tests/simulation/run.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "tests/simulation/checks/replica_contents.h"

namespace barnabas::simulation {
namespace {

constexpr Duration kFormingLimit = std::chrono::seconds(10);
constexpr Duration kBeyondTheAtlas = std::chrono::seconds(15);

std::string list(const std::vector<BrokerId>& brokers) {
  std::string out;
  for (const BrokerId broker : brokers) absl::StrAppend(&out, " ", broker.value());
  return out;
}

}  // namespace

void Happenings::operator+=(const Happenings& other) {
  runs += other.runs;
  events += other.events;
  for (size_t kind = 0; kind < faults.size(); ++kind) faults[kind] += other.faults[kind];
  acknowledged += other.acknowledged;
  consumed += other.consumed;
  leaderships += other.leaderships;
  images += other.images;
  exits += other.exits;
  topics_created += other.topics_created;
  topics_deleted += other.topics_deleted;
  simulated += other.simulated;
}

uint64_t Happenings::all_faults() const {
  return std::accumulate(faults.begin(), faults.end(), uint64_t{0});
}

std::string to_string(const Happenings& h) {
  return absl::StrFormat(
      "%d runs, %.0f simulated seconds, %d events, %d faults, %d exits, %d records acknowledged, "
      "%d consumed, %d leaderships, %d images compared, %d topics created and %d deleted",
      h.runs, static_cast<double>(h.simulated.count()) / 1e6, h.events, h.all_faults(), h.exits,
      h.acknowledged, h.consumed, h.leaderships, h.images, h.topics_created, h.topics_deleted);
}

Run::Run(SwarmOptions options)
    : options_(std::move(options)),
      cluster_(options_.seed, options_.cluster),
      workload_(cluster_, options_.workload, findings_),
      faults_(cluster_, options_),
      leaderships_(findings_),
      images_(findings_),
      history_(findings_),
      bounds_(findings_) {}

Run::~Run() = default;

std::string Run::execute() {
  if (form()) {
    faults_.start();
    until([] { return false; }, options_.safety_phase, "");
    workload_.slow_down(options_.calm_pause_between_batches);
    if (!findings_.any()) until([] { return false; }, options_.calm_phase, "");
    faults_.heal();
    if (options_.workload.beyond_the_atlas) {
      finish_beyond_the_atlas();
    } else {
      finish();
    }
  }
  count();
  return findings_.text();
}

bool Run::form() {
  cluster_.start_all();
  const bool serving = until(
      [this] {
        for (const std::string& name : cluster_.broker_names()) {
          broker::Broker* const broker = cluster_.broker(name);
          if (broker == nullptr || !broker->is_serving()) return false;
        }
        return true;
      },
      kFormingLimit, "all brokers serve");
  if (!serving) return false;
  cluster_.note("all brokers serve");
  workload_.start();
  return until([this] { return workload_.topics_ready(); }, kFormingLimit,
               "the first topics are created");
}

// An empty `what` is no demand: the time just passes.
bool Run::until(absl::AnyInvocable<bool()> done, Duration limit, const char* what) {
  Simulation& simulation = cluster_.simulation();
  const bool in_time = simulation.run_until(
      [&] {
        look();
        return findings_.any() || done();
      },
      simulation.now() + limit);
  if (!in_time && *what != 0) {
    findings_.report("I25 after healing everything works again within a bound",
                     absl::StrCat("not in time: ", what, ". ", workload_.unfinished(), not_whole(),
                                  describe_quorum()));
  }
  return !findings_.any();
}

bool Run::finish() {
  workload_.finish();
  if (!until([this] { return workload_.finished() && whole(); }, options_.liveness_limit,
             "everything is acknowledged, read and replicated")) {
    return false;
  }
  cluster_.note("everything is acknowledged, read and replicated");
  workload_.read_again();
  if (!until([this] { return workload_.read_everything_again(); }, options_.liveness_limit,
             "everything is read again")) {
    return false;
  }
  workload_.judge_records();
  compare_replicas();
  for (const std::string& name : cluster_.names()) {
    look_at(name);
    if (broker::Broker* const broker = cluster_.broker(name)) {
      workload_.judge_topics(name, broker->session().image());
    }
  }
  return !findings_.any();
}

// What was lost may leave a partition without a leader for ever, or fenced: nobody is lied to by
// that. So nothing has to get done; but whatever is served at the end has to be true.
bool Run::finish_beyond_the_atlas() {
  workload_.finish();
  if (!until([this] { return workload_.finished() && whole(); }, kBeyondTheAtlas, "")) return false;
  workload_.risky().read_again();
  if (!until([this] { return workload_.risky().read_everything_again(); }, kBeyondTheAtlas, "")) {
    return false;
  }
  uint64_t lossy = 0;
  for (size_t kind = kAtlasFaultCount; kind < kFaultCount; ++kind) lossy += faults_.counts()[kind];
  workload_.risky().judge_what_was_read(/*excused=*/lossy > 0);
  return !findings_.any();
}

// After each event, at the process that it belonged to: nothing else has changed.
void Run::look() {
  const SimExecutor* const process = cluster_.simulation().ran();
  if (process == nullptr || !process->alive() || !cluster_.has(process->name())) return;
  look_at(process->name());
}

void Run::look_at(const std::string& name) {
  const std::string process = absl::StrCat(name, "#", cluster_.starts(name));
  if (ControllerProcess* const controller = cluster_.controller(name)) {
    const metadata::Image& image = controller->controller().committed_image();
    images_.holds(process, image);
    history_.committed(image);
  }
  broker::Broker* const broker = cluster_.broker(name);
  if (broker == nullptr) return;
  images_.holds(process, broker->session().image());
  for (const auto& partition : broker->partitions().all()) {
    const partition::PartitionView view = partition->view();
    const Place place{partition->id().topic, partition->id().index.value()};
    bounds_.shows(process, place,
                  {view.leading, view.leader_epoch.value(), view.log_start, view.high_watermark,
                   view.durable_end, view.log_end});
    if (view.leading) leaderships_.leads(place, view.leader_epoch.value(), process);
  }
}

bool Run::whole() const { return not_whole().empty(); }

std::string Run::not_whole() const {
  // Looks only; the cluster's accessors are not const because others act through them.
  Cluster& cluster = const_cast<Cluster&>(cluster_);
  ControllerProcess* const active = cluster.active_controller();
  if (active == nullptr) return "no controller is active; ";
  const metadata::Image& image = active->controller().committed_image();
  std::string out;
  for (const auto& [name, id] : image.topics_by_name()) {
    const metadata::TopicImage& topic = *image.topic(id);
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      const metadata::PartitionImage& partition = topic.partitions[i];
      if (partition.leader == kNoBroker) {
        absl::StrAppend(&out, name, "-", i, " has no leader (replicas", list(partition.replicas),
                        ", in sync", list(partition.in_sync), ", eligible",
                        list(partition.eligible), ", last known",
                        list(partition.last_known_eligible), "); ");
      } else if (partition.in_sync.size() < partition.replicas.size()) {
        absl::StrAppend(&out, name, "-", i, " has ", partition.in_sync.size(), " of ",
                        partition.replicas.size(), " in sync, leader ", partition.leader.value(),
                        "; ");
      }
    }
  }
  std::set<std::string> voters;
  for (const raft::ProgressView& member : active->node().status().members) {
    if (member.kind != raft::MemberKind::kVoter) continue;
    voters.insert(Cluster::controller_name(member.id.value()));
  }
  for (const std::string& name : cluster.names()) {
    const metadata::Image* theirs = nullptr;
    if (!Cluster::is_broker(name) && voters.count(name) == 0) continue;
    if (!cluster.running(name)) {
      absl::StrAppend(&out, name, " is down; ");
    } else if (broker::Broker* const broker = cluster.broker(name)) {
      if (!broker->is_serving()) absl::StrAppend(&out, name, " does not serve; ");
      theirs = &broker->session().image();
    } else {
      theirs = &cluster.controller(name)->controller().committed_image();
    }
    if (theirs != nullptr && theirs->index() < image.index()) {
      absl::StrAppend(&out, name, " has applied ", theirs->index().value(), " of ",
                      image.index().value(), "; ");
    }
  }
  return out;
}

std::string Run::describe_quorum() {
  std::string out;
  for (const std::string& name : cluster_.controller_names()) {
    ControllerProcess* const controller = cluster_.controller(name);
    if (controller == nullptr) continue;
    const raft::Status status = controller->node().status();
    absl::StrAppend(&out, name, " is ", status.role, " of term ", status.term.value(), ", leader ",
                    status.leader.value_or(kNoController).value(), ", commit ",
                    status.commit.value(), ", applied ", status.applied.value(), ", last ",
                    status.last.value(), ", durable ", status.durable.value());
    for (const raft::ProgressView& voter : status.members) {
      if (status.role != "leader") continue;
      absl::StrAppend(&out, ", ", voter.id.value(), " has ", voter.match.value(), " and was heard ",
                      voter.since_contact.count() / 1000, " ms ago");
    }
    absl::StrAppend(&out, status.trouble.empty() ? "" : ", trouble: ", status.trouble, "; ");
  }
  return out;
}

void Run::compare_replicas() {
  ReplicaContents contents(findings_);
  ControllerProcess* const active = cluster_.active_controller();
  if (active == nullptr) return;
  const metadata::Image& image = active->controller().committed_image();
  for (const auto& [name, id] : image.topics_by_name()) {
    const metadata::TopicImage& topic = *image.topic(id);
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      const metadata::PartitionImage& state = topic.partitions[i];
      const std::string partition = absl::StrCat(name, "-", i);
      Offset end(0);
      if (broker::Broker* leader = cluster_.broker(Cluster::broker_name(state.leader.value()))) {
        const auto replica =
            leader->partitions().find({id, PartitionIndex(static_cast<int32_t>(i))});
        if (replica != nullptr) end = replica->view().high_watermark;
      }
      for (const BrokerId replica : state.replicas) {
        const std::string broker = Cluster::broker_name(replica.value());
        auto content =
            read_batches(cluster_.disk(broker), absl::StrCat("/broker/", partition), end);
        if (!content.ok()) {
          findings_.report(
              "I39 replicas are identical below the high watermark",
              absl::StrCat(partition, " at ", broker, ": ", content.status().ToString()));
          continue;
        }
        contents.holds(partition, broker, *std::move(content));
      }
    }
  }
  contents.judge();
}

void Run::count() {
  happened_.runs = 1;
  happened_.events = cluster_.simulation().events_run();
  happened_.faults = faults_.counts();
  happened_.acknowledged = workload_.acknowledged();
  happened_.consumed = workload_.consumed();
  happened_.leaderships = leaderships_.count();
  happened_.images = images_.count();
  happened_.exits = cluster_.exits().size();
  happened_.topics_created = workload_.topics_created();
  happened_.topics_deleted = workload_.topics_deleted();
  happened_.simulated = cluster_.simulation().now().time_since_epoch() - std::chrono::seconds(1000);
}

std::string Run::report() const {
  std::string out = absl::StrCat("seed ", options_.seed, "\noptions: ", to_string(options_),
                                 "\nviolated: ", findings_.text(), "\nlast events:\n");
  for (const std::string& line : cluster_.history()) absl::StrAppend(&out, "  ", line, "\n");
  return out;
}

}  // namespace barnabas::simulation
