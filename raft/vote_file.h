// The file "vote": everything a voter must not forget, in two slots that are written in turn, so
// that a torn write leaves the other one.
//
//   slot 0 at byte 0, slot 1 at byte 4096; the one with the higher sequence counts. Big-endian.
//
//     0  magic            8     "BNBVOTE\1"
//     8  sequence         u64   one more with every write; odd in slot 1, even in slot 0
//    16  length           u32   of the content
//    20  CRC-32C          u32   over bytes 8 to 19 and the content
//    24  content
//          version i8 (1; 2), flags u8 (1 abstaining, 2 recovering, 4 prepared, 8 formed),
//          boot u64, node id i32, directory id 16 bytes,
//          term i32, vote: present i8, node id i32, directory id 16 bytes,
//          last synced round of the log: begin i64, end i64, digest u64,
//          cluster id: length i16 and bytes, voters: count i16, each node id i32 and directory id,
//          only in version 2: the newest configuration that the log no longer tells, because it was
//          cut behind it: index i64 of its entry, length i16 and bytes (configuration.h)
//
// A slot that was never written is all zero. A damaged one may be a torn write, which nothing was
// said on, or a vote that was: the caller treats it as S6 treats a cut tail. Both damaged:
// kDataLoss.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/executor.h"
#include "raft/effects.h"
#include "raft/entry_codec.h"
#include "raft/formation_message.h"
#include "storage/disk.h"

namespace barnabas::raft {

struct VoteRecord {
  VoterId self;
  uint64_t boot = 0;
  HardState hard;
  // A start is under way: if it does not end, the next one cannot know what it cut.
  bool recovering = false;
  FormationState formation = FormationState::kBlank;
  FoundingConfiguration founding;
  SyncedRound last_round;
  ConfigurationAt configuration = {};  // index 0: none but the founding one
  friend bool operator==(const VoteRecord&, const VoteRecord&) = default;
};

std::string encode_vote_record(const VoteRecord& record);
absl::StatusOr<VoteRecord> decode_vote_record(std::string_view content);

class VoteFile {
 public:
  struct Found {
    std::optional<VoteRecord> record;  // nullopt: a new file
    bool slot_damaged = false;
  };
  static absl::StatusOr<std::unique_ptr<VoteFile>> open(storage::Disk& disk,
                                                        const std::string& path, Found& found);
  ~VoteFile();

  // Writes and waits for the disk: at start, and where nothing may happen before. While another
  // write is under way it takes that one's slot, and must hold all that that one holds.
  absl::Status write_and_wait(const VoteRecord& record);

  // Writes; `done` comes on `loop`. Only when no write is under way: the slot that it overwrites
  // must not be the only durable one.
  using Written = absl::AnyInvocable<void(absl::Status)>;
  void write(const VoteRecord& record, Executor& loop, Written done);
  bool writing() const { return writing_; }

 private:
  VoteFile(storage::Disk& disk, storage::FilePtr file, std::string directory);
  absl::StatusOr<storage::SyncSet> put(const VoteRecord& record, bool over_the_same_slot);

  storage::Disk& disk_;
  storage::FilePtr file_;
  const std::string directory_;
  uint64_t sequence_ = 0;  // of the last write
  bool name_is_durable_ = false;
  bool writing_ = false;
  std::shared_ptr<VoteFile*> self_ = std::make_shared<VoteFile*>(this);
};

}  // namespace barnabas::raft
