// The metadata store on RocksDB.
//
//   <directory>/current        names the database in use: "store-<n>"
//   <directory>/store-<n>/     a RocksDB
//       "d" + key              what the caller stored
//       "applied"              index i64, term i32, and of all rows: number u64, digest u64, all
//                              big-endian; in the same batch as the data (P17)
//
// The digest is what tells a store from a part of one: RocksDB opens a database whose MANIFEST has
// lost its end without a word, and without the tables that were named there. It is the sum of the
// rows' digests, so that it goes along with every write; those are kept in memory.
//
// replace() fills store-<n+1>, flushes it, and switches by replacing `current`: a crash leaves one
// or the other. Whatever else is there at the next start is removed.

#include <absl/container/flat_hash_map.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <utility>

#include "common/bytes.h"
#include "common/status.h"
#include "storage/metadata_store.h"
#include "storage/posix_disk.h"

namespace barnabas::storage {
namespace {

constexpr char kPointerName[] = "current";
constexpr char kStorePrefix[] = "store-";
constexpr char kDataPrefix = 'd';
constexpr char kAppliedKey[] = "applied";
constexpr size_t kAppliedSize = 28;
constexpr size_t kAppliedSizeWithoutDigest =
    12;  // of stores that were written before there was one
// Metadata is small, and is read once, at a start.
constexpr size_t kBlockCacheBytes = size_t{4} << 20;
constexpr size_t kWriteBufferBytes = size_t{4} << 20;
// While one is written to a table, others take what comes: the caller's loop must not wait for it.
constexpr int kWriteBuffers = 6;
constexpr size_t kReplaceBatchBytes = size_t{1} << 20;

absl::Status from_rocksdb(const rocksdb::Status& status, const std::string& tried) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = absl::StrCat(tried, ": ", status.ToString());
  // A file that the database knows of and that is not there is damage, too.
  if (status.IsCorruption() || status.IsPathNotFound()) return absl::DataLossError(message);
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(message);
  return absl::InternalError(message);
}

rocksdb::Options database_options() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.write_buffer_size = kWriteBufferBytes;
  options.max_write_buffer_number = kWriteBuffers;
  options.max_background_jobs = 1;
  options.max_open_files = 64;
  options.max_total_wal_size = (kWriteBuffers + 2) * kWriteBufferBytes;
  options.keep_log_file_num = 2;
  options.max_log_file_size = size_t{1} << 20;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  // Statistics would wake a thread now and then in an idle process.
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes, 0);
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

void add(rocksdb::WriteBatch& batch, const StoreWrite& write) {
  const std::string key = absl::StrCat(absl::string_view(&kDataPrefix, 1), write.key);
  if (write.value.has_value()) {
    batch.Put(key, *write.value);
  } else {
    batch.Delete(key);
  }
}

// FNV-1a, and a mixing step because sums of it are taken.
uint64_t digest_of(std::string_view bytes, uint64_t seed = 0xcbf29ce484222325ULL) {
  uint64_t hash = seed;
  for (const char byte : bytes) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3ULL;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
  return hash ^ (hash >> 33);
}

// What is known of all rows without reading them.
class Digests {
 public:
  void put(std::string_view key, std::string_view value) {
    const uint64_t name = digest_of(key);
    const uint64_t row = digest_of(value, name);
    uint64_t& known = rows_[name];
    sum_ += row - known;
    known = row;
  }
  void remove(std::string_view key) {
    const auto found = rows_.find(digest_of(key));
    if (found == rows_.end()) return;
    sum_ -= found->second;
    rows_.erase(found);
  }
  void add(const StoreWrite& write) {
    if (write.value.has_value()) {
      put(write.key, *write.value);
    } else {
      remove(write.key);
    }
  }
  uint64_t rows() const { return rows_.size(); }
  uint64_t sum() const { return sum_; }

 private:
  absl::flat_hash_map<uint64_t, uint64_t> rows_;
  uint64_t sum_ = 0;
};

