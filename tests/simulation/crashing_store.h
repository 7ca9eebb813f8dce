// The metadata store of a simulated controller: a sorted map that a power cut throws back to some
// batch at or after the last flush, as a database without a synced write-ahead log may be. A
// process that is merely killed loses nothing of what the kernel had.
//
// Belongs to the machine, not to the process: it outlives its controller.

#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/random.h"
#include "storage/metadata_store.h"

namespace barnabas::simulation {

class CrashingStore final : public storage::MetadataStore {
 public:
  absl::Status apply(const std::vector<storage::StoreWrite>& writes, LogIndex applied,
                     Term term) override;
  LogIndex applied() const override { return now_.applied; }
  Term applied_term() const override { return now_.term; }
  LogIndex durable_applied() const override { return durable_.applied; }
  absl::Status flush() override;
  absl::Status scan(
      std::string_view prefix,
      absl::FunctionRef<void(std::string_view key, std::string_view value)> each) const override;
  absl::Status replace(const std::vector<storage::StoreWrite>& content, LogIndex applied,
                       Term term) override;

  void crash(Random& random);

 private:
  struct Content {
    std::map<std::string, std::string, std::less<>> rows;
    LogIndex applied{0};
    Term term{0};
  };
  struct Batch {
    std::vector<storage::StoreWrite> writes;
    LogIndex applied;
    Term term;
  };
  static void add(const Batch& batch, Content& content);

  Content durable_;
  Content now_;
  std::vector<Batch> since_;  // what lies between the two
};

}  // namespace barnabas::simulation
