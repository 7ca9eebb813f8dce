#include "broker/partition/checkpoints.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <sstream>

#include "common/status.h"

namespace barnabas::partition {
namespace {

constexpr int kLineageVersion = 0;
constexpr char kLineageFile[] = "lineage-checkpoint";

}  // namespace

std::string Checkpoints::lineage_path() const {
  return absl::StrCat(directory_.path(), "/", kLineageFile);
}

absl::Status Checkpoints::load() {
  high_watermarks_ = directory_.high_watermarks();
  {
    MutexLock lock(mutex_);
    log_starts_ = directory_.log_starts();
    recovery_points_ = directory_.recovery_points();
  }
  lineages_.clear();
  absl::StatusOr<std::string> text = storage::read_file(disk_, lineage_path());
  if (absl::IsNotFound(text.status())) return absl::OkStatus();
  RETURN_IF_ERROR(text.status());
  std::istringstream in(*text);
  int version = -1;
  size_t count = 0;
  if (!(in >> version >> count) || version != kLineageVersion) {
    return absl::DataLossError(
        absl::StrCat(lineage_path(), ": no lineage checkpoint of version ", kLineageVersion));
  }
  for (size_t i = 0; i < count; ++i) {
    std::string topic;
    int32_t partition = 0;
    int32_t lineage = 0;
    int64_t mark = 0;
    if (!(in >> topic >> partition >> lineage >> mark)) {
      return absl::DataLossError(
          absl::StrCat(lineage_path(), ": ends in line ", i + 1, " of ", count));
    }
    lineages_[{topic, partition}] = {Lineage{lineage}, Offset{mark}};
  }
  return absl::OkStatus();
}

Checkpoints::Known Checkpoints::known(const Name& name) const {
  Known out;
  if (auto mark = high_watermarks_.find(name); mark != high_watermarks_.end()) {
    out.high_watermark = mark->second;
    out.lineage = Lineage{0};
  }
  if (auto mark = lineages_.find(name); mark != lineages_.end()) {
    out.high_watermark = mark->second.high_watermark;
    out.lineage = mark->second.lineage;
  }
  MutexLock lock(mutex_);
  if (auto start = log_starts_.find(name); start != log_starts_.end()) {
    out.log_start = start->second;
  }
  if (auto point = recovery_points_.find(name); point != recovery_points_.end()) {
    out.recovery_point = point->second;
  }
  return out;
}

absl::Status Checkpoints::write(const std::vector<std::shared_ptr<PartitionShell>>& partitions,
                                bool all) {
  {
    MutexLock lock(mutex_);
    lowered_.clear();
  }
  storage::OffsetCheckpoint marks, starts, points;
  LineageMarks lineages;
  for (const std::shared_ptr<PartitionShell>& partition : partitions) {
    const CheckpointView view = partition->checkpoint();
    if (!view.valid) continue;
    const Name name{partition->topic(), partition->id().index.value()};
    marks[name] = view.high_watermark;
    if (view.lineage.value_or(Lineage{0}) > Lineage{0}) {
      lineages[name] = {*view.lineage, view.high_watermark};
    }
    points[name] = view.recovery_point;
    if (view.log_start > Offset{0}) starts[name] = view.log_start;
  }
  if (lineages != lineages_) RETURN_IF_ERROR(write_lineages(std::move(lineages)));
  if (marks != high_watermarks_) {
    RETURN_IF_ERROR(directory_.write_high_watermarks(marks));
    high_watermarks_ = std::move(marks);
  }
  if (!all) return absl::OkStatus();
  MutexLock lock(mutex_);
  for (const auto& [name, to] : lowered_) {
    if (auto point = points.find(name); point != points.end()) {
      point->second = std::min(point->second, to);
    }
    if (auto start = starts.find(name); start != starts.end()) {
      start->second = std::min(start->second, to);
    }
  }
  if (starts != log_starts_) {
    RETURN_IF_ERROR(directory_.write_log_starts(starts));
    log_starts_ = std::move(starts);
  }
  if (points == recovery_points_) return absl::OkStatus();
  RETURN_IF_ERROR(directory_.write_recovery_points(points));
  recovery_points_ = std::move(points);
  return absl::OkStatus();
}

absl::Status Checkpoints::write_starts(const std::map<Name, Offset>& starts) {
  MutexLock lock(mutex_);
  storage::OffsetCheckpoint all = log_starts_;
  for (const auto& [name, start] : starts) all[name] = std::max(all[name], start);
  RETURN_IF_ERROR(directory_.write_log_starts(all));
  log_starts_ = std::move(all);
  return absl::OkStatus();
}

absl::Status Checkpoints::write_lineages(LineageMarks marks) {
  std::string text = absl::StrCat(kLineageVersion, "\n", marks.size(), "\n");
  for (const auto& [name, mark] : marks) {
    absl::StrAppend(&text, name.first, " ", name.second, " ", mark.lineage.value(), " ",
                    mark.high_watermark.value(), "\n");
  }
  RETURN_IF_ERROR(storage::replace_file(disk_, lineage_path(), text));
  lineages_ = std::move(marks);
  return absl::OkStatus();
}

absl::Status Checkpoints::forget(const Name& name) {
  if (lineages_.contains(name)) {
    LineageMarks marks = lineages_;
    marks.erase(name);
    RETURN_IF_ERROR(write_lineages(std::move(marks)));
  }
  if (high_watermarks_.erase(name) > 0) {
    RETURN_IF_ERROR(directory_.write_high_watermarks(high_watermarks_));
  }
  MutexLock lock(mutex_);
  if (log_starts_.erase(name) > 0) {
    RETURN_IF_ERROR(directory_.write_log_starts(log_starts_));
  }
  if (recovery_points_.erase(name) > 0) {
    RETURN_IF_ERROR(directory_.write_recovery_points(recovery_points_));
  }
  return absl::OkStatus();
}

absl::Status Checkpoints::lower(const std::string& topic, PartitionIndex index, Offset to) {
  const Name name{topic, index.value()};
  MutexLock lock(mutex_);
  auto lowered = lowered_.try_emplace(name, to).first;
  lowered->second = std::min(lowered->second, to);
  // A start above the new end would make a new log of what is left.
  if (auto start = log_starts_.find(name); start != log_starts_.end() && start->second > to) {
    start->second = to;
    RETURN_IF_ERROR(directory_.write_log_starts(log_starts_));
  }
  auto point = recovery_points_.find(name);
  if (point == recovery_points_.end() || point->second <= to) return absl::OkStatus();
  point->second = to;
  return directory_.write_recovery_points(recovery_points_);
}

}  // namespace barnabas::partition
