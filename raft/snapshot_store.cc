#include "raft/snapshot_store.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>

#include "common/bytes.h"
#include "common/crc32c.h"
#include "common/status.h"

namespace barnabas::raft {
namespace {

constexpr std::string_view kMagic("BNBSNAP\1", 8);
constexpr std::string_view kMagicWithConfiguration("BNBSNAP\2", 8);
constexpr size_t kHeaderSize = 36;  // of one with the founding configuration
constexpr size_t kLargestHeader = size_t{64} << 10;
constexpr std::string_view kSuffix = ".snapshot";
constexpr std::string_view kPartSuffix = ".part";
constexpr char kDamagedSuffix[] = ".damaged";
constexpr size_t kKept = 2;

absl::StatusOr<std::string> read_at(const storage::File& file, uint64_t at, size_t size) {
  std::string bytes(size, '\0');
  ASSIGN_OR_RETURN(const size_t got, file.read(at, absl::MakeSpan(bytes.data(), size)));
  bytes.resize(got);
  return bytes;
}

bool is_founding(const SnapshotOffer& offer) { return offer.configuration.index.value() == 0; }

std::string header_of(const SnapshotOffer& offer) {
  ByteWriter out(kHeaderSize);
  out.write_bytes(is_founding(offer) ? kMagic : kMagicWithConfiguration);
  out.write_int64(offer.last.index.value());
  out.write_int32(offer.last.term.value());
  out.write_uint64(offer.size);
  out.write_uint32(offer.checksum);
  if (!is_founding(offer)) {
    const std::string configuration = encode_configuration(offer.configuration.configuration);
    out.write_int64(offer.configuration.index.value());
    out.write_uint32(static_cast<uint32_t>(configuration.size()));
    out.write_bytes(configuration);
  }
  const uint32_t crc = crc32c(out.view());
  out.write_uint32(crc);
  return out.take();
}

absl::StatusOr<SnapshotOffer> parse_header(std::string_view bytes) {
  ByteReader in(bytes);
  const std::string_view magic = in.read_bytes(kMagic.size());
  SnapshotOffer offer;
  offer.last.index = LogIndex{in.read_int64()};
  offer.last.term = Term{in.read_int32()};
  offer.size = in.read_uint64();
  offer.checksum = in.read_uint32();
  std::string_view configuration;
  if (magic == kMagicWithConfiguration) {
    offer.configuration.index = LogIndex{in.read_int64()};
    configuration = in.read_bytes(in.read_uint32());
  }
  const size_t covered = bytes.size() - in.remaining();
  const uint32_t crc = in.read_uint32();
  const bool known = magic == kMagic || magic == kMagicWithConfiguration;
  if (!in.ok() || !known || crc != crc32c(bytes.substr(0, covered))) {
    return absl::DataLossError("its header is damaged");
  }
  if (!configuration.empty()) {
    ASSIGN_OR_RETURN(offer.configuration.configuration, decode_configuration(configuration));
  }
  return offer;
}

}  // namespace

SnapshotStore::SnapshotStore(storage::Disk& disk, Executor& loop, std::string directory)
    : disk_(disk), loop_(loop), directory_(std::move(directory)) {}

SnapshotStore::~SnapshotStore() { *self_ = nullptr; }

std::string SnapshotStore::path(const EntryId& last) const {
  return absl::StrCat(directory_,
                      absl::StrFormat("/%020d-%010d", last.index.value(), last.term.value()),
                      absl::string_view(kSuffix.data(), kSuffix.size()));
}

absl::StatusOr<std::unique_ptr<SnapshotStore>> SnapshotStore::open(storage::Disk& disk,
                                                                   Executor& loop,
                                                                   std::string directory) {
  auto store = std::unique_ptr<SnapshotStore>(new SnapshotStore(disk, loop, std::move(directory)));
  if (!disk.exists(store->directory_)) {
    RETURN_IF_ERROR(disk.make_directories(store->directory_));
    storage::SyncSet name;
    name.directories = {storage::parent_directory(store->directory_)};
    RETURN_IF_ERROR(disk.sync_and_wait(name));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, disk.list(store->directory_));
  for (const std::string& name : names) {
    if (name.ends_with(kSuffix)) RETURN_IF_ERROR(store->adopt(name));
  }
  return store;
}

// A whole file with a sound header is taken; another one is put aside, and never offered.
absl::Status SnapshotStore::adopt(const std::string& name) {
  const std::string where = absl::StrCat(directory_, "/", name);
  ASSIGN_OR_RETURN(const storage::FilePtr file, disk_.open(where, storage::OpenMode::kRead));
  ASSIGN_OR_RETURN(const std::string header, read_at(*file, 0, kLargestHeader));
  const absl::StatusOr<SnapshotOffer> offer = parse_header(header);
  if (offer.ok() && file->size() == header_of(*offer).size() + offer->size &&
      path(offer->last) == where) {
    offers_[offer->last] = *offer;
    return absl::OkStatus();
  }
  return disk_.rename(where, absl::StrCat(where, kDamagedSuffix));
}

std::optional<SnapshotOffer> SnapshotStore::latest() const {
  if (offers_.empty()) return std::nullopt;
  return offers_.rbegin()->second;
}

absl::Status SnapshotStore::put_aside(const EntryId& last) {
  offers_.erase(last);
  return disk_.rename(path(last), absl::StrCat(path(last), kDamagedSuffix));
}

absl::StatusOr<std::string> SnapshotStore::load(const EntryId& last) {
  const auto found = offers_.find(last);
  if (found == offers_.end()) return absl::NotFoundError("no such snapshot");
  ASSIGN_OR_RETURN(std::string content, read(last, 0, found->second.size));
  if (content.size() != found->second.size || crc32c(content) != found->second.checksum) {
    RETURN_IF_ERROR(put_aside(last));
    return absl::DataLossError(
        absl::StrCat("the snapshot ", path(last), " is damaged: its checksum does not match. ",
                     "Usual cause: a failing device. It was renamed to end in ", kDamagedSuffix));
  }
  return content;
}

absl::StatusOr<std::string> SnapshotStore::read(const EntryId& last, uint64_t position,
                                                size_t at_most) const {
  const auto found = offers_.find(last);
  if (found == offers_.end()) return absl::NotFoundError("no such snapshot");
  if (position >= found->second.size) return std::string();
  ASSIGN_OR_RETURN(const storage::FilePtr file, disk_.open(path(last), storage::OpenMode::kRead));
  return read_at(*file, header_of(found->second).size() + position,
                 std::min<uint64_t>(at_most, found->second.size - position));
}

void SnapshotStore::save(const EntryId& last, std::string_view content, Saved done,
                         const ConfigurationAt& configuration) {
  const SnapshotOffer offer{last, content.size(), crc32c(content), configuration};
  const std::string aside = absl::StrCat(path(last), ".tmp");
  absl::StatusOr<storage::FilePtr> file = disk_.open(aside, storage::OpenMode::kCreate);
  absl::Status status = file.status();
  if (status.ok()) status = (*file)->truncate(0);
  if (status.ok()) {
    const std::string header = header_of(offer);
    const std::array<std::string_view, 2> pieces{header, content};
    status = (*file)->write(0, pieces);
  }
  if (!status.ok()) {
    loop_.post([done = std::move(done), status]() mutable { done(status); });
    return;
  }
  publish(*file, aside, offer, std::move(done));
}

// Bytes first, then the name, then the directory: only the last makes it count.
void SnapshotStore::publish(storage::FilePtr file, const std::string& from,
                            const SnapshotOffer& offer, Saved done) {
  storage::SyncSet bytes;
  bytes.files.push_back(std::move(file));
  disk_.sync(std::move(bytes), loop_,
             [self = self_, from, offer, done = std::move(done)](absl::Status status) mutable {
               SnapshotStore* store = *self;
               if (store == nullptr) return;
               if (status.ok()) status = store->disk_.rename(from, store->path(offer.last));
               if (!status.ok()) {
                 done(status);
                 return;
               }
               storage::SyncSet name;
               name.directories.push_back(store->directory_);
               store->disk_.sync(
                   std::move(name), store->loop_,
                   [self, offer, done = std::move(done)](absl::Status status) mutable {
                     SnapshotStore* store = *self;
                     if (store == nullptr) return;
                     if (status.ok()) {
                       store->offers_[offer.last] = offer;
                       status = store->prune();
                     }
                     if (status.ok()) {
                       done(offer);
                     } else {
                       done(status);
                     }
                   });
             });
}

absl::Status SnapshotStore::prune() {
  while (offers_.size() > kKept) {
    RETURN_IF_ERROR(disk_.unlink(path(offers_.begin()->first)));
    offers_.erase(offers_.begin());
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> SnapshotStore::begin(const SnapshotOffer& offer) {
  if (arriving_.has_value() && arriving_->last == offer.last &&
      arriving_->checksum == offer.checksum) {
    return arrived_;
  }
  ASSIGN_OR_RETURN(arriving_file_, disk_.open(absl::StrCat(path(offer.last), kPartSuffix.data()),
                                              storage::OpenMode::kCreate));
  arriving_ = offer;
  const std::string header = header_of(offer);
  ASSIGN_OR_RETURN(const std::string present, read_at(*arriving_file_, 0, header.size()));
  if (present == header) {
    arrived_ = std::min<uint64_t>(arriving_file_->size() - header.size(), offer.size);
    return arrived_;
  }
  arrived_ = 0;
  RETURN_IF_ERROR(arriving_file_->truncate(0));
  const std::array<std::string_view, 1> pieces{header};
  RETURN_IF_ERROR(arriving_file_->write(0, pieces));
  return arrived_;
}

absl::Status SnapshotStore::add(uint64_t position, std::string_view bytes) {
  if (!arriving_.has_value() || position != arrived_ || bytes.size() > arriving_->size - arrived_) {
    return absl::OutOfRangeError("a piece of a snapshot that was not asked for");
  }
  const std::array<std::string_view, 1> pieces{bytes};
  RETURN_IF_ERROR(arriving_file_->write(header_of(*arriving_).size() + position, pieces));
  arrived_ += bytes.size();
  return absl::OkStatus();
}

void SnapshotStore::finish(Saved done) {
  const SnapshotOffer offer = *arriving_;
  absl::StatusOr<std::string> content =
      read_at(*arriving_file_, header_of(offer).size(), offer.size);
  const bool sound =
      content.ok() && content->size() == offer.size && crc32c(*content) == offer.checksum;
  storage::FilePtr file = std::move(arriving_file_);
  arriving_.reset();
  arrived_ = 0;
  const std::string part = absl::StrCat(path(offer.last), kPartSuffix.data());
  if (sound) {
    publish(std::move(file), part, offer, std::move(done));
    return;
  }
  absl::Status status = content.ok() ? disk_.unlink(part) : content.status();
  if (status.ok()) status = absl::DataLossError("a snapshot arrived damaged; it is fetched again");
  loop_.post([done = std::move(done), status]() mutable { done(status); });
}

}  // namespace barnabas::raft
