#include "raft/node_storage.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "common/probe.h"
#include "common/status.h"

namespace barnabas::raft {
namespace {

constexpr int64_t kSegmentBytes = int64_t{8} << 20;

class Recovery {
 public:
  Recovery(const Options& options, storage::Disk& disk, Executor& loop, StateMachine& machine)
      : options_(options), disk_(disk), loop_(loop), machine_(machine) {}

  absl::StatusOr<NodeStorage> run() {
    RETURN_IF_ERROR(disk_.make_directories(options_.directory));
    RETURN_IF_ERROR(open_votes());
    ASSIGN_OR_RETURN(out_.snapshots, SnapshotStore::open(disk_, loop_, path("snapshots")));
    if (is_switch(out_.record.last_round)) RETURN_IF_ERROR(drop_log());
    const SyncedRound claimed =
        is_switch(out_.record.last_round) ? SyncedRound() : out_.record.last_round;
    ASSIGN_OR_RETURN(out_.log, LogStore::open(disk_, loop_, path("log"), claimed, kSegmentBytes));
    shape_ = out_.log->shape();
    if (out_.log->cut_tail() && out_.record.formation == FormationState::kFormed &&
        !planted("raft: a cut tail is forgotten")) {
      LOG(WARNING) << "the Raft log in " << path("log") << " ended in a torn tail, behind entry "
                   << shape_.last << ". It may have been promised: this node votes only with all "
                   << "others until a leader has completed its log";
      out_.record.hard.abstaining = true;
    }
    RETURN_IF_ERROR(find_base());
    RETURN_IF_ERROR(finish_install());
    RETURN_IF_ERROR(bound_state_machine());
    out_.record.recovering = false;
    out_.record.last_round = out_.log->round();
    RETURN_IF_ERROR(out_.votes->write_and_wait(out_.record));
    out_.recovered = {out_.record.hard, shape_, machine_.applied(), out_.snapshots->latest(),
                      configurations()};
    return std::move(out_);
  }

 private:
  std::string path(std::string_view name) const {
    return absl::StrCat(options_.directory, "/", std::string(name));
  }

  absl::Status open_votes() {
    VoteFile::Found found;
    ASSIGN_OR_RETURN(out_.votes, VoteFile::open(disk_, path("vote"), found));
    const VoterId self{options_.self, options_.directory_id};
    out_.record.self = self;
    if (found.record.has_value()) {
      out_.record = *std::move(found.record);
      if (out_.record.self != self) {
        return absl::FailedPreconditionError(absl::StrCat(
            "the vote file ", path("vote"), " belongs to controller ", out_.record.self.id.value(),
            " with directory id ", out_.record.self.directory.text(), ", this is controller ",
            self.id.value(), " with directory id ", self.directory.text(),
            ". Usual cause: a data directory copied from another node"));
      }
    } else if (disk_.exists(path("log"))) {
      return absl::DataLossError(absl::StrCat(
          path("log"), " is there but ", path("vote"), " is not: it is not known what this node ",
          "voted for. Give the node an empty directory and add it as a new voter"));
    }
    // A damaged slot may have held the last vote, and a start that did not end may have cut a tail.
    const bool unsure = found.slot_damaged || out_.record.recovering;
    if (unsure && out_.record.formation == FormationState::kFormed) {
      out_.record.hard.abstaining = true;
    }
    ++out_.record.boot;
    out_.record.recovering = true;
    return out_.votes->write_and_wait(out_.record);
  }

  // An empty log does not know the entry below its first; the state that was switched to with it
  // does, and so does the snapshot that it stands behind.
  absl::Status find_base() {
    if (shape_.last > shape_.base.index || shape_.base.index.value() == 0) return absl::OkStatus();
    if (machine_.applied() == shape_.base.index) {
      shape_.base.term = machine_.applied_term();
      return absl::OkStatus();
    }
    const auto snapshot = out_.snapshots->latest();
    if (!snapshot.has_value() || snapshot->last.index < shape_.base.index) {
      return absl::DataLossError(absl::StrCat("the Raft log in ", path("log"),
                                              " goes on behind entry ", shape_.base.index.value(),
                                              ", but no snapshot of it is in ", path("snapshots"),
                                              ". Usual cause: files that were removed by hand. "
                                              "Give the node an empty directory and add "
                                              "it as a new voter"));
    }
    if (snapshot->last.index == shape_.base.index) shape_.base = snapshot->last;
    return absl::OkStatus();
  }

