// Random histories of a log on a disk that crashes, against a twin that is a plain list of
// batches. I42: after recovery the log is a prefix of what was written, with everything that had
// been reported durable.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/random.h"
#include "storage/log/log.h"
#include "storage/log/testing/batches.h"
#include "storage/memory_disk.h"

namespace barnabas::storage {
namespace {

constexpr char kDirectory[] = "/data/topic-0";

struct TwinBatch {
  int64_t base;
  int64_t next;
  std::string bytes;
};

class History {
 public:
  explicit History(uint64_t seed) : random_(seeded_random(seed)) {
    EXPECT_TRUE(disk_.make_directories("/data").ok());
    EXPECT_TRUE(disk_.sync_and_wait({.files = {}, .directories = {"/"}}).ok());
    options_.segment_bytes = static_cast<int64_t>(300 + random_->below(3000));
    options_.index_interval_bytes = static_cast<int32_t>(random_->below(400));
    open(true);
  }

  void step() {
    switch (random_->below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return append();
      case 5:
      case 6:
        return append_as_follower();
      case 7:
        return begin_flush();
      case 8:
      case 9:
        return complete_flush();
      case 10:
        return truncate();
      case 11:
        return checkpoint();
      case 12:
        return advance_start();
      case 13:
        return read_somewhere();
      default:
        if (random_->chance(25)) stop();
    }
  }

  void check_all() {
    ASSERT_EQ(log_->end().value(), end());
    ASSERT_LE(log_->durable_end(), log_->end());
    std::string expected;
    for (const TwinBatch& batch : twin_) {
      if (batch.next > log_->start().value()) expected += batch.bytes;
    }
    std::string all;
    Offset from = log_->start();
    while (from < log_->end()) {
      const auto got = log_->read(from, 1 + random_->below(2000), log_->end(), true);
      ASSERT_TRUE(got.ok()) << got.status();
      ASSERT_FALSE(got->empty()) << "at " << from;
      kafka::BatchStream batches(got->view());
      while (const auto batch = batches.next()) from = batch->next_offset();
      all += got->view();
    }
    ASSERT_TRUE(all == expected) << all.size() << " bytes, " << expected.size() << " expected";
  }

 private:
  int64_t end() const { return twin_.empty() ? twin_start_ : twin_.back().next; }

  void open(bool fresh, bool clean = false) {
    RecoveryHints hints{.clean = clean, .recovery_point = Offset{hint_}, .log_start = std::nullopt};
    if (start_hint_ > 0) hints.log_start = Offset{start_hint_};
    auto opened = Log::open(disk_, kDirectory, options_, hints);
    ASSERT_TRUE(opened.ok()) << opened.status();
    log_ = *std::move(opened);
    if (fresh) return;
    // The twin forgets what the crash took; what was durable must not be of that.
    ASSERT_GE(log_->end().value(), durable_) << "acknowledged data is gone";
    ASSERT_EQ(log_->durable_end(), log_->end());
    // A truncation that had not reached the disk may be undone by the crash.
    if (!clean && !process_kill_) adopt_undone_truncation();
    undone_.clear();
    ASSERT_LE(log_->end().value(), end());
    while (!twin_.empty() && twin_.back().base >= log_->end().value()) twin_.pop_back();
    if (clean || process_kill_) {
      EXPECT_EQ(log_->recovery().cut_at, kNoOffset);
    }
    durable_ = log_->durable_end().value();
    check_all();
  }

  void adopt_undone_truncation() {
    std::string all;
    Offset from = log_->start();
    while (from < log_->end()) {
      const auto got = log_->read(from, 100000, log_->end(), true);
      ASSERT_TRUE(got.ok()) << got.status();
      from = kafka::BatchView::parse(last_batch(got->view()))->next_offset();
      all += got->view();
    }
    const auto begins_with_all = [&](const std::vector<TwinBatch>& batches) {
      std::string bytes;
      for (const TwinBatch& batch : batches) {
        if (batch.next > log_->start().value()) bytes += batch.bytes;
      }
      return bytes.starts_with(all);
    };
    if (begins_with_all(twin_)) return;
    for (const std::vector<TwinBatch>& before : undone_) {
      if (begins_with_all(before)) twin_ = before;
    }
  }

  static std::string last_batch(std::string_view bytes) {
    kafka::BatchStream batches(bytes);
    std::string last;
    while (const auto batch = batches.next()) last = std::string(batch->bytes());
    return last;
  }

