// Reads one partition over and over from its beginning, and trusts nothing: what is served, with a
// checksum that holds, must be something that somebody sent. A refusal is an answer, too, and so is
// a checksum that does not hold: "detected, never lied".

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/checks/excused_loss.h"
#include "tests/simulation/client.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class WaryReader {
 public:
  // `topic` is followed by `client` already. `name`: of the partition, for the check.
  WaryReader(Client& client, std::string topic, int32_t partition, std::string name,
             ExcusedLoss& sent, Findings& findings);

  // From now on one pass more, which then stands.
  void read_for_the_verdict();
  // The pass for the verdict has come to the end of what there is.
  bool complete() const { return complete_; }
  const std::vector<std::string>& values() const { return values_; }
  uint64_t passes() const { return passes_; }
  uint64_t refusals() const { return refusals_; }

 private:
  void begin_again();
  void fetch();
  void fetch_later();
  void answered(const kafka::FetchResponse& response);
  void read(std::string_view records);

  Client& client_;
  const std::string topic_;
  const int32_t partition_;
  const std::string name_;
  ExcusedLoss& sent_;
  Findings& findings_;
  Offset position_{0};
  std::vector<std::string> values_;
  bool for_the_verdict_ = false;
  bool complete_ = false;
  uint64_t passes_ = 0;
  uint64_t refusals_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace barnabas::simulation
