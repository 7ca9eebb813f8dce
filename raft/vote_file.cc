#include "raft/vote_file.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>
#include <array>

#include "common/bytes.h"
#include "common/crc32c.h"
#include "common/status.h"

namespace barnabas::raft {
namespace {

constexpr std::string_view kMagic("BNBVOTE\1", 8);
constexpr size_t kSlotSize = 4096;
constexpr size_t kHeaderSize = 24;
constexpr int8_t kVersion = 1;
constexpr int8_t kVersionWithConfiguration = 2;
constexpr uint8_t kAbstaining = 1;
constexpr uint8_t kRecovering = 2;
constexpr uint8_t kPrepared = 4;
constexpr uint8_t kFormed = 8;

void put_voter(ByteWriter& out, const VoterId& voter) {
  out.write_int32(voter.id.value());
  out.write_bytes(voter.directory.view());
}

VoterId take_voter(ByteReader& in) {
  const ControllerId id{in.read_int32()};
  const auto directory = Uuid::from_bytes(in.read_bytes(16));
  return {id, directory.ok() ? *directory : Uuid()};
}

struct Slot {
  bool blank = true;
  bool damaged = false;
  uint64_t sequence = 0;
  std::optional<VoteRecord> record;
};

Slot read_slot(std::string_view bytes, uint64_t parity) {
  Slot slot;
  if (std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; })) return slot;
  slot.blank = false;
  slot.damaged = true;
  if (bytes.size() < kHeaderSize || bytes.substr(0, kMagic.size()) != kMagic) return slot;
  ByteReader in(bytes.substr(kMagic.size()));
  slot.sequence = in.read_uint64();
  const uint32_t length = in.read_uint32();
  const uint32_t crc = in.read_uint32();
  const std::string_view content = in.read_bytes(length);
  if (!in.ok() || slot.sequence % 2 != parity) return slot;
  if (crc32c_extend(crc32c(bytes.substr(8, 12)), content) != crc) return slot;
  absl::StatusOr<VoteRecord> record = decode_vote_record(content);
  if (!record.ok()) return slot;
  slot.damaged = false;
  slot.record = *std::move(record);
  return slot;
}

}  // namespace

std::string encode_vote_record(const VoteRecord& record) {
  ByteWriter out(256);
  out.write_int8(record.configuration.index.value() > 0 ? kVersionWithConfiguration : kVersion);
  uint8_t flags = 0;
  if (record.hard.abstaining) flags |= kAbstaining;
  if (record.recovering) flags |= kRecovering;
  if (record.formation == FormationState::kPrepared) flags |= kPrepared;
  if (record.formation == FormationState::kFormed) flags |= kFormed;
  out.write_uint8(flags);
  out.write_uint64(record.boot);
  put_voter(out, record.self);
  out.write_int32(record.hard.term.value());
  out.write_bool(record.hard.vote.has_value());
  put_voter(out, record.hard.vote.value_or(VoterId()));
  out.write_int64(record.last_round.begin.value());
  out.write_int64(record.last_round.end.value());
  out.write_uint64(record.last_round.digest);
  out.write_int16(static_cast<int16_t>(record.founding.cluster_id.size()));
  out.write_bytes(record.founding.cluster_id);
  out.write_int16(static_cast<int16_t>(record.founding.voters.size()));
  for (const VoterId& voter : record.founding.voters) put_voter(out, voter);
  if (record.configuration.index.value() > 0) {
    const std::string voters = encode_configuration(record.configuration.configuration);
    out.write_int64(record.configuration.index.value());
    out.write_int16(static_cast<int16_t>(voters.size()));
    out.write_bytes(voters);
  }
  return out.take();
}

absl::StatusOr<VoteRecord> decode_vote_record(std::string_view content) {
  ByteReader in(content);
  const int8_t version = in.read_int8();
  if (in.ok() && version != kVersion && version != kVersionWithConfiguration) {
    return absl::FailedPreconditionError(absl::StrCat("vote record of version ", version,
                                                      "; this program knows ", kVersion, " and ",
                                                      kVersionWithConfiguration));
  }
  const uint8_t flags = in.read_uint8();
  VoteRecord record;
  record.hard.abstaining = (flags & kAbstaining) != 0;
  record.recovering = (flags & kRecovering) != 0;
  if ((flags & kPrepared) != 0) record.formation = FormationState::kPrepared;
  if ((flags & kFormed) != 0) record.formation = FormationState::kFormed;
  record.boot = in.read_uint64();
  record.self = take_voter(in);
  record.hard.term = Term{in.read_int32()};
  const bool voted = in.read_bool();
  const VoterId vote = take_voter(in);
  if (voted) record.hard.vote = vote;
  record.last_round.begin = LogIndex{in.read_int64()};
  record.last_round.end = LogIndex{in.read_int64()};
  record.last_round.digest = in.read_uint64();
  record.founding.cluster_id = std::string(in.read_bytes(static_cast<uint16_t>(in.read_int16())));
  const int16_t voters = in.read_int16();
  for (int16_t i = 0; i < voters && in.ok(); ++i) record.founding.voters.push_back(take_voter(in));
  if (version == kVersionWithConfiguration) {
    record.configuration.index = LogIndex{in.read_int64()};
    const std::string_view bytes = in.read_bytes(static_cast<uint16_t>(in.read_int16()));
    RETURN_IF_ERROR(in.status());
    ASSIGN_OR_RETURN(record.configuration.configuration, decode_configuration(bytes));
  }
  RETURN_IF_ERROR(in.status());
  return record;
}

