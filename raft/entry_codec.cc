#include "raft/entry_codec.h"

#include <absl/strings/str_cat.h>

#include "common/bytes.h"
#include "kafka/records/builder.h"
#include "kafka/records/record.h"

namespace barnabas::raft {
namespace {

constexpr int8_t kVersion = 1;
constexpr int8_t kDecision = 0;
constexpr int8_t kBlank = 1;
constexpr int8_t kConfiguration = 2;
constexpr size_t kKeySize = 54;

int8_t code_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::kDecision:
      return kDecision;
    case EntryKind::kBlank:
      return kBlank;
    case EntryKind::kConfiguration:
      break;
  }
  return kConfiguration;
}

absl::Status damaged(const kafka::BatchView& batch, std::string_view what) {
  return absl::DataLossError(absl::StrCat("the Raft log's entry at ", batch.base_offset().value(),
                                          ": ", std::string(what)));
}

}  // namespace

void RoundDigest::add(const EntryId& id, uint32_t crc) {
  char bytes[16];
  store_big_endian<int64_t>(bytes, id.index.value());
  store_big_endian<int32_t>(bytes + 8, id.term.value());
  store_big_endian<uint32_t>(bytes + 12, crc);
  for (const char byte : bytes) {
    hash_ = (hash_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
  }
  any_ = true;
}

std::string encode_entry(const Entry& entry, Term previous_term, const SyncedRound& round,
                         int64_t now_ms) {
  ByteWriter key(kKeySize);
  key.write_int8(kVersion);
  key.write_int8(code_of(entry.kind()));
  key.write_int64(entry.index.value());
  key.write_int32(entry.term.value());
  key.write_int32(previous_term.value());
  key.write_int32(0);
  key.write_int64(round.begin.value());
  key.write_int64(round.end.value());
  key.write_uint64(round.digest);
  key.write_int64(0);
  kafka::BatchOptions options;
  options.base_offset = Offset{entry.index.value()};
  options.leader_epoch = LeaderEpoch{entry.term.value()};
  kafka::BatchBuilder builder(options, entry.payload.size() + 160);
  builder.append(now_ms, key.view(),
                 entry.payload.empty() ? std::nullopt : std::optional(entry.payload.view()));
  return builder.finish();
}

absl::StatusOr<StoredEntry> decode_entry(const kafka::BatchView& batch, const Buffer& owner) {
  if (!batch.crc_matches()) return damaged(batch, "its checksum does not match");
  if (batch.record_count() != 1 || batch.last_offset_delta() != 0 || batch.compressed()) {
    return damaged(batch, "it is not one uncompressed record");
  }
  kafka::RecordReader records(batch, batch.payload());
  const auto record = records.next();
  if (!record.has_value() || !record->key.has_value() || record->key->size() != kKeySize) {
    return damaged(batch, "its key is not that of an entry");
  }
  ByteReader key(*record->key);
  StoredEntry stored;
  const int8_t version = key.read_int8();
  const int8_t kind = key.read_int8();
  stored.entry.index = LogIndex{key.read_int64()};
  stored.entry.term = Term{key.read_int32()};
  stored.previous_term = Term{key.read_int32()};
  key.read_int32();
  stored.round.begin = LogIndex{key.read_int64()};
  stored.round.end = LogIndex{key.read_int64()};
  stored.round.digest = key.read_uint64();
  stored.crc = batch.stored_crc();
  if (version != kVersion) {
    return damaged(batch, absl::StrCat("format version ", version, " is not known here"));
  }
  if (stored.entry.index.value() != batch.base_offset().value() ||
      stored.entry.term.value() != batch.leader_epoch().value()) {
    return damaged(batch, "index or term in the header is not the one under the checksum");
  }
  if (stored.round.begin > stored.round.end || stored.round.end > stored.entry.index) {
    return damaged(batch, "it speaks of a synced round that cannot have been");
  }
  const bool has_value = record->value.has_value();
  if (has_value && (kind == kDecision || kind == kConfiguration)) {
    const auto at = static_cast<size_t>(record->value->data() - owner.data());
    stored.entry.payload = owner.slice(at, record->value->size());
    stored.entry.configures = kind == kConfiguration;
  } else if (kind != kBlank || has_value) {
    return damaged(batch, "its kind does not fit its value");
  }
  if (kind == kConfiguration && !decode_configuration(*record->value).ok()) {
    return damaged(batch, "it should say who votes, and does not");
  }
  return stored;
}

}  // namespace barnabas::raft
