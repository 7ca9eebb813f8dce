#include "broker/partition/partitions.h"

#include <absl/container/flat_hash_map.h>
#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "broker/partition/checkpoints.h"
#include "broker/partition/leaders.h"
#include "broker/partition/partition_shell.h"
#include "common/mutex.h"
#include "common/probe.h"
#include "common/status.h"
#include "metadata/config_keys.h"
#include "storage/error_policy.h"
#include "storage/log/resources.h"

namespace barnabas::partition {
namespace {

using metadata::TopicPartition;

constexpr Duration kHighWatermarkEvery = std::chrono::seconds(5);
constexpr Duration kAllEvery = std::chrono::seconds(60);
// Of very many partitions only so many are looked after in one tick, in turn.
constexpr size_t kTickedAtOnce = 5000;
constexpr size_t kLookedAtOnce = 1000;  // for retention, which may have to read an index

class LocalPartitions final : public Partitions, private LogStarts {
 public:
  LocalPartitions(PartitionsOptions options, storage::Disk& disk, storage::DataDirectory& directory,
                  Transport& transport, Executor& loop, std::vector<Executor*> fetch_loops,
                  Random& random)
      : options_(with_resources(std::move(options))),
        disk_(disk),
        directory_(directory),
        loop_(loop),
        random_(random.fork("partitions")),
        checkpoints_(disk, directory),
        leaders_({options_.surroundings.self, options_.directory_id, options_.fetch_wait,
                  options_.fetch_bytes, options_.fetch_response_bytes, options_.lost_leaders},
                 options_.inter_broker_listener, transport, std::move(fetch_loops), *random_) {}

  absl::Status recover(bool clean) override;
  void apply(const metadata::Image& image, const metadata::Delta& delta, BrokerEpoch own_epoch,
             bool registered) override;
  std::shared_ptr<Partition> find(const TopicPartition& id) const override;
  std::vector<std::shared_ptr<Partition>> all() const override;
  bool lacks_replicas() const override { return !unmade_.empty(); }
  void tick() override;
  absl::Status stop() override;
  absl::Status failed() const override {
    return failed_.ok() ? options_.surroundings.flusher.failed() : failed_;
  }

 private:
  using Shell = std::shared_ptr<PartitionShell>;
  using Directory = storage::DataDirectory::PartitionDirectory;

  static PartitionsOptions with_resources(PartitionsOptions options) {
    if (options.surroundings.log_options.resources == nullptr) {
      options.surroundings.log_options.resources = std::make_shared<storage::LogResources>();
    }
    return options;
  }

  absl::StatusOr<Shell> open(const TopicPartition& id, const std::string& topic,
                             const std::string& path, bool clean, Checkpoints::Known known,
                             const metadata::TopicSettings& settings);
  Shell shell(const TopicPartition& id) const;
  std::vector<Shell> shells() const;
  // What the delta may have changed here; `all`: everything may have.
  std::set<TopicPartition> concerned(const metadata::Image& image, const metadata::Delta& delta,
                                     bool all) const;
  void start(const TopicPartition& id, const metadata::TopicImage& topic,
             const metadata::TopicSettings& settings);
  void not_made(const TopicPartition& id, const std::string& topic, bool has_directory,
                const absl::Status& why);
  void retire(const TopicPartition& id, bool stray);
  void set_nameless_aside();
  void update_settings(const metadata::Image& image, const metadata::Delta& delta, bool all);
  void wanted(const TopicPartition& id) override;
  void move_log_starts();
  void look_at_retention(const std::vector<Shell>& here, Instant now);
  absl::Status remove_leftovers();

  const PartitionsOptions options_;
  storage::Disk& disk_;
  storage::DataDirectory& directory_;
  Executor& loop_;
  const std::unique_ptr<Random> random_;
  Checkpoints checkpoints_;
  Leaders leaders_;

