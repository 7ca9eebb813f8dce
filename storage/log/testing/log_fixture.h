// A log on a disk in memory, with small segments, for tests.

#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/log/file_names.h"
#include "storage/log/log.h"
#include "storage/log/testing/batches.h"
#include "storage/memory_disk.h"

namespace barnabas::storage {

inline constexpr char kDirectory[] = "/data/t-0";

class Logs : public testing::Test {
 protected:
  Logs() {
    EXPECT_TRUE(disk_.make_directories("/data").ok());
    EXPECT_TRUE(disk_.sync_and_wait({.files = {}, .directories = {"/"}}).ok());
    options_.segment_bytes = 1000;
    options_.index_interval_bytes = 100;
    open({});
  }
  void open(RecoveryHints hints) {
    log_.reset();
    auto opened = Log::open(disk_, kDirectory, options_, hints);
    ASSERT_TRUE(opened.ok()) << opened.status();
    log_ = *std::move(opened);
  }
  absl::Status reopen_status(RecoveryHints hints) {
    log_.reset();
    disk_.kill();
    return Log::open(disk_, kDirectory, options_, hints).status();
  }
  void append(int records, size_t value = 50, int32_t epoch = 0) {
    const auto appended = log_->append_as_leader(client_batch(records, std::string(value, 'v')),
                                                 LeaderEpoch{epoch}, wall(1000));
    ASSERT_TRUE(appended.ok()) << appended.status();
  }
  bool flush() {
    const auto work = log_->begin_flush();
    return work.has_value() && log_->complete_flush(work->ticket, disk_.sync_and_wait(work->set));
  }
  void append_segments(int batches) {
    for (int i = 0; i < batches; ++i) {
      append(2, 200);
      flush();
    }
  }
  std::string file(int64_t base, std::string_view suffix = kLogSuffix) const {
    return offset_path(kDirectory, Offset{base}, suffix);
  }
  std::string read(int64_t from, size_t max_bytes = 100000, bool at_least_one = true) {
    const auto got = log_->read(Offset{from}, max_bytes, log_->end(), at_least_one);
    EXPECT_TRUE(got.ok()) << got.status();
    return got.ok() ? std::string(got->view()) : "";
  }
  std::vector<std::string> names() { return *disk_.list(kDirectory); }
  int64_t last_segment() {
    int64_t last = 0;
    for (const std::string& name : names()) {
      if (const auto base = parse_offset_name(name, kLogSuffix)) last = base->value();
    }
    return last;
  }

  MemoryDisk disk_;
  LogOptions options_;
  std::unique_ptr<Log> log_;
};

}  // namespace barnabas::storage
