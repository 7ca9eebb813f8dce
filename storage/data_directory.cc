#include "storage/data_directory.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/status.h"
#include "storage/checkpoint_text.h"
#include "storage/leftovers.h"

namespace barnabas::storage {
namespace {

constexpr char kLockName[] = ".lock";
constexpr char kIdentityName[] = "meta.properties";
constexpr char kCleanStopName[] = ".kafka_cleanshutdown";
constexpr char kBrokerEpochName[] = "broker-epoch";
constexpr char kRecoveryPointsName[] = "recovery-point-offset-checkpoint";
constexpr char kLogStartsName[] = "log-start-offset-checkpoint";
constexpr char kHighWatermarksName[] = "replication-offset-checkpoint";
constexpr char kPartitionMetadataName[] = "partition.metadata";
constexpr size_t kMaxNameBytes = 255;  // of every usual file system

class RealDataDirectory final : public DataDirectory {
 public:
  RealDataDirectory(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

  absl::Status open(int32_t node_id, Random& random) {
    if (!disk_.exists(path_)) {
      RETURN_IF_ERROR(disk_.make_directories(path_));
      RETURN_IF_ERROR(disk_.sync_and_wait({.files = {}, .directories = {parent_directory(path_)}}));
    }
    ASSIGN_OR_RETURN(lock_, disk_.lock(file(kLockName)));
    RETURN_IF_ERROR(load_identity(node_id, random));
    RETURN_IF_ERROR(load(kRecoveryPointsName, parse_offset_checkpoint, recovery_points_).status());
    RETURN_IF_ERROR(load(kLogStartsName, parse_offset_checkpoint, log_starts_).status());
    RETURN_IF_ERROR(load(kHighWatermarksName, parse_offset_checkpoint, high_watermarks_).status());
    RETURN_IF_ERROR(load(kBrokerEpochName, parse_broker_epoch, broker_epoch_).status());
    return take_clean_stop_marker();
  }

  const std::string& path() const override { return path_; }
  const DirectoryIdentity& identity() const override { return identity_; }

  absl::Status join_cluster(const std::string& cluster_id) override {
    if (identity_.cluster_id == cluster_id) return absl::OkStatus();
    if (!identity_.cluster_id.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the directory ", path_, " belongs to the cluster ", identity_.cluster_id,
          ", but this node was to join the cluster ", cluster_id,
          "; usual cause: a data directory or a controller address of another cluster in the "
          "configuration. Correct it, or give this node an empty directory"));
    }
    DirectoryIdentity joined = identity_;
    joined.cluster_id = cluster_id;
    RETURN_IF_ERROR(write_identity(joined));
    identity_ = std::move(joined);
    return absl::OkStatus();
  }

  bool was_clean() const override { return was_clean_; }
  BrokerEpoch last_broker_epoch() const override { return broker_epoch_; }
  absl::Status set_broker_epoch(BrokerEpoch epoch) override {
    RETURN_IF_ERROR(replace_file(disk_, file(kBrokerEpochName), broker_epoch_text(epoch)));
    broker_epoch_ = epoch;
    return absl::OkStatus();
  }
  absl::Status mark_clean() override {
    return replace_file(disk_, file(kCleanStopName), clean_stop_text(broker_epoch_));
  }

  OffsetCheckpoint recovery_points() const override { return recovery_points_; }
  OffsetCheckpoint log_starts() const override { return log_starts_; }
  OffsetCheckpoint high_watermarks() const override { return high_watermarks_; }
  absl::Status write_recovery_points(const OffsetCheckpoint& points) override {
    return write(kRecoveryPointsName, points, recovery_points_);
  }
  absl::Status write_log_starts(const OffsetCheckpoint& starts) override {
    return write(kLogStartsName, starts, log_starts_);
  }
  absl::Status write_high_watermarks(const OffsetCheckpoint& marks) override {
    return write(kHighWatermarksName, marks, high_watermarks_);
  }

  absl::StatusOr<std::vector<PartitionDirectory>> partitions() const override {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, disk_.list(path_));
    std::vector<PartitionDirectory> found;
    for (const std::string& name : names) {
      PartitionDirectory directory{.name = name, .topic = {}, .partition = -1, .topic_id = {}};
      const size_t dash = name.rfind('-');
      if (dash == std::string::npos || dash == 0) continue;
      if (!absl::SimpleAtoi(name.substr(dash + 1), &directory.partition)) continue;
      if (directory.partition < 0 || !disk_.list(file(name)).ok()) continue;
      directory.topic = name.substr(0, dash);
      const auto text = read_file(disk_, absl::StrCat(file(name), "/", kPartitionMetadataName));
      if (!text.ok() && !absl::IsNotFound(text.status())) return text.status();
      if (text.ok()) directory.topic_id = parse_partition_metadata(*text).value_or(Uuid());
      found.push_back(std::move(directory));
    }
    return found;
  }

  absl::StatusOr<std::string> make_partition(const std::string& topic, int32_t partition,
                                             const Uuid& topic_id) override {
    std::string directory = file(absl::StrCat(topic, "-", partition));
    if (disk_.exists(directory)) {
      return absl::AlreadyExistsError(absl::StrCat("the directory ", directory, " is there"));
    }
    RETURN_IF_ERROR(disk_.make_directories(directory));
    const std::string path = absl::StrCat(directory, "/", kPartitionMetadataName);
    if (absl::Status written = write_partition_metadata(path, topic_id); !written.ok()) {
      // What is half made must not stand in the way of the next attempt, or of a namesake's.
      disk_.unlink(path).IgnoreError();
      disk_.remove_directory(directory).IgnoreError();
      return written;
    }
    return directory;
  }

