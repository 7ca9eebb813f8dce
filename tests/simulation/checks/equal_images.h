// I22: "Nodes that have applied the same index hold the same image", controllers and brokers alike.

#pragma once

#include <map>
#include <string>
#include <utility>

#include "common/ids.h"
#include "metadata/image.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class EqualImages {
 public:
  explicit EqualImages(Findings& findings) : findings_(findings) {}

  void holds(const std::string& process, const metadata::Image& image);
  // The same with what holds() would compute.
  void holds(const std::string& process, LogIndex index, uint64_t hash);
  uint64_t count() const { return images_.size(); }

 private:
  Findings& findings_;
  std::map<LogIndex, std::pair<uint64_t, std::string>> images_;  // hash, who had it first
  std::map<std::string, LogIndex> looked_at_;
};

}  // namespace barnabas::simulation