VoteFile::VoteFile(storage::Disk& disk, storage::FilePtr file, std::string directory)
    : disk_(disk), file_(std::move(file)), directory_(std::move(directory)) {}

VoteFile::~VoteFile() { *self_ = nullptr; }

absl::StatusOr<std::unique_ptr<VoteFile>> VoteFile::open(storage::Disk& disk,
                                                         const std::string& path, Found& found) {
  ASSIGN_OR_RETURN(storage::FilePtr file, disk.open(path, storage::OpenMode::kCreate));
  std::array<std::string, 2> bytes;
  std::array<Slot, 2> slots;
  for (size_t i = 0; i < 2; ++i) {
    bytes[i].resize(kSlotSize);
    ASSIGN_OR_RETURN(const size_t got,
                     file->read(i * kSlotSize, absl::MakeSpan(bytes[i].data(), kSlotSize)));
    bytes[i].resize(got);
    slots[i] = read_slot(bytes[i], i);
  }
  found = Found{};
  found.slot_damaged = slots[0].damaged || slots[1].damaged;
  if (found.slot_damaged && !slots[0].record.has_value() && !slots[1].record.has_value()) {
    // The very first write may be torn: nothing was ever said on it. It is told from two lost
    // slots by the other one being blank, or not there.
    if (!slots[0].blank && !slots[1].blank) {
      return absl::DataLossError(absl::StrCat(
          "both slots of the vote file ", path,
          " are damaged: it is not known what this node voted for. Usual cause: a failing device. "
          "This node does not vote; give it an empty directory and add it as a new voter"));
    }
    found.slot_damaged = false;
  }
  auto out = std::unique_ptr<VoteFile>(
      new VoteFile(disk, std::move(file), storage::parent_directory(path)));
  const bool second = slots[1].record.has_value() &&
                      (!slots[0].record.has_value() || slots[1].sequence > slots[0].sequence);
  const Slot& newest = second ? slots[1] : slots[0];
  found.record = newest.record;
  out->sequence_ =
      newest.record.has_value() ? newest.sequence : 1;  // then the first goes to slot 0
  return out;
}

absl::StatusOr<storage::SyncSet> VoteFile::put(const VoteRecord& record, bool over_the_same_slot) {
  const std::string content = encode_vote_record(record);
  CHECK(content.size() + kHeaderSize <= kSlotSize) << "too many voters for a slot";
  sequence_ += over_the_same_slot ? 2 : 1;
  ByteWriter numbers(16);
  numbers.write_uint64(sequence_);
  numbers.write_uint32(static_cast<uint32_t>(content.size()));
  const uint32_t crc = crc32c_extend(crc32c(numbers.view()), content);
  numbers.write_uint32(crc);
  const std::string padding(kSlotSize - kHeaderSize - content.size(), '\0');
  const std::array<std::string_view, 4> pieces{kMagic, numbers.view(), content, padding};
  RETURN_IF_ERROR(file_->write((sequence_ % 2) * kSlotSize, pieces));
  storage::SyncSet set;
  set.files.push_back(file_);
  if (!name_is_durable_) {
    set.directories = {directory_, storage::parent_directory(directory_)};
  }
  return set;
}

absl::Status VoteFile::write_and_wait(const VoteRecord& record) {
  ASSIGN_OR_RETURN(const storage::SyncSet set, put(record, writing_));
  RETURN_IF_ERROR(disk_.sync_and_wait(set));
  name_is_durable_ = true;
  return absl::OkStatus();
}

void VoteFile::write(const VoteRecord& record, Executor& loop, Written done) {
  CHECK(!writing_) << "the other slot may be the only durable one";
  writing_ = true;
  absl::StatusOr<storage::SyncSet> set = put(record, false);
  auto finish = [self = self_, done = std::move(done)](absl::Status status) mutable {
    if (*self == nullptr) return;
    (*self)->writing_ = false;
    if (status.ok()) (*self)->name_is_durable_ = true;
    done(std::move(status));
  };
  if (!set.ok()) {
    loop.post([finish = std::move(finish), status = set.status()]() mutable { finish(status); });
    return;
  }
  disk_.sync(*std::move(set), loop, std::move(finish));
}

}  // namespace barnabas::raft
