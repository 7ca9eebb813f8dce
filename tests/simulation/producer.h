// An idempotent producer with acks=all, as clients have it: batches of one partition go out in
// sequence order, up to five in flight; when one fails, those behind it are waited for, and then
// everything that is not acknowledged is sent again, in order, under the same sequence numbers. It
// never gives up by itself.
//
// Leaders remember the last five batches of a producer. So none goes out that is more than five
// behind the oldest unacknowledged one, even if those between have been acknowledged: the oldest
// could not be told from a gap any more. And a leader takes any sequence from a producer that it
// does not know: so the first batch of a partition goes alone, or one behind it could be taken when
// the first was refused for the moment.
//
//   queued --> in flight --> acknowledged
//     ^------ failed ----'

#pragma once

#include <absl/functional/any_invocable.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/client.h"
#include "tests/simulation/findings.h"

namespace barnabas::simulation {

struct ProducedBatch {
  std::string topic;
  int32_t partition = 0;
  int32_t first_sequence = 0;
  std::vector<std::string> values;
  int attempts = 0;  // how often it was sent
  Instant first_sent{};
};

class Producer {
 public:
  // `base_offset`: -1 where the broker only knows that it has the batch.
  using Acknowledged = absl::AnyInvocable<void(const ProducedBatch& batch, Offset base_offset)>;

  struct Options {
    size_t in_flight_max = 5;
    Duration request_limit = std::chrono::milliseconds(1500);
    int16_t acks = -1;
  };
  Producer(Client& client, Options options, Findings& findings, Acknowledged acknowledged);
  ~Producer();

  // One batch.
  void send(const std::string& topic, int32_t partition, std::vector<std::string> values);
  // Forgets what is not acknowledged there; answers that still come are ignored.
  void abandon(const std::string& topic);
  size_t unacknowledged() const;
  ProducerId id() const { return id_; }
  // The next sequence number of this partition.
  int32_t next_sequence(const std::string& topic, int32_t partition);
  // For reports: what the oldest batch of each partition last heard.
  std::string trouble() const;

 private:
  struct Batch {
    ProducedBatch what;
    Buffer bytes;
    uint64_t number = 0;   // in its partition
    uint64_t attempt = 0;  // 0: not in flight
  };
  struct Lane {
    std::deque<Batch> batches;
    int32_t next_sequence = 0;
    uint64_t next_number = 0;
    size_t in_flight = 0;
    bool known = false;     // something has been acknowledged
    bool draining = false;  // one failed: wait for the others, then begin anew at the first
    bool alone = false;     // the first of a new beginning is not answered yet
    Instant not_before;
    std::string last_trouble;
  };
  using Key = std::pair<std::string, int32_t>;

  void get_id();
  void pump_all();
  void pump(const Key& key);
  void send_batch(const Key& key, Batch& batch, BrokerId leader);
  void answered(const Key& key, uint64_t attempt, int16_t error, Offset base_offset,
                std::string trouble);
  void pump_later(const Key& key, Duration delay);

  Client& client_;
  const Options options_;
  Findings& findings_;
  Acknowledged acknowledged_;
  ProducerId id_ = kNoProducerId;
  ProducerEpoch epoch_{-1};
  uint64_t last_attempt_ = 0;
  std::map<Key, Lane> lanes_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace barnabas::simulation
