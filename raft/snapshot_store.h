// Snapshots of the applied state as files, and their arrival in pieces.
//
//   snapshots/<index, 20 digits>-<term, 10 digits>.snapshot
//     0  magic      8    "BNBSNAP\1"
//     8  index      i64  the last entry covered
//    16  term       i32
//    20  size       u64  of the content
//    28  CRC-32C    u32  of the content
//    32  CRC-32C    u32  over bytes 0 to 31
//    36  content
//
//   With the byte 2 in the magic, where the configuration is not the founding one:
//    32  configuration index  i64, and its size u32; the configuration (configuration.h)
//        CRC-32C              u32  over everything before; then the content
//
// A file gets its name only when all of it is on disk. One that is arriving is called .part; it is
// fetched by position, so a transfer that broke off goes on where it stopped, and it counts only
// when the checksum over the whole is right. The two newest are kept: one may still be in the
// sending.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/executor.h"
#include "raft/message.h"
#include "storage/disk.h"

namespace barnabas::raft {

class SnapshotStore {
 public:
  static absl::StatusOr<std::unique_ptr<SnapshotStore>> open(storage::Disk& disk, Executor& loop,
                                                             std::string directory);
  ~SnapshotStore();

  std::optional<SnapshotOffer> latest() const;
  // The verified content. kNotFound; kDataLoss: it is damaged, has been put aside, and is not
  // offered any more.
  absl::StatusOr<std::string> load(const EntryId& last);
  // kNotFound when that snapshot is not here (any more).
  absl::StatusOr<std::string> read(const EntryId& last, uint64_t position, size_t at_most) const;

  using Saved = absl::AnyInvocable<void(absl::StatusOr<SnapshotOffer>)>;
  // Durable before `done`.
  void save(const EntryId& last, std::string_view content, Saved done,
            const ConfigurationAt& configuration = {});

  // ---- Arrival ----
  // Where the next piece of `offer` should begin: behind what is here of it.
  absl::StatusOr<uint64_t> begin(const SnapshotOffer& offer);
  absl::Status add(uint64_t position, std::string_view bytes);
  uint64_t arrived() const { return arrived_; }
  // All of it is here. kDataLoss to `done`: the checksum is wrong, begin again.
  void finish(Saved done);

 private:
  SnapshotStore(storage::Disk& disk, Executor& loop, std::string directory);
  std::string path(const EntryId& last) const;
  absl::Status adopt(const std::string& name);
  void publish(storage::FilePtr file, const std::string& from, const SnapshotOffer& offer,
               Saved done);
  absl::Status prune();
  absl::Status put_aside(const EntryId& last);

  storage::Disk& disk_;
  Executor& loop_;
  const std::string directory_;
  std::map<EntryId, SnapshotOffer> offers_;
  std::optional<SnapshotOffer> arriving_;
  storage::FilePtr arriving_file_;
  uint64_t arrived_ = 0;
  std::shared_ptr<SnapshotStore*> self_ = std::make_shared<SnapshotStore*>(this);
};

}  // namespace barnabas::raft