  std::string random_batch(int64_t base, int32_t epoch) {
    const int records = 1 + static_cast<int>(random_->below(4));
    const std::string value(random_->below(random_->chance(10) ? 3000 : 120),
                            static_cast<char>('a' + random_->below(26)));
    return stored(client_batch(records, value), base, epoch);
  }

  void remember(const std::string& bytes) {
    undone_.clear();
    kafka::BatchStream batches(bytes);
    while (const auto batch = batches.next()) {
      twin_.push_back({batch->base_offset().value(), batch->next_offset().value(),
                       std::string(batch->bytes())});
    }
  }

  void maybe_new_epoch() {
    if (random_->chance(10)) ++epoch_;
  }

  void append() {
    maybe_new_epoch();
    std::string bytes;
    std::string stamped;
    int64_t next = end();
    for (uint64_t i = 0; i <= random_->below(3); ++i) {
      const std::string batch = random_batch(next, epoch_);
      next = kafka::BatchView::parse(batch)->next_offset().value();
      stamped += batch;
      std::string raw = batch;
      kafka::stamp(raw.data(), Offset{0}, kNoLeaderEpoch);
      bytes += raw;
    }
    const auto appended = log_->append_as_leader(bytes, LeaderEpoch{epoch_}, wall(1000));
    ASSERT_TRUE(appended.ok()) << appended.status();
    ASSERT_EQ(appended->first.value(), end());
    ASSERT_EQ(appended->next.value(), next);
    remember(stamped);
  }

  void append_as_follower() {
    maybe_new_epoch();
    std::string bytes;
    int64_t next = end();
    for (uint64_t i = 0; i <= random_->below(3); ++i) {
      const std::string batch = random_batch(next, epoch_);
      next = kafka::BatchView::parse(batch)->next_offset().value();
      bytes += batch;
    }
    const std::string cut = random_batch(next, epoch_).substr(0, 40);
    ASSERT_TRUE(log_->append_as_follower(bytes + cut, wall(1000)).ok());
    remember(bytes);
  }

  void begin_flush() {
    if (flight_.has_value()) return;
    flight_ = log_->begin_flush();
  }

  void complete_flush() {
    if (!flight_.has_value()) return;
    ASSERT_TRUE(disk_.sync_and_wait(flight_->set).ok());
    log_->complete_flush(flight_->ticket, absl::OkStatus());
    flight_.reset();
    durable_ = std::max(durable_, log_->durable_end().value());
    ASSERT_EQ(durable_, log_->durable_end().value());
  }

  void truncate() {
    if (twin_.empty()) return;
    const int64_t lowest = std::max(log_->start().value(), end() - 40);
    const int64_t to =
        lowest + static_cast<int64_t>(random_->below(static_cast<uint64_t>(end() - lowest + 1)));
    if (to == end()) return;
    // The promise of the caller.
    hint_ = std::min(hint_, to);
    undone_.push_back(twin_);
    while (!twin_.empty() && twin_.back().next > to) twin_.pop_back();
    ASSERT_TRUE(log_->truncate(Offset{to}).ok());
    hint_ = std::min(hint_, end());
    start_hint_ = std::min(start_hint_, end());
    durable_ = std::min(durable_, end());
    ASSERT_EQ(log_->durable_end().value(), durable_);
    ++epoch_;
    check_all();
  }

  void checkpoint() { hint_ = log_->durable_end().value(); }

  void advance_start() {
    if (random_->chance(70) || twin_.empty()) return;
    const int64_t to =
        log_->start().value() + static_cast<int64_t>(random_->below(
                                    static_cast<uint64_t>(end() - log_->start().value() + 1)));
    // As a broker does: never above the high watermark, which is durable.
    if (to > durable_) return;
    start_hint_ = to;
    ASSERT_TRUE(log_->advance_start(Offset{to}).ok());
    ASSERT_TRUE(log_->remove_deleted(1, Instant{}).ok());
  }

  void read_somewhere() {
    if (twin_.empty()) return;
    const TwinBatch& batch = twin_[random_->below(twin_.size())];
    if (batch.next <= log_->start().value()) return;
    const int64_t from = std::max(batch.base + static_cast<int64_t>(random_->below(
                                                   static_cast<uint64_t>(batch.next - batch.base))),
                                  log_->start().value());
    const auto got = log_->read(Offset{from}, batch.bytes.size(), log_->end(), true);
    ASSERT_TRUE(got.ok()) << got.status();
    ASSERT_EQ(got->view(), batch.bytes);
    const auto limited = log_->read(Offset{from}, 100000, Offset{batch.next - 1}, true);
    ASSERT_TRUE(limited.ok());
    ASSERT_TRUE(limited->empty()) << "holds an offset that it must not";
  }

