#include "tests/simulation/crashing_store.h"

namespace barnabas::simulation {

void CrashingStore::add(const Batch& batch, Content& content) {
  for (const storage::StoreWrite& write : batch.writes) {
    if (write.value.has_value()) {
      content.rows[write.key] = *write.value;
    } else {
      content.rows.erase(write.key);
    }
  }
  content.applied = batch.applied;
  content.term = batch.term;
}

absl::Status CrashingStore::apply(const std::vector<storage::StoreWrite>& writes, LogIndex applied,
                                  Term term) {
  if (applied <= now_.applied) return absl::FailedPreconditionError("the store went back");
  since_.push_back({writes, applied, term});
  add(since_.back(), now_);
  return absl::OkStatus();
}

absl::Status CrashingStore::flush() {
  durable_ = now_;
  since_.clear();
  return absl::OkStatus();
}

absl::Status CrashingStore::scan(
    std::string_view prefix,
    absl::FunctionRef<void(std::string_view key, std::string_view value)> each) const {
  for (auto row = now_.rows.lower_bound(prefix);
       row != now_.rows.end() && row->first.compare(0, prefix.size(), prefix) == 0; ++row) {
    each(row->first, row->second);
  }
  return absl::OkStatus();
}

absl::Status CrashingStore::replace(const std::vector<storage::StoreWrite>& content,
                                    LogIndex applied, Term term) {
  now_ = Content();
  add({content, applied, term}, now_);
  return flush();
}

void CrashingStore::crash(Random& random) {
  const size_t kept = random.below(since_.size() + 1);
  now_ = durable_;
  for (size_t i = 0; i < kept; ++i) add(since_[i], now_);
  // What survived is on disk now; what did not is gone for good.
  durable_ = now_;
  since_.clear();
}

}  // namespace barnabas::simulation
