// A metadata store in memory that forgets, when its machine loses power, what was not flushed.

#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "storage/metadata_store.h"

namespace barnabas::controller {

class FakeStore final : public storage::MetadataStore {
 public:
  void lose_power() { present_ = durable_; }

  absl::Status apply(const std::vector<storage::StoreWrite>& writes, LogIndex applied,
                     Term term) override {
    if (applied <= present_.applied) return absl::InvalidArgumentError("applied goes back");
    for (const storage::StoreWrite& write : writes) {
      if (write.value) {
        present_.rows[write.key] = *write.value;
      } else {
        present_.rows.erase(write.key);
      }
    }
    present_.applied = applied;
    present_.term = term;
    return absl::OkStatus();
  }
  LogIndex applied() const override { return present_.applied; }
  Term applied_term() const override { return present_.term; }
  LogIndex durable_applied() const override { return durable_.applied; }
  absl::Status flush() override {
    durable_ = present_;
    return absl::OkStatus();
  }
  absl::Status scan(
      std::string_view prefix,
      absl::FunctionRef<void(std::string_view, std::string_view)> each) const override {
    for (auto at = present_.rows.lower_bound(std::string(prefix));
         at != present_.rows.end() && at->first.substr(0, prefix.size()) == prefix; ++at) {
      each(at->first, at->second);
    }
    return absl::OkStatus();
  }
  absl::Status replace(const std::vector<storage::StoreWrite>& content, LogIndex applied,
                       Term term) override {
    present_ = {};
    for (const storage::StoreWrite& write : content) present_.rows[write.key] = *write.value;
    present_.applied = applied;
    present_.term = term;
    return flush();
  }

 private:
  struct State {
    std::map<std::string, std::string> rows;
    LogIndex applied{0};
    Term term{0};
  };
  State present_;
  State durable_;
};

}  // namespace barnabas::controller