  void stop() {
    flight_.reset();
    const uint64_t how = random_->below(3);
    process_kill_ = how == 1;
    if (how == 0) {
      ASSERT_TRUE(log_->close().ok());
      durable_ = end();
    }
    log_.reset();
    if (how == 2) {
      disk_.crash(*random_);
    } else {
      disk_.kill();
    }
    if (how != 2) durable_ = end();  // nothing may be missing
    open(false, how == 0);
  }

  std::unique_ptr<Random> random_;
  MemoryDisk disk_;
  LogOptions options_;
  std::unique_ptr<Log> log_;
  std::vector<TwinBatch> twin_;
  int64_t twin_start_ = 0;
  std::vector<std::vector<TwinBatch>> undone_;  // what truncations may give back
  int64_t durable_ = 0;     // the highest that was reported and not truncated since
  int64_t hint_ = 0;        // recovery point as checkpointed
  int64_t start_hint_ = 0;  // log start as checkpointed
  int32_t epoch_ = 0;
  bool process_kill_ = false;
  std::optional<FlushWork> flight_;
};

TEST(LogProperty, I42_RecoveryGivesAPrefixOfWhatWasWrittenWithAllThatWasDurable) {
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    for (int i = 0; i < 150; ++i) {
      history.step();
      if (testing::Test::HasFatalFailure()) return;
    }
    history.check_all();
    if (testing::Test::HasFatalFailure()) return;
  }
}

// The power goes off with each single change of a short history, several times with other sectors
// surviving.
TEST(LogProperty, S18_EveryPrefixOfTheChangesOfAShortHistoryRecovers) {
  const auto run = [](MemoryDisk& disk, uint64_t power, std::vector<std::string>& written) {
    LogOptions options;
    options.segment_bytes = 400;
    options.index_interval_bytes = 50;
    int64_t durable = 0;
    if (!disk.make_directories("/data").ok()) return durable;
    if (!disk.sync_and_wait({.files = {}, .directories = {"/"}}).ok()) return durable;
    disk.power_off_after(power);
    auto log = Log::open(disk, kDirectory, options, {});
    if (!log.ok()) return durable;
    for (int i = 0; i < 12; ++i) {
      const int64_t end = (*log)->end().value();
      const std::string batch = client_batch(2, std::string(100, static_cast<char>('a' + i)));
      if (!(*log)->append_as_leader(batch, LeaderEpoch{i / 5}, wall(1000)).ok()) break;
      written.push_back(stored(batch, end, i / 5));
      if (i % 2 == 0) continue;
      const auto work = (*log)->begin_flush();
      const absl::Status synced = disk.sync_and_wait(work->set);
      (*log)->complete_flush(work->ticket, synced);
      if (!synced.ok()) break;
      durable = (*log)->durable_end().value();
    }
    return durable;
  };
  MemoryDisk whole;
  std::vector<std::string> all;
  ASSERT_EQ(run(whole, 1'000'000, all), 24);
  const uint64_t changes = whole.changes();
  ASSERT_GT(changes, 20u);
  for (uint64_t power = 0; power <= changes; ++power) {
    for (uint64_t seed = 0; seed < 8; ++seed) {
      SCOPED_TRACE(absl::StrCat("power ", power, " seed ", seed));
      MemoryDisk disk;
      std::vector<std::string> written;
      const int64_t durable = run(disk, power, written);
      disk.crash(*seeded_random(seed));
      const auto log = Log::open(disk, kDirectory, {}, {});
      ASSERT_TRUE(log.ok()) << log.status();
      ASSERT_GE((*log)->end().value(), durable);
      std::string found;
      Offset from{0};
      while (from < (*log)->end()) {
        const auto got = (*log)->read(from, 1, (*log)->end(), true);
        ASSERT_TRUE(got.ok()) << got.status();
        found += got->view();
        from = kafka::BatchView::parse(got->view())->next_offset();
      }
      std::string expected;
      for (const std::string& batch : written) expected += batch;
      ASSERT_EQ(found, expected.substr(0, found.size()));
    }
  }
}

}  // namespace
}  // namespace barnabas::storage
