#include "controller/decide/alter_partition.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>

#include "common/probe.h"
#include "controller/decide/partition_change.h"
#include "controller/decide/partition_sweep.h"
#include "metadata/records.h"

namespace barnabas::controller {

using metadata::BrokerImage;
using metadata::Image;
using metadata::PartitionImage;
using metadata::TopicPartition;

namespace {

Failure check_epochs(const PartitionImage& now, BrokerId broker,
                     const proto::AlterPartition& asked) {
  // A leader that has seen more than this controller talks to a deposed one (P28).
  if (asked.leader_epoch() > now.leader_epoch.value() ||
      asked.partition_epoch() > now.partition_epoch.value()) {
    return {
        ErrorCode::kNotController,
        absl::StrCat("The proposal knows leader epoch ", asked.leader_epoch(),
                     " and partition epoch ", asked.partition_epoch(), "; this controller only ",
                     now.leader_epoch.value(), " and ", now.partition_epoch.value(), ".")};
  }
  if (asked.leader_epoch() < now.leader_epoch.value()) {
    reached("controller: a proposal of an earlier leader");
    return {ErrorCode::kFencedLeaderEpoch,
            absl::StrCat("Leader epoch ", asked.leader_epoch(), " is over; it is ",
                         now.leader_epoch.value(), " now.")};
  }
  if (now.leader != broker) {
    return {ErrorCode::kInvalidRequest, absl::StrCat("Broker ", broker.value(), " does not lead; ",
                                                     now.leader.value(), " does.")};
  }
  if (asked.partition_epoch() < now.partition_epoch.value() &&
      !planted("controller: takes a proposal that is over")) {
    reached("controller: a proposal was over");
    return {ErrorCode::kInvalidUpdateVersion,
            absl::StrCat("Partition epoch ", asked.partition_epoch(), " is over; it is ",
                         now.partition_epoch.value(), " now.")};
  }
  return {};
}

Failure check_members(const PartitionImage& now, BrokerId leader,
                      const proto::AlterPartition& asked) {
  std::set<int32_t> members;
  for (const proto::InSyncMember& member : asked.in_sync()) {
    if (!now.has_replica(BrokerId{member.broker()})) {
      return {ErrorCode::kInvalidRequest,
              absl::StrCat("Broker ", member.broker(), " is no replica.")};
    }
    if (!members.insert(member.broker()).second) {
      return {ErrorCode::kInvalidRequest,
              absl::StrCat("Broker ", member.broker(), " is named twice.")};
    }
  }
  if (members.count(leader.value()) == 0) {
    return {ErrorCode::kInvalidRequest, "The proposed in-sync set lacks the leader."};
  }
  if (now.recovering && !asked.recovered() && members.size() > 1) {
    return {ErrorCode::kInvalidRequest,
            "The leader was elected uncleanly and has not reported recovery; until then it is "
            "the whole in-sync set."};
  }
  return {};
}

Failure check_eligible(const Image& image, const PartitionImage& now,
                       const proto::AlterPartition& asked) {
  for (const proto::InSyncMember& member : asked.in_sync()) {
    const BrokerImage* broker = image.broker(BrokerId{member.broker()});
    const char* why = nullptr;
    if (broker == nullptr) {
      why = "is not registered";
    } else if (broker->fenced && !(broker->returning && now.is_in_sync(broker->id))) {
      reached("controller: a proposed member was fenced");
      why = "is fenced";
    } else if (broker->in_controlled_shutdown) {
      why = "is shutting down";
    } else if (broker->epoch.value() != member.epoch() &&
               !planted("controller: takes a member of an earlier incarnation")) {
      reached("controller: a proposed member had been restarted");
      why = "has been restarted since the leader saw it caught up";
    }
    if (why != nullptr) {
      return {ErrorCode::kIneligibleReplica,
              absl::StrCat("Broker ", member.broker(), " ", why, ".")};
    }
  }
  return {};
}

class Proposals {
 public:
  Proposals(const Image& image, BrokerId broker, Decided<proto::AlterPartitionsAnswer>& out)
      : image_(image), broker_(broker), out_(out) {}

  void decide(const proto::AlterPartition& asked) {
    proto::AlteredPartition* answer = out_.answer.add_partitions();
    answer->set_topic_id(asked.topic_id());
    answer->set_index(asked.index());
    const absl::StatusOr<Uuid> topic = Uuid::from_bytes(asked.topic_id());
    if (!topic.ok() || image_.topic(*topic) == nullptr) {
      return set_error(answer->mutable_error(), ErrorCode::kUnknownTopicId, "No such topic.");
    }
    const TopicPartition id{*topic, PartitionIndex{asked.index()}};
    const PartitionImage* now = image_.partition(id);
    if (now == nullptr) {
      return set_error(answer->mutable_error(), ErrorCode::kUnknownTopicOrPartition,
                       "No such partition.");
    }
    if (!seen_.insert(id).second) {
      return set_error(answer->mutable_error(), ErrorCode::kInvalidRequest,
                       "The partition is named twice in one request.");
    }
    Failure failure = check_epochs(*now, broker_, asked);
    if (!failure.failed()) failure = check_members(*now, broker_, asked);
    if (!failure.failed()) failure = check_eligible(image_, *now, asked);
    if (failure.failed()) return set_error(answer->mutable_error(), failure);
    change(id, *now, asked, *answer);
  }

 private:
  void change(const TopicPartition& id, const PartitionImage& now,
              const proto::AlterPartition& asked, proto::AlteredPartition& answer) {
    PartitionWish wish;
    wish.in_sync.emplace();
    for (const proto::InSyncMember& member : asked.in_sync()) {
      wish.in_sync->push_back(BrokerId{member.broker()});
    }
    wish.recovered = asked.recovered();
    wish.durable = asked.durable();
    const auto standing = standings_in(image_);
    const metadata::TopicSettings settings =
        metadata::topic_settings(image_, image_.topic(id.topic)->name);
    const std::optional<proto::PartitionChange> change =
        partition_change(id, now, rules_of(settings, now.replicas.size(), standing), wish);
    *answer.mutable_state() = metadata::partition_record(id, change ? changed(now, *change) : now);
    if (change) *out_.decision.add_records()->mutable_partition_change() = *change;
  }

  const Image& image_;
  const BrokerId broker_;
  Decided<proto::AlterPartitionsAnswer>& out_;
  std::set<TopicPartition> seen_;
};

}  // namespace

Decided<proto::AlterPartitionsAnswer> decide_alter_partitions(const Image& image, BrokerId broker,
                                                              const proto::AlterPartitions& command,
                                                              const Limits& limits) {
  Decided<proto::AlterPartitionsAnswer> out;
  out.answer.set_correlation(command.correlation());
  const BrokerImage* sender = image.broker(broker);
  if (sender == nullptr || sender->epoch.value() != command.epoch()) {
    set_error(
        out.answer.mutable_error(), ErrorCode::kStaleBrokerEpoch,
        absl::StrCat("Broker epoch ", command.epoch(), " of broker ", broker.value(), " is over."));
    return out;
  }
  if (static_cast<size_t>(command.partitions_size()) > limits.max_changes) {
    set_error(out.answer.mutable_error(), ErrorCode::kInvalidRequest,
              absl::StrCat("One request changes at most ", limits.max_changes, " partitions, not ",
                           command.partitions_size(), "."));
    return out;
  }
  Proposals proposals(image, broker, out);
  for (const proto::AlterPartition& asked : command.partitions()) proposals.decide(asked);
  return out;
}

}  // namespace barnabas::controller
