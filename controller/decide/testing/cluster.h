// A cluster that exists only as decisions and their images, for tests: what is decided is committed
// at once, applied here and, from its bytes, on a replica; after each commit both must be equal and
// every invariant must hold.

#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "common/random.h"
#include "controller/decide/decided.h"
#include "metadata/image.h"
#include "proto/session.pb.h"

namespace barnabas::controller {

// What is wrong with `after` as the successor of `before`; empty: nothing (I29-I34). At rest, that
// is when no decision is left unfinished, nobody who may not lead is in sync.
std::string broken_invariant(const metadata::Image& before, const metadata::Image& after,
                             bool at_rest);

class Cluster {
 public:
  explicit Cluster(uint64_t seed = 1);

  const metadata::Image& image() const { return image_; }
  Random& random() { return *random_; }
  Limits limits;

  // The first thing that went wrong, if anything did. Tests end by asking for it.
  const std::string& broken() const { return broken_; }

  // An operator asks for them: no invariant is broken by one where the topic forbids it.
  void allow_unclean_elections() { unclean_allowed_ = true; }

  // To be called where nothing is left unfinished; where decisions are never split, every commit
  // is such a place.
  void check_at_rest();

  // Commits the decision, unless it is empty, and returns its index.
  LogIndex commit(const proto::Decision& decision);

  struct Start {
    bool clean = false;
    bool wiped = false;         // comes with a new directory
    bool forgot_epoch = false;  // its directory has never held an epoch
    std::string rack = {};
  };
  proto::Register command(int32_t broker, const Start& how);
  void register_broker(int32_t broker, const Start& how);
  void unfence(int32_t broker);
  void fence(int32_t broker);
  void shut_down(int32_t broker);
  // Registered and unfenced.
  void start(int32_t broker, const Start& how);
  void start(int32_t broker) { start(broker, Start{}); }

  proto::CreatedTopic create(const std::string& name, std::vector<std::vector<int32_t>> assignment,
                             std::map<std::string, std::string> configs = {});
  void set_config(int type, const std::string& name, const std::string& key,
                  const std::string& value);

  metadata::TopicPartition id(const std::string& topic, int32_t index = 0) const;
  const metadata::PartitionImage& partition(const std::string& topic, int32_t index = 0) const;
  BrokerEpoch epoch(int32_t broker) const;

 private:
  void note(const std::string& broken);

  std::unique_ptr<Random> random_;
  metadata::Image image_;
  metadata::Image replica_;
  std::set<Uuid> topic_ids_;
  std::map<int32_t, Uuid> directories_;
  std::map<int32_t, int64_t> last_epochs_;  // that each broker's directory holds
  int64_t last_index_ = 0;
  std::string broken_;
  bool unclean_allowed_ = false;
};

std::vector<BrokerId> brokers(std::initializer_list<int32_t> ids);

}  // namespace barnabas::controller
