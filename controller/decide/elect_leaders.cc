#include "controller/decide/elect_leaders.h"

#include <absl/strings/str_cat.h>

#include <set>

#include "controller/decide/partition_sweep.h"
#include "controller/decide/preferred_election.h"
#include "metadata/config_keys.h"

namespace barnabas::controller {

using metadata::BrokerImage;
using metadata::Image;
using metadata::PartitionImage;
using metadata::TopicPartition;

namespace {

std::string why_not_preferred(const Image& image, const PartitionImage& partition) {
  const BrokerId preferred = partition.replicas.front();
  const BrokerImage* broker = image.broker(preferred);
  const char* why = "is not in sync";
  if (broker == nullptr) {
    why = "is not registered";
  } else if (broker->fenced) {
    why = "is fenced";
  } else if (broker->in_controlled_shutdown) {
    why = "is shutting down";
  } else if (broker->draining && partition.is_in_sync(preferred)) {
    why = "is drained";
  }
  return absl::StrCat("The preferred leader, broker ", preferred.value(), ", ", why, ".");
}

class Elections {
 public:
  Elections(const Image& image, const proto::ElectLeadersRequest& command, const Limits& limits,
            Decided<proto::ElectLeadersAnswer>& out)
      : image_(image),
        unclean_(command.type() == proto::ElectLeadersRequest::UNCLEAN),
        all_(command.all()),
        room_(limits.max_changes),
        limits_(limits),
        out_(out) {}

  void everywhere() {
    for (const auto& [name, id] : image_.topics_by_name()) {
      const size_t count = image_.topic(id)->partitions.size();
      for (size_t i = 0; i < count; ++i) elect(name, static_cast<int32_t>(i));
    }
  }

  void elect(const std::string& topic, int32_t index) {
    const metadata::TopicImage* found = image_.topic_by_name(topic);
    if (found == nullptr || index < 0 || static_cast<size_t>(index) >= found->partitions.size()) {
      return refuse(topic, index, ErrorCode::kUnknownTopicOrPartition,
                    absl::StrCat("There is no partition ", topic, "-", index, "."));
    }
    const TopicPartition id{found->id, PartitionIndex{index}};
    if (!seen_.insert(id).second) return;
    const PartitionImage& now = found->partitions[static_cast<size_t>(index)];
    if (!is_needed(now)) {
      if (all_) return;
      return refuse(topic, index, ErrorCode::kElectionNotNeeded,
                    absl::StrCat("Broker ", now.leader.value(), " leads ", topic, "-", index,
                                 unclean_ ? " already; an unclean election is for partitions "
                                            "without a leader."
                                          : ", which is its preferred leader."));
    }
    if (!unclean_ && !prefers_another_leader(image_, id)) {
      return refuse(topic, index, ErrorCode::kPreferredLeaderNotAvailable,
                    why_not_preferred(image_, now));
    }
    change(id, topic, now);
  }

 private:
  bool is_needed(const PartitionImage& now) const {
    return unclean_ ? now.leader == kNoBroker : now.leader != now.replicas.front();
  }

  void change(const TopicPartition& id, const std::string& topic, const PartitionImage& now) {
    const int32_t index = id.index.value();
    if (room_ == 0) {
      return refuse(topic, index, ErrorCode::kPolicyViolation,
                    absl::StrCat("One request elects at most ", limits_.max_changes,
                                 " leaders. Ask again for the rest."));
    }
    PartitionWish wish;
    wish.prefer = !unclean_;
    wish.unclean = unclean_;
    const auto standing = standings_in(image_);
    const auto change = partition_change(
        id, now, rules_of(metadata::topic_settings(image_, topic), now.replicas.size(), standing),
        wish);
    const BrokerId leader = change ? changed(now, *change).leader : now.leader;
    if (leader == kNoBroker || (!unclean_ && leader != now.replicas.front())) {
      return refuse(topic, index, ErrorCode::kEligibleLeadersNotAvailable,
                    absl::StrCat("No replica of ", topic, "-", index,
                                 " is on a broker that could lead now."));
    }
    --room_;
    add(topic, index)->set_leader(leader.value());
    *out_.decision.add_records()->mutable_partition_change() = *change;
  }

  proto::ElectedLeader* add(const std::string& topic, int32_t index) {
    proto::ElectedLeader* answer = out_.answer.add_partitions();
    answer->set_topic(topic);
    answer->set_partition(index);
    answer->set_leader(kNoBroker.value());
    return answer;
  }

  void refuse(const std::string& topic, int32_t index, ErrorCode code, std::string why) {
    set_error(add(topic, index)->mutable_error(), code, std::move(why));
  }

  const Image& image_;
  const bool unclean_;
  const bool all_;
  size_t room_;
  const Limits& limits_;
  Decided<proto::ElectLeadersAnswer>& out_;
  std::set<TopicPartition> seen_;
};

}  // namespace

Decided<proto::ElectLeadersAnswer> decide_elect_leaders(const Image& image,
                                                        const proto::ElectLeadersRequest& command,
                                                        const Limits& limits) {
  Decided<proto::ElectLeadersAnswer> out;
  Elections elections(image, command, limits, out);
  if (command.all()) elections.everywhere();
  for (const proto::TopicPartitions& topic : command.topics()) {
    for (int32_t index : topic.partitions()) elections.elect(topic.name(), index);
  }
  return out;
}

}  // namespace barnabas::controller