void add_applied(rocksdb::WriteBatch& batch, LogIndex applied, Term term, const Digests& digests) {
  char value[kAppliedSize];
  store_big_endian(value, applied.value());
  store_big_endian(value + 8, term.value());
  store_big_endian(value + 12, digests.rows());
  store_big_endian(value + 20, digests.sum());
  batch.Put(kAppliedKey, rocksdb::Slice(value, sizeof value));
}

class RocksDbStore final : public MetadataStore {
 public:
  explicit RocksDbStore(std::string directory) : directory_(std::move(directory)) {}

  absl::Status open() {
    RETURN_IF_ERROR(disk_.make_directories(directory_));
    const std::string pointer = absl::StrCat(directory_, "/", kPointerName);
    const absl::StatusOr<std::string> name = read_file(disk_, pointer);
    if (absl::IsNotFound(name.status())) {
      number_ = 1;
      RETURN_IF_ERROR(replace_file(disk_, pointer, store_name(number_)));
    } else {
      if (!name.ok()) return name.status();
      absl::string_view digits(*name);
      if (!absl::ConsumePrefix(&digits, kStorePrefix) || !absl::SimpleAtoi(digits, &number_)) {
        return absl::DataLossError(absl::StrCat(pointer, " names no store: \"", *name, "\""));
      }
    }
    RETURN_IF_ERROR(remove_other_stores());
    ASSIGN_OR_RETURN(database_, open_database(number_));
    std::string value;
    const rocksdb::Status found = database_->Get({}, kAppliedKey, &value);
    if (!found.IsNotFound())
      RETURN_IF_ERROR(from_rocksdb(found, absl::StrCat("read ", directory_)));
    RETURN_IF_ERROR(
        scan("", [this](std::string_view key, std::string_view row) { digests_.put(key, row); }));
    RETURN_IF_ERROR(check(found.IsNotFound() ? std::string() : value));
    if (found.IsNotFound()) return absl::OkStatus();
    applied_ = LogIndex{load_big_endian<int64_t>(value.data())};
    term_ = Term{load_big_endian<int32_t>(value.data() + 8)};
    // What the database found in its write-ahead log may only have been in the page cache (S18);
    // opening has put it into table files, which are synced.
    durable_ = applied_;
    return absl::OkStatus();
  }

  absl::Status apply(const std::vector<StoreWrite>& writes, LogIndex applied, Term term) override {
    if (applied <= applied_) {
      return absl::FailedPreconditionError(
          absl::StrCat("apply at index ", applied.value(), " after index ", applied_.value()));
    }
    rocksdb::WriteBatch batch;
    for (const StoreWrite& write : writes) {
      add(batch, write);
      digests_.add(write);
    }
    add_applied(batch, applied, term, digests_);
    absl::Status written =
        from_rocksdb(database_->Write({}, &batch), absl::StrCat("write ", directory_));
    if (!written.ok()) {
      digests_ = Digests();
      RETURN_IF_ERROR(
          scan("", [this](std::string_view key, std::string_view row) { digests_.put(key, row); }));
      return written;
    }
    applied_ = applied;
    term_ = term;
    return absl::OkStatus();
  }

  LogIndex applied() const override { return applied_; }
  Term applied_term() const override { return term_; }
  LogIndex durable_applied() const override { return durable_; }

  absl::Status flush() override {
    if (durable_ == applied_) return absl::OkStatus();
    RETURN_IF_ERROR(from_rocksdb(database_->SyncWAL(), absl::StrCat("sync ", directory_)));
    durable_ = applied_;
    return absl::OkStatus();
  }

  absl::Status scan(
      std::string_view prefix,
      absl::FunctionRef<void(std::string_view, std::string_view)> each) const override {
    std::string begin(1, kDataPrefix);
    begin.append(prefix);
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    const std::unique_ptr<rocksdb::Iterator> at(database_->NewIterator(options));
    for (at->Seek(begin); at->Valid() && at->key().starts_with(begin); at->Next()) {
      each(std::string_view(at->key().data() + 1, at->key().size() - 1),
           std::string_view(at->value().data(), at->value().size()));
    }
    return from_rocksdb(at->status(), absl::StrCat("scan ", directory_));
  }

