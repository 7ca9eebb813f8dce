// Reads one partition of one topic (by its id, so that a namesake is never read instead) from its
// beginning, batch by batch, for as long as it lives.

#pragma once

#include <absl/functional/any_invocable.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/simulation/client.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

struct ConsumedRecord {
  Offset offset;
  LeaderEpoch leader_epoch;
  std::string_view value;
};

// Whoever wants to know what consumers see.
class Reader {
 public:
  virtual void record(const Uuid& topic, int32_t partition, const ConsumedRecord& record) = 0;
  // What an answer of the leader in `epoch` said.
  virtual void high_watermark(const Uuid& topic, int32_t partition, int32_t epoch,
                              Offset high_watermark) = 0;

 protected:
  ~Reader() = default;
};

class Consumer {
 public:
  Consumer(Client& client, std::string topic, Uuid id, int32_t partition, Findings& findings,
           Reader& reader);
  ~Consumer();

  const Uuid& topic_id() const { return id_; }
  Offset position() const { return position_; }
  // As last heard; nullopt: nothing yet.
  std::optional<Offset> high_watermark() const { return high_watermark_; }
  const std::string& trouble() const { return trouble_; }

 private:
  void fetch();
  void fetch_later();
  void answered(int32_t epoch, const kafka::FetchResponse& response);
  void read(std::string_view records);

  Client& client_;
  const std::string topic_;
  const Uuid id_;
  const int32_t partition_;
  Findings& findings_;
  Reader& reader_;
  Offset position_{0};
  std::optional<Offset> high_watermark_;
  std::string trouble_ = "nothing asked yet";
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace barnabas::simulation