  absl::Status retire(const PartitionDirectory& directory, bool stray, Random& random) override {
    const std::string end =
        absl::StrCat(".", Uuid::make(random).text(), stray ? kStraySuffix : kDeleteSuffix);
    const std::string name = directory.name.substr(0, kMaxNameBytes - end.size());
    return disk_.rename(file(directory.name), file(name + end));
  }

  absl::StatusOr<bool> remove_leftovers(WallTime now, Duration stray_keep,
                                        size_t at_most) override {
    return remove_leftovers_in(disk_, path_, now, stray_keep, at_most);
  }

 private:
  std::string file(const std::string& name) const { return absl::StrCat(path_, "/", name); }

  absl::Status write_partition_metadata(const std::string& path, const Uuid& topic_id) {
    ASSIGN_OR_RETURN(const FilePtr metadata, disk_.open(path, OpenMode::kCreate));
    const std::string text = partition_metadata_text(topic_id);
    const std::array<std::string_view, 1> pieces = {text};
    return metadata->write(0, pieces);
  }

  // True if the file is there; then `value` is what it says.
  template <class T, class Parse>
  absl::StatusOr<bool> load(const char* name, Parse parse, T& value) {
    const absl::StatusOr<std::string> text = read_file(disk_, file(name));
    if (absl::IsNotFound(text.status())) return false;
    if (!text.ok()) return text.status();
    absl::StatusOr<T> parsed = parse(*text);
    if (!parsed.ok()) {
      return annotate(parsed.status(),
                      absl::StrCat("read ", file(name),
                                   ", which is damaged or was changed by hand (restore it, or "
                                   "empty the directory and let this replica be rebuilt)"));
    }
    value = *std::move(parsed);
    return true;
  }

  absl::Status write(const char* name, const OffsetCheckpoint& from, OffsetCheckpoint& to) {
    if (from == to) return absl::OkStatus();
    RETURN_IF_ERROR(replace_file(disk_, file(name), offset_checkpoint_text(from)));
    to = from;
    return absl::OkStatus();
  }

  absl::Status load_identity(int32_t node_id, Random& random) {
    Properties properties;
    ASSIGN_OR_RETURN(const bool known, load(kIdentityName, parse_properties, properties));
    if (!known) {
      ASSIGN_OR_RETURN(const std::vector<PartitionDirectory> strangers, partitions());
      if (!strangers.empty()) {
        return absl::FailedPreconditionError(absl::StrCat(
            "the directory ", path_, " holds partitions (", strangers.front().name, ") but no ",
            kIdentityName,
            ", so that nobody knows whose they are; usual cause: the "
            "file was removed, or the path is wrong. Restore it, or use an empty directory"));
      }
      identity_ = {.cluster_id = {}, .node_id = node_id, .directory_id = Uuid::make(random)};
      return write_identity(identity_);
    }
    const auto value = [&](const char* key) {
      const auto found = properties.find(key);
      return found == properties.end() ? std::string() : found->second;
    };
    const absl::StatusOr<Uuid> directory_id = Uuid::parse(value("directory.id"));
    if (value("version") != "1" || !absl::SimpleAtoi(value("node.id"), &identity_.node_id) ||
        !directory_id.ok()) {
      return absl::DataLossError(absl::StrCat(
          "read ", file(kIdentityName), ": it must hold version=1, node.id and directory.id"));
    }
    identity_.cluster_id = value("cluster.id");
    identity_.directory_id = *directory_id;
    if (identity_.node_id != node_id) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the directory ", path_, " belongs to node ", identity_.node_id,
          ", but this process is configured as node ", node_id,
          "; usual cause: two nodes share a path, or node.id was changed. Correct node.id, or give "
          "this node an empty directory"));
    }
    return absl::OkStatus();
  }

  absl::Status write_identity(const DirectoryIdentity& identity) {
    Properties properties = {{"version", "1"},
                             {"node.id", absl::StrCat(identity.node_id)},
                             {"directory.id", identity.directory_id.text()}};
    if (!identity.cluster_id.empty()) properties["cluster.id"] = identity.cluster_id;
    return replace_file(disk_, file(kIdentityName), properties_text(properties));
  }

  absl::Status take_clean_stop_marker() {
    const absl::StatusOr<std::string> text = read_file(disk_, file(kCleanStopName));
    if (absl::IsNotFound(text.status())) return absl::OkStatus();
    if (!text.ok()) return text.status();
    // A marker that cannot be read, or that another incarnation left, proves nothing: then all is
    // scanned, which is always right.
    const absl::StatusOr<BrokerEpoch> epoch = parse_clean_stop(*text);
    was_clean_ = epoch.ok() && *epoch == broker_epoch_;
    RETURN_IF_ERROR(disk_.unlink(file(kCleanStopName)));
    return disk_.sync_and_wait({.files = {}, .directories = {path_}});
  }

  Disk& disk_;
  const std::string path_;
  std::unique_ptr<Lock> lock_;
  DirectoryIdentity identity_;
  bool was_clean_ = false;
  BrokerEpoch broker_epoch_ = kNoBrokerEpoch;
  OffsetCheckpoint recovery_points_;
  OffsetCheckpoint log_starts_;
  OffsetCheckpoint high_watermarks_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<DataDirectory>> DataDirectory::open(Disk& disk, std::string path,
                                                                   int32_t node_id,
                                                                   Random& random) {
  auto directory = std::make_unique<RealDataDirectory>(disk, std::move(path));
  RETURN_IF_ERROR(directory->open(node_id, random));
  return directory;
}

}  // namespace barnabas::storage