  absl::Status replace(const std::vector<StoreWrite>& content, LogIndex applied,
                       Term term) override {
    const uint64_t next = number_ + 1;
    RETURN_IF_ERROR(remove_other_stores());
    ASSIGN_OR_RETURN(std::unique_ptr<rocksdb::DB> fresh, open_database(next));
    const std::string tried = absl::StrCat("write ", directory_, "/", store_name(next));
    rocksdb::WriteOptions unlogged;
    unlogged.disableWAL = true;  // it counts once it is flushed and pointed at, or not at all
    rocksdb::WriteBatch batch;
    Digests digests;
    for (const StoreWrite& write : content) {
      add(batch, write);
      digests.add(write);
      if (batch.GetDataSize() < kReplaceBatchBytes) continue;
      RETURN_IF_ERROR(from_rocksdb(fresh->Write(unlogged, &batch), tried));
      batch.Clear();
    }
    add_applied(batch, applied, term, digests);
    RETURN_IF_ERROR(from_rocksdb(fresh->Write(unlogged, &batch), tried));
    RETURN_IF_ERROR(from_rocksdb(fresh->Flush({}), tried));
    RETURN_IF_ERROR(disk_.sync_and_wait({.files = {}, .directories = {directory_}}));
    RETURN_IF_ERROR(
        replace_file(disk_, absl::StrCat(directory_, "/", kPointerName), store_name(next)));
    database_ = std::move(fresh);
    digests_ = std::move(digests);
    number_ = next;
    applied_ = durable_ = applied;
    term_ = term;
    return remove_other_stores();
  }

 private:
  // `value`: of the applied index; empty: there is none.
  absl::Status check(const std::string& value) const {
    uint64_t rows = 0;
    uint64_t sum = 0;
    if (value.size() == kAppliedSizeWithoutDigest) return absl::OkStatus();
    if (value.size() == kAppliedSize) {
      rows = load_big_endian<uint64_t>(value.data() + 12);
      sum = load_big_endian<uint64_t>(value.data() + 20);
    } else if (!value.empty()) {
      return absl::DataLossError(
          absl::StrCat("the applied index in ", directory_, " has ", value.size(), " bytes"));
    }
    if (rows == digests_.rows() && sum == digests_.sum()) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("the store in ", directory_, " has ", digests_.rows(),
                                            " rows, but not the ", rows,
                                            " that belong to its applied index"));
  }

  static std::string store_name(uint64_t number) { return absl::StrCat(kStorePrefix, number); }

  absl::StatusOr<std::unique_ptr<rocksdb::DB>> open_database(uint64_t number) {
    const std::string path = absl::StrCat(directory_, "/", store_name(number));
    rocksdb::DB* opened = nullptr;
    RETURN_IF_ERROR(
        from_rocksdb(rocksdb::DB::Open(database_options(), path, &opened), "open " + path));
    return std::unique_ptr<rocksdb::DB>(opened);
  }

  absl::Status remove_other_stores() {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, disk_.list(directory_));
    for (const std::string& name : names) {
      if (!name.starts_with(kStorePrefix) || name == store_name(number_)) continue;
      RETURN_IF_ERROR(disk_.remove_directory(absl::StrCat(directory_, "/", name)));
    }
    return absl::OkStatus();
  }

  const std::string directory_;
  PosixDisk disk_{nullptr};  // waits for its few syncs
  uint64_t number_ = 0;
  std::unique_ptr<rocksdb::DB> database_;
  Digests digests_;
  LogIndex applied_{0};
  LogIndex durable_{0};
  Term term_{0};
};

}  // namespace

absl::Status set_aside_store(const std::string& directory) {
  PosixDisk disk(nullptr);
  const std::string aside = absl::StrCat(directory, ".damaged");
  if (disk.exists(aside)) RETURN_IF_ERROR(disk.remove_directory(aside));
  RETURN_IF_ERROR(disk.rename(directory, aside));
  return disk.sync_and_wait({.files = {}, .directories = {parent_directory(directory)}});
}

absl::StatusOr<std::unique_ptr<MetadataStore>> open_rocksdb_store(const std::string& directory) {
  auto store = std::make_unique<RocksDbStore>(directory);
  RETURN_IF_ERROR(store->open());
  return store;
}

}  // namespace barnabas::storage
