// S13: "What was acknowledged is lost only where an unclean election has been recorded since": on a
// topic that allows such elections a record may be gone, but only if the partition's lineage has
// moved since it was sent. And whatever happened, nothing is there that nobody sent, nothing twice
// that was sent once, and what was acknowledged before another record was sent stands before it.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class ExcusedLoss {
 public:
  explicit ExcusedLoss(Findings& findings) : findings_(findings) {}

  // `value` is unique; sent once, never again. Records of one sender go to one partition, each
  // after the one before it has been answered or given up; what was given up may come late.
  void sent(const std::string& partition, const std::string& value, Lineage lineage);
  void acknowledged(const std::string& partition, const std::string& value);
  // Somebody was given this.
  void served(const std::string& partition, const std::string& value);
  // `content`: all values in the partition, in order. `lineage`: as it is then; `excused`: another
  // recorded cause, for which anything acknowledged may be gone.
  void judge(const std::string& partition, const std::vector<std::string>& content, Lineage lineage,
             bool excused);

  uint64_t acknowledged() const { return acknowledged_; }
  // Of what was acknowledged and judged.
  uint64_t lost() const { return lost_; }

 private:
  struct Record {
    uint64_t number = 0;  // in the order of sending
    Lineage lineage;
    bool acknowledged = false;
  };
  Findings& findings_;
  std::map<std::string, std::map<std::string, Record>> records_;
  uint64_t last_number_ = 0;
  uint64_t acknowledged_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace barnabas::simulation
