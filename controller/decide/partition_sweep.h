// Applies the rules of partition_change.h to many partitions, up to the limit of one decision.

#pragma once

#include <absl/functional/function_ref.h>

#include <string>

#include "controller/decide/decided.h"
#include "controller/decide/partition_change.h"
#include "metadata/config_keys.h"
#include "metadata/image.h"

namespace barnabas::controller {

class PartitionSweep {
 public:
  // All references must outlive the sweep.
  PartitionSweep(const metadata::Image& image, Standings standing, size_t max_changes,
                 proto::Decision& decision)
      : image_(image), standing_(standing), room_(max_changes), decision_(decision) {}

  // Adds the change that the wish asks for, if there is one. False: it did not fit, and is left
  // for repair().
  bool add(const metadata::TopicPartition& id, const PartitionWish& wish);

  bool complete() const { return complete_; }

 private:
  void look_at(const Uuid& topic);

  const metadata::Image& image_;
  Standings standing_;
  size_t room_;
  proto::Decision& decision_;
  // Of the partition before: a sweep goes topic by topic, mostly.
  const metadata::TopicImage* topic_ = nullptr;
  metadata::TopicSettings settings_;
  bool complete_ = true;
};

inline Standing standing_of(const metadata::BrokerImage& broker) {
  return {broker.may_lead(), broker.may_be_in_sync(), broker.draining};
}

// By the image alone.
inline auto standings_in(const metadata::Image& image) {
  return [&image](BrokerId id) {
    const metadata::BrokerImage* broker = image.broker(id);
    return broker == nullptr ? Standing() : standing_of(*broker);
  };
}
inline auto may_lead_in(const metadata::Image& image) {
  return [&image](BrokerId id) {
    const metadata::BrokerImage* broker = image.broker(id);
    return broker != nullptr && broker->may_lead();
  };
}

// Completes whatever an earlier decision left unfinished, of this or an earlier active controller
// (S1): partitions led by, or in sync on, brokers that may not be; leaderless partitions that need
// not be; partitions that do not know yet which durability is wanted. First those that lack a
// leader who may lead: clients wait for them.
//
//   idle --begin()--> leaders --all seen--> everything --all seen--> idle
//
// One look at each partition is enough, however many decisions it takes: each decision leaves what
// it touches as it should be, or says that it is unfinished, and then it is begun again.
class Repair {
 public:
  void begin() { at_ = {Pass::kLeaders, {}, 0}; }
  bool is_idle() const { return at_.pass == Pass::kIdle; }
  // The next piece. Nothing left to do: an empty decision. When it is not committed: begin().
  proto::Decision next(const metadata::Image& image, const Limits& limits);

 private:
  enum class Pass { kIdle, kLeaders, kEverything };
  struct Place {
    Pass pass = Pass::kIdle;
    std::string topic;  // this one and those behind it, in order of their names
    size_t partition = 0;
  };

  bool walk(const metadata::Image& image, PartitionSweep& sweep);

  Place at_;
};

// The first piece of a repair from the beginning.
proto::Decision repair(const metadata::Image& image, const Limits& limits);

}  // namespace barnabas::controller
