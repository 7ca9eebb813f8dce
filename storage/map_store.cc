// The metadata store as a std::map: for the simulator, and the twin of the real one in tests.

#include <absl/strings/str_cat.h>

#include <map>
#include <utility>

#include "storage/metadata_store.h"

namespace barnabas::storage {
namespace {

class MapStore final : public MetadataStore {
 public:
  absl::Status apply(const std::vector<StoreWrite>& writes, LogIndex applied, Term term) override {
    if (applied <= applied_) {
      return absl::FailedPreconditionError(
          absl::StrCat("apply at index ", applied.value(), " after index ", applied_.value()));
    }
    put(writes);
    applied_ = applied;
    term_ = term;
    return absl::OkStatus();
  }
  LogIndex applied() const override { return applied_; }
  Term applied_term() const override { return term_; }
  LogIndex durable_applied() const override { return durable_; }
  absl::Status flush() override {
    durable_ = applied_;
    return absl::OkStatus();
  }
  absl::Status scan(
      std::string_view prefix,
      absl::FunctionRef<void(std::string_view, std::string_view)> each) const override {
    for (auto at = content_.lower_bound(prefix);
         at != content_.end() && std::string_view(at->first).starts_with(prefix); ++at) {
      each(at->first, at->second);
    }
    return absl::OkStatus();
  }
  absl::Status replace(const std::vector<StoreWrite>& content, LogIndex applied,
                       Term term) override {
    content_.clear();
    put(content);
    applied_ = durable_ = applied;
    term_ = term;
    return absl::OkStatus();
  }

 private:
  void put(const std::vector<StoreWrite>& writes) {
    for (const StoreWrite& write : writes) {
      if (write.value.has_value()) {
        content_[write.key] = *write.value;
      } else {
        content_.erase(write.key);
      }
    }
  }

  std::map<std::string, std::string, std::less<>> content_;
  LogIndex applied_{0};
  LogIndex durable_{0};
  Term term_{0};
};

}  // namespace

std::unique_ptr<MetadataStore> make_map_store() { return std::make_unique<MapStore>(); }

}  // namespace barnabas::storage