  // From wherever they stand: the log, what was remembered when it was cut, the snapshot.
  std::vector<ConfigurationAt> configurations() const {
    std::vector<ConfigurationAt> found = out_.log->configurations();
    found.push_back(out_.record.configuration);
    if (const auto snapshot = out_.snapshots->latest()) found.push_back(snapshot->configuration);
    std::erase_if(found, [this](const ConfigurationAt& at) {
      return at.index.value() == 0 || at.index > shape_.last;
    });
    std::sort(found.begin(), found.end(),
              [](const auto& one, const auto& other) { return one.index < other.index; });
    return found;
  }

  bool log_holds(const EntryId& id) const {
    const LogView view(shape_, *out_.log);
    return view.matches(id) || id.index < shape_.base.index;
  }

  // What a switch to a snapshot has left of the log that it replaces.
  absl::Status drop_log() {
    const auto snapshot = out_.snapshots->latest();
    if (!snapshot.has_value() || snapshot->last.index.next() != out_.record.last_round.begin) {
      return absl::DataLossError(absl::StrCat(
          "the Raft log in ", path("log"),
          " was being replaced by a snapshot that ends with entry ",
          out_.record.last_round.begin.value() - 1, ", which is not in ", path("snapshots"),
          " or is damaged. Usual cause: a failing device. Give the node an empty directory and add "
          "it as a new voter"));
    }
    if (!disk_.exists(path("log"))) return absl::OkStatus();
    RETURN_IF_ERROR(disk_.remove_directory(path("log")));
    return disk_.sync_and_wait({{}, {options_.directory}});
  }

  // A snapshot that the log does not lead to was being switched to when the process ended.
  absl::Status finish_install() {
    const auto snapshot = out_.snapshots->latest();
    if (!snapshot.has_value() || log_holds(snapshot->last)) return absl::OkStatus();
    const absl::StatusOr<std::string> loaded = out_.snapshots->load(snapshot->last);
    // Nothing was switched to it, and nothing promised on it: the leader sends it again.
    if (absl::IsDataLoss(loaded.status()) && shape_.last > shape_.base.index) {
      LOG(ERROR) << loaded.status() << ". The leader sends another one";
      return absl::OkStatus();
    }
    if (!loaded.ok()) return loaded.status();
    const std::string& content = *loaded;
    out_.record.last_round = switching_behind(snapshot->last.index);
    RETURN_IF_ERROR(out_.votes->write_and_wait(out_.record));
    RETURN_IF_ERROR(machine_.restore(snapshot->last.index, snapshot->last.term, content));
    RETURN_IF_ERROR(machine_.flush());
    RETURN_IF_ERROR(out_.log->restart_behind(snapshot->last));
    shape_ = out_.log->shape();
    return absl::OkStatus();
  }

  // S4: what lies outside the log, or belongs to another one, is made anew.
  absl::Status bound_state_machine() {
    const LogIndex applied = machine_.applied();
    const bool inside = applied >= shape_.base.index && applied <= shape_.last;
    if (inside && (applied.value() == 0 || log_holds({applied, machine_.applied_term()}))) {
      return absl::OkStatus();
    }
    LOG(WARNING) << "the applied state ends at entry " << applied << " of term "
                 << machine_.applied_term() << ", which is not in the Raft log (entries "
                 << shape_.base.index.next() << " to " << shape_.last
                 << "): it is made anew from snapshot and log";
    for (auto snapshot = out_.snapshots->latest();
         snapshot.has_value() && snapshot->last.index >= shape_.base.index;
         snapshot = out_.snapshots->latest()) {
      const absl::StatusOr<std::string> content = out_.snapshots->load(snapshot->last);
      if (content.ok()) {
        return machine_.restore(snapshot->last.index, snapshot->last.term, *content);
      }
      if (!absl::IsDataLoss(content.status())) return content.status();
      LOG(ERROR) << content.status() << ". An older one may do";
    }
    if (shape_.base.index.value() == 0) return machine_.restore(LogIndex{0}, Term{0}, "");
    return absl::DataLossError(
        absl::StrCat("the applied state ends at ", applied.value(), ", the Raft log begins behind ",
                     shape_.base.index.value(),
                     ", and no sound snapshot leads from one to the other. Give the node an ",
                     "empty directory and add it as a new voter"));
  }

  const Options& options_;
  storage::Disk& disk_;
  Executor& loop_;
  StateMachine& machine_;
  NodeStorage out_;
  LogShape shape_;
};

}  // namespace

absl::StatusOr<NodeStorage> recover_storage(const Options& options, storage::Disk& disk,
                                            Executor& loop, StateMachine& machine) {
  return Recovery(options, disk, loop, machine).run();
}

}  // namespace barnabas::raft
