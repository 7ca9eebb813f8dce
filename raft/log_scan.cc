#include "raft/log_scan.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <map>

#include "common/status.h"

namespace barnabas::raft {
namespace {

constexpr std::string_view kSuffix = ".log";
constexpr size_t kMagicAt = 16;

class Scan {
 public:
  Scan(storage::Disk& disk, const std::string& directory, const SyncedRound& claimed)
      : disk_(disk), directory_(directory), claimed_(claimed) {}

  absl::StatusOr<LogScan> run() {
    if (!disk_.exists(directory_)) return judged();
    ASSIGN_OR_RETURN(const std::vector<std::string> names, disk_.list(directory_));
    for (const std::string& name : names) {
      if (!name.ends_with(kSuffix)) continue;
      int64_t base = 0;
      if (!absl::SimpleAtoi(name.substr(0, name.size() - kSuffix.size()), &base)) continue;
      ASSIGN_OR_RETURN(std::string bytes, read(absl::StrCat(directory_, "/", name)));
      walk(LogIndex{base}, Buffer::own(std::move(bytes)));
    }
    return judged();
  }

 private:
  // What the medium holds: a page in the cache proves nothing (S18).
  absl::StatusOr<std::string> read(const std::string& path) {
    ASSIGN_OR_RETURN(const storage::FilePtr file, disk_.open(path, storage::OpenMode::kRead));
    std::string bytes(file->size(), '\0');
    ASSIGN_OR_RETURN(const size_t got,
                     disk_.read_uncached(path, 0, absl::MakeSpan(bytes.data(), bytes.size())));
    bytes.resize(got);
    return bytes;
  }

  void walk(LogIndex file_base, const Buffer& bytes) {
    if (!broken() && !any_file_) {
      out_.end = file_base;
      out_.base.index = LogIndex{file_base.value() - 1};
    } else if (!broken() && file_base != out_.end) {
      out_.broken = absl::StrCat("a gap up to the file that begins at ", file_base.value());
    }
    any_file_ = true;
    size_t at = 0;
    while (at < bytes.size() && !broken()) {
      const absl::StatusOr<size_t> size = take(bytes, at);
      if (size.ok()) {
        at += *size;
      } else {
        out_.broken = absl::StrCat(size.status().message(), " at byte ", at, " of the file at ",
                                   file_base.value());
      }
    }
    if (broken()) search(bytes, at);
  }

  // The entry at `at`, if it continues the log; returns its size.
  absl::StatusOr<size_t> take(const Buffer& bytes, size_t at) {
    ASSIGN_OR_RETURN(const kafka::BatchView batch,
                     kafka::BatchView::parse(bytes.view().substr(at)));
    ASSIGN_OR_RETURN(const StoredEntry stored, decode_entry(batch, bytes));
    const EntryId id = stored.entry.id();
    if (id.index != out_.end) {
      return absl::DataLossError(
          absl::StrCat("entry ", id.index.value(), " where ", out_.end.value(), " should be"));
    }
    const bool first = out_.empty;
    if (!first && (stored.previous_term != last_term_ || id.term < last_term_)) {
      return absl::DataLossError(absl::StrCat("entry ", id.index.value(),
                                              " continues another log than the one before it"));
    }
    if (first) out_.base.term = stored.previous_term;
    out_.empty = false;
    last_term_ = id.term;
    if (out_.terms.empty() || out_.terms.back().term < id.term) {
      out_.terms.push_back({id.term, id.index});
    }
    if (stored.entry.configures) {
      ASSIGN_OR_RETURN(Configuration found, decode_configuration(stored.entry.payload.view()));
      out_.configurations.push_back({id.index, std::move(found)});
    }
    entries_.push_back({id, stored.crc});
    out_.end = id.index.next();
    note(stored.round);
    return batch.size();
  }

  void note(const SyncedRound& round) {
    out_.proven_end = std::max(out_.proven_end, round.end);
    if (rounds_.empty() || rounds_.back() != round) rounds_.push_back(round);
  }

  // Behind the break, at any byte: entries that tell what was on disk when they were written.
  void search(const Buffer& bytes, size_t from) {
    if (from < bytes.size()) out_.bytes_behind_end = true;
    for (size_t at = from; at + kafka::kBatchHeaderSize <= bytes.size(); ++at) {
      if (bytes.view()[at + kMagicAt] != kafka::kBatchMagic) continue;
      const auto batch = kafka::BatchView::parse(bytes.view().substr(at));
      if (!batch.ok()) continue;
      const auto stored = decode_entry(*batch, bytes);
      if (!stored.ok()) continue;
      out_.proven_end = std::max(out_.proven_end, stored->round.end);
      at += batch->size() - 1;
    }
  }

  bool broken() const { return !out_.broken.empty(); }

  absl::StatusOr<LogScan> judged() {
    out_.proven_end = std::max(out_.proven_end, claimed_.end);
    if (out_.proven_end > out_.end) {
      return damage(absl::StrCat(
          "it ends at ", out_.end.value(), " (", broken() ? out_.broken : "nothing lies behind",
          "), but everything below ", out_.proven_end.value(), " was on disk once"));
    }
    note(claimed_);
    for (const SyncedRound& round : rounds_) {
      const auto digest = digest_of(round);
      if (digest.has_value() && *digest != round.digest) {
        return damage(absl::StrCat("the entries from ", round.begin.value(), " up to ",
                                   round.end.value(), " are not the ones that were synced"));
      }
    }
    return std::move(out_);
  }

  std::optional<uint64_t> digest_of(const SyncedRound& round) const {
    if (round.begin <= out_.base.index || round.end > out_.end) return std::nullopt;
    RoundDigest digest;
    for (LogIndex index = round.begin; index < round.end; index = index.next()) {
      const auto& [id, crc] = entries_[static_cast<size_t>(distance(out_.base.index, index) - 1)];
      digest.add(id, crc);
    }
    return digest.value();
  }

  absl::Status damage(std::string_view what) const {
    return absl::DataLossError(absl::StrCat(
        "the Raft log in ", directory_, " is damaged: ", std::string(what),
        ". Usual cause: a failing device, or files that were removed or restored by hand. This "
        "node "
        "does not vote, because it may have promised what is lost. Give it an empty directory and "
        "add it to the quorum as a new voter"));
  }

  storage::Disk& disk_;
  const std::string& directory_;
  const SyncedRound claimed_;
  LogScan out_;
  bool any_file_ = false;
  Term last_term_;
  std::vector<std::pair<EntryId, uint32_t>> entries_;
  std::vector<SyncedRound> rounds_;
};

}  // namespace

absl::StatusOr<LogScan> scan_log(storage::Disk& disk, const std::string& directory,
                                 const SyncedRound& claimed) {
  return Scan(disk, directory, claimed).run();
}

}  // namespace barnabas::raft
