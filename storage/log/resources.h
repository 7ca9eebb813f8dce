// What the logs of one disk share: descriptors and memory for recently appended bytes, each under
// a limit with a name.

#pragma once

#include "storage/log/file_cache.h"
#include "storage/log/tail_cache.h"

namespace barnabas::storage {

struct ResourceLimits {
  size_t open_files = FileCache::kDefaultLimit;
  size_t tail_cache_bytes = TailBudget::kDefaultBytes;
};

class LogResources {
 public:
  explicit LogResources(const ResourceLimits& limits = {})
      : files_(limits.open_files), tail_budget_(limits.tail_cache_bytes) {}

  FileCache& files() { return files_; }
  TailBudget& tail_budget() { return tail_budget_; }

 private:
  FileCache files_;
  TailBudget tail_budget_;
};

}  // namespace barnabas::storage