  // Metadata loop only.
  std::map<TopicPartition, Directory> damaged_;  // offline: could not be opened
  std::set<TopicPartition> unmade_;              // there was no space for them
  std::vector<Directory> nameless_;              // without a readable topic id
  absl::Status failed_;                          // a disk that failed outside of a flush
  bool judged_ = false;                          // strays have been looked for once
  Instant marks_written_;
  Instant all_written_;
  bool leftovers_ = false;  // directories of deleted replicas are to be removed at the next tick
  size_t next_tick_ = 0;
  std::optional<Instant> retention_at_;  // when the next look begins
  size_t to_look_at_ = 0;                // what is left of the present one
  size_t next_look_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();

  Mutex starts_mutex_;
  std::set<TopicPartition> starts_wanted_ GUARDED_BY(starts_mutex_);

  mutable Mutex mutex_;
  absl::flat_hash_map<TopicPartition, Shell> partitions_ GUARDED_BY(mutex_);
};

bool is_disk_failure(const absl::Status& status) {
  return storage::action_of(status) == storage::DiskAction::kGiveUp;
}

std::string directory_name(const std::string& topic, PartitionIndex index) {
  return absl::StrCat(topic, "-", index.value());
}

// ---- Start ----

absl::StatusOr<LocalPartitions::Shell> LocalPartitions::open(
    const TopicPartition& id, const std::string& topic, const std::string& path, bool clean,
    Checkpoints::Known known, const metadata::TopicSettings& settings) {
  storage::LogOptions log_options = options_.surroundings.log_options;
  storage::RecoveryHints hints{clean, known.recovery_point, known.log_start};
  ASSIGN_OR_RETURN(std::unique_ptr<storage::Log> log,
                   storage::Log::open(disk_, path, log_options, hints));
  Surroundings around = options_.surroundings;
  around.recovery_points = &checkpoints_;
  around.log_starts = this;
  ASSIGN_OR_RETURN(Shell shell,
                   PartitionShell::open(around, id, topic, std::move(log), known.high_watermark,
                                        known.lineage, settings));
  shell->set_promised(known.recovery_point);
  return shell;
}

absl::Status LocalPartitions::recover(bool clean) {
  RETURN_IF_ERROR(checkpoints_.load());
  ASSIGN_OR_RETURN(std::vector<Directory> found, directory_.partitions());
  RecoveryProgress* const progress = options_.recovery;
  if (progress != nullptr) progress->found = static_cast<int64_t>(found.size());
  for (const Directory& directory : found) {
    if (progress != nullptr) ++progress->done;
    // Its maker lost power before it was on disk whose it is, and so before anything in it was.
    if (directory.topic_id.is_none()) {
      nameless_.push_back(directory);
      continue;
    }
    const TopicPartition id{directory.topic_id, PartitionIndex(directory.partition)};
    const std::string path = absl::StrCat(directory_.path(), "/", directory.name);
    absl::StatusOr<Shell> opened =
        open(id, directory.topic, path, clean,
             checkpoints_.known({directory.topic, directory.partition}), {});
    // Damage is one replica's; a disk that fails is everybody's, and final (S18).
    if (!opened.ok() && is_disk_failure(opened.status())) {
      return annotate(opened.status(), absl::StrCat("opening ", path));
    }
    if (!opened.ok()) {
      LOG(ERROR) << path << " cannot be opened: " << opened.status().message()
                 << ". This replica stays offline; the others of its partition go on. If they are"
                 << " whole, move the directory away and restart the broker: it is copied anew.";
      damaged_[id] = directory;
      options_.surroundings.proposer.out_of_service(id, std::string(opened.status().message()));
      continue;
    }
    MutexLock lock(mutex_);
    partitions_[id] = *std::move(opened);
  }
  if (!found.empty()) {
    LOG(INFO) << "recovered " << found.size() - damaged_.size() << " of " << found.size()
              << " partitions after " << (clean ? "a clean" : "an unclean") << " stop";
  }
  return absl::OkStatus();
}

// ---- Metadata ----

std::set<TopicPartition> LocalPartitions::concerned(const metadata::Image& image,
                                                    const metadata::Delta& delta, bool all) const {
  const BrokerId self = options_.surroundings.self;
  if (all || !delta.brokers.empty()) {
    const std::vector<TopicPartition> assigned = image.partitions_of(self);
    return {assigned.begin(), assigned.end()};
  }
  std::set<TopicPartition> out = unmade_;
  for (const TopicPartition& id : delta.partitions) {
    const metadata::PartitionImage* state = image.partition(id);
    const bool assigned = state != nullptr && state->has_replica(self);
    if (assigned || shell(id) != nullptr) out.insert(id);
  }
  return out;
}

void LocalPartitions::apply(const metadata::Image& image, const metadata::Delta& delta,
                            BrokerEpoch own_epoch, bool registered) {
  // An image from before this registration is old news, of earlier incarnations: no replica is
  // judged by it (S8), and above all none leads by it (S9). Where the log is empty, wiped even,
  // it could not tell that the epoch was another process's.
  if (!registered) return;
  // The first image that counts makes up for all before it.
  const bool all = delta.whole || !judged_;
  if (!std::exchange(judged_, true)) set_nameless_aside();
  // First what goes: a new topic may have the name of one that was removed.
  for (const Shell& shell : shells()) {
    const TopicPartition& id = shell->id();
    const bool looked_at =
        all || delta.removed_topics.contains(id.topic) || delta.partitions.contains(id);
    if (!looked_at) continue;
    const metadata::PartitionImage* state = image.partition(id);
    if (state != nullptr && state->has_replica(options_.surroundings.self)) continue;
    // That its topic was deleted is known only if the deletion was seen; a whole image that lacks
    // it may also be another cluster's, or one that was restored (S8).
    retire(id, /*stray=*/!delta.removed_topics.contains(id.topic) && state == nullptr);
  }

  update_settings(image, delta, all);
  std::map<BrokerId, BrokerEpoch> epochs;
  for (const auto& [id, broker] : image.brokers()) epochs[id] = broker.epoch;
  for (const TopicPartition& id : concerned(image, delta, all)) {
    const metadata::PartitionImage* state = image.partition(id);
    if (state == nullptr || !state->has_replica(options_.surroundings.self)) continue;
    Shell here = shell(id);
    if (here == nullptr) {
      const metadata::TopicImage& topic = *image.topic(id.topic);
      start(id, topic, metadata::topic_settings(image, topic.name, options_.surroundings.self));
      here = shell(id);
      if (here == nullptr) continue;
    }
    here->update(*state, own_epoch, epochs);
    leaders_.follow(here, *state);
  }
  std::erase_if(unmade_, [&](const TopicPartition& id) {
    const metadata::PartitionImage* state = image.partition(id);
    return state == nullptr || !state->has_replica(options_.surroundings.self);
  });
  leaders_.commit(image, own_epoch);
}

void LocalPartitions::start(const TopicPartition& id, const metadata::TopicImage& topic,
                            const metadata::TopicSettings& settings) {
  if (damaged_.contains(id)) return;
  absl::StatusOr<std::string> path =
      directory_.make_partition(topic.name, id.index.value(), topic.id);
  absl::StatusOr<Shell> opened = path.ok()
                                     ? open(id, topic.name, *path, /*clean=*/false, {}, settings)
                                     : absl::StatusOr<Shell>(path.status());
  if (!opened.ok()) return not_made(id, topic.name, path.ok(), opened.status());
  if (unmade_.erase(id) > 0) options_.surroundings.proposer.in_service_after_all(id);
  MutexLock lock(mutex_);
  partitions_[id] = *std::move(opened);
}

// Space comes back, and then it is made after all; what else may be wrong does not mend itself.
void LocalPartitions::not_made(const TopicPartition& id, const std::string& topic,
                               bool has_directory, const absl::Status& why) {
  const std::string name = directory_name(topic, id.index);
  const bool no_space = absl::IsResourceExhausted(why);
  if (no_space && has_directory) {
    leftovers_ = true;
    const absl::Status retired =
        directory_.retire({name, topic, id.index.value(), id.topic}, /*stray=*/false, *random_);
    if (!retired.ok()) LOG(ERROR) << "retiring " << name << ": " << retired.message();
  }
  if (is_disk_failure(why)) {
    failed_ = why;
  } else {
    options_.surroundings.proposer.out_of_service(id, std::string(why.message()));
  }
  if (no_space && !unmade_.insert(id).second) return;  // was said before
  LOG(ERROR) << "cannot make the replica " << name << " in " << directory_.path() << ": "
             << why.message()
             << (no_space ? "; it is made once there is room"
                          : "; it stays offline on this broker until the next start");
}

void LocalPartitions::retire(const TopicPartition& id, bool stray) {
  Shell going;
  {
    MutexLock lock(mutex_);
    auto found = partitions_.find(id);
    if (found == partitions_.end()) return;
    going = std::move(found->second);
    partitions_.erase(found);
  }
  if (stray) {
    reached("broker: a stray was set aside");
  } else {
    reached("broker: a replica of a deleted topic was retired");
  }
  leaders_.let_go(id);
  going->abandon();
  const std::string name = directory_name(going->topic(), id.index);
  LOG(INFO) << name
            << (stray ? " is not known to the cluster: it is set aside and kept for a time"
                      : " is deleted on this broker");
  leftovers_ = true;  // a full disk waits for the space
  absl::Status status =
      directory_.retire({name, going->topic(), id.index.value(), id.topic}, stray, *random_);
  if (status.ok()) status = checkpoints_.forget({going->topic(), id.index.value()});
  if (!status.ok()) LOG(ERROR) << "retiring " << name << ": " << status.message();
}

void LocalPartitions::set_nameless_aside() {
  for (const Directory& directory : std::exchange(nameless_, {})) {
    LOG(WARNING) << directory.name << " does not say which topic it belongs to: it is set aside";
    const absl::Status status = directory_.retire(directory, /*stray=*/true, *random_);
    if (!status.ok()) LOG(ERROR) << "retiring " << directory.name << ": " << status.message();
  }
}

void LocalPartitions::update_settings(const metadata::Image& image, const metadata::Delta& delta,
                                      bool all) {
  bool everything = all;
  std::set<std::string> topics;
  for (const auto& [type, name] : delta.configs) {
    if (type == metadata::ResourceType::kTopic) {
      topics.insert(name);
    } else {
      everything = true;  // a broker's default may be behind any topic's setting
    }
  }
  if (!everything && topics.empty()) return;
  std::map<std::string, metadata::TopicSettings> settings;
  for (const Shell& shell : shells()) {
    if (!everything && !topics.contains(shell->topic())) continue;
    auto known = settings.find(shell->topic());
    if (known == settings.end()) {
      known = settings
                  .emplace(shell->topic(), metadata::topic_settings(image, shell->topic(),
                                                                    options_.surroundings.self))
                  .first;
    }
    shell->update_settings(known->second);
  }
}

// ---- Look-up ----

LocalPartitions::Shell LocalPartitions::shell(const TopicPartition& id) const {
  MutexLock lock(mutex_);
  auto found = partitions_.find(id);
  return found == partitions_.end() ? nullptr : found->second;
}

std::shared_ptr<Partition> LocalPartitions::find(const TopicPartition& id) const {
  return shell(id);
}

// In the order of their ids, so that what is done to all of them is done in the same order always.
std::vector<LocalPartitions::Shell> LocalPartitions::shells() const {
  std::vector<Shell> out;
  {
    MutexLock lock(mutex_);
    out.reserve(partitions_.size());
    for (const auto& [id, shell] : partitions_) out.push_back(shell);
  }
  std::sort(out.begin(), out.end(),
            [](const Shell& a, const Shell& b) { return a->id() < b->id(); });
  return out;
}

std::vector<std::shared_ptr<Partition>> LocalPartitions::all() const {
  std::vector<Shell> here = shells();
  return {here.begin(), here.end()};
}

// ---- Upkeep ----

void LocalPartitions::tick() {
  const std::vector<Shell> here = shells();
  for (size_t i = 0; i < std::min(here.size(), kTickedAtOnce); ++i) {
    const Shell& shell = here[next_tick_++ % here.size()];
    shell->tick();
    if (failed_.ok()) failed_ = shell->disk_failure();
  }
  const Instant now = options_.surroundings.clock.now();
  absl::Status status;
  if (now - all_written_ >= kAllEvery) {
    all_written_ = marks_written_ = now;
    status = checkpoints_.write(here, /*all=*/true);
    leftovers_ = true;
  } else if (now - marks_written_ >= kHighWatermarkEvery) {
    marks_written_ = now;
    status = checkpoints_.write(here, /*all=*/false);
  }
  look_at_retention(here, now);
  if (leftovers_ && status.ok()) {
    status = remove_leftovers();
  }
  if (is_disk_failure(status) && failed_.ok()) failed_ = status;
  if (!status.ok()) {
    LOG(WARNING) << "checkpoints in " << directory_.path() << ": " << status.message();
  }
}

// For a moment only: the rest has time until the next tick.
absl::Status LocalPartitions::remove_leftovers() {
  constexpr Duration kMoment = std::chrono::milliseconds(20);
  constexpr size_t kFilesAtOnce = 4;
  const Clock& clock = options_.surroundings.clock;
  const Instant begun = clock.now();
  do {
    ASSIGN_OR_RETURN(leftovers_,
                     directory_.remove_leftovers(clock.wall(), options_.stray_keep, kFilesAtOnce));
  } while (leftovers_ && clock.now() - begun < kMoment);
  return absl::OkStatus();
}

// ---- Log starts ----

void LocalPartitions::look_at_retention(const std::vector<Shell>& here, Instant now) {
  if (!retention_at_.has_value()) retention_at_ = now + options_.retention_check;
  if (now >= *retention_at_) {
    retention_at_ = now + options_.retention_check;
    to_look_at_ = here.size();
  }
  for (size_t i = 0; i < kLookedAtOnce && to_look_at_ > 0 && !here.empty(); ++i, --to_look_at_) {
    here[next_look_++ % here.size()]->look_at_retention();
  }
}

// Those that come together are written down together.
void LocalPartitions::wanted(const TopicPartition& id) {
  {
    MutexLock lock(starts_mutex_);
    const bool first = starts_wanted_.empty();
    starts_wanted_.insert(id);
    if (!first) return;
  }
  loop_.post([this, alive = std::weak_ptr<char>(alive_)] {
    if (alive.lock() != nullptr) move_log_starts();
  });
}

void LocalPartitions::move_log_starts() {
  std::set<TopicPartition> wanted;
  {
    MutexLock lock(starts_mutex_);
    wanted.swap(starts_wanted_);
  }
  std::map<Checkpoints::Name, Offset> starts;
  std::vector<std::pair<Shell, Offset>> moves;
  for (const TopicPartition& id : wanted) {
    const Shell here = shell(id);
    if (here == nullptr) continue;
    const std::optional<Offset> due = here->start_due();
    if (!due.has_value()) continue;
    starts[{here->topic(), id.index.value()}] = *due;
    moves.emplace_back(here, *due);
  }
  if (moves.empty()) return;
  if (absl::Status status = checkpoints_.write_starts(starts); !status.ok()) {
    if (is_disk_failure(status) && failed_.ok()) failed_ = status;
    LOG(WARNING) << "writing down where logs in " << directory_.path()
                 << " start: " << status.message() << "; nothing is deleted until that works";
    return;
  }
  for (const auto& [here, to] : moves) here->move_log_start(to);
}

absl::Status LocalPartitions::stop() {
  leaders_.stop();
  const std::vector<Shell> here = shells();
  absl::Status first;
  for (const Shell& shell : here) {
    absl::Status status = shell->close();
    if (first.ok() && !status.ok()) {
      first = annotate(status, directory_name(shell->topic(), shell->id().index));
    }
  }
  absl::Status status = checkpoints_.write(here, /*all=*/true);
  if (first.ok()) first = status;
  // What could not be opened was not looked at: the next start must do so again.
  if (first.ok() && !damaged_.empty()) {
    first = absl::FailedPreconditionError("a replica is offline because it is damaged");
  }
  return first;
}

}  // namespace

std::unique_ptr<Partitions> Partitions::make(PartitionsOptions options, storage::Disk& disk,
                                             storage::DataDirectory& directory,
                                             Transport& transport, Executor& loop,
                                             std::vector<Executor*> fetch_loops, Random& random) {
  return std::make_unique<LocalPartitions>(std::move(options), disk, directory, transport, loop,
                                           std::move(fetch_loops), random);
}

}  // namespace barnabas::partition
