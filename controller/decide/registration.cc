#include "controller/decide/registration.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>

#include "common/probe.h"
#include "controller/decide/features.h"
#include "controller/decide/fencing.h"
#include "controller/decide/partition_sweep.h"
#include "metadata/records.h"

namespace barnabas::controller {

using metadata::BrokerImage;
using metadata::Durability;
using metadata::Image;
using metadata::PartitionImage;
using metadata::TopicPartition;

namespace {

Failure check_directories(const Image& image, const proto::Register& command) {
  if (command.directories().empty()) {
    return {ErrorCode::kInvalidRegistration, "A broker registers at least one directory."};
  }
  std::set<std::string> seen;
  for (const std::string& bytes : command.directories()) {
    const absl::StatusOr<Uuid> id = Uuid::from_bytes(bytes);
    if (!id.ok() || id->is_none()) {
      return {ErrorCode::kInvalidRegistration, "A directory id must be 16 bytes, not all zero."};
    }
    if (!seen.insert(bytes).second) {
      return {ErrorCode::kInvalidRegistration,
              absl::StrCat("Directory ", id->text(), " is named twice.")};
    }
    for (const auto& [other, broker] : image.brokers()) {
      if (other.value() == command.broker()) continue;
      if (std::find(broker.directories.begin(), broker.directories.end(), *id) !=
          broker.directories.end()) {
        return {ErrorCode::kInvalidRegistration,
                absl::StrCat("Directory ", id->text(), " belongs to broker ", other.value(),
                             ". Has a data directory been copied?")};
      }
    }
  }
  return {};
}

// How the new incarnation stands to what the old one promised.
class Trust {
 public:
  Trust(const BrokerImage* before, const proto::Register& command) : command_(command) {
    for (const std::string& bytes : command.directories()) {
      directories_.push_back(*Uuid::from_bytes(bytes));
    }
    // An epoch in which the broker never served promised nothing, so that a start which was killed
    // before it wrote its epoch down does no harm.
    same_ = before != nullptr && command.last_epoch() >= before->served.value() &&
            command.last_epoch() <= before->epoch.value();
  }

  const std::vector<Uuid>& directories() const { return directories_; }

  PartitionWish wish(const PartitionImage& partition, BrokerId broker) const {
    PartitionWish wish;
    const auto at = std::find(partition.replicas.begin(), partition.replicas.end(), broker) -
                    partition.replicas.begin();
    const Uuid& directory = partition.directories[static_cast<size_t>(at)];
    const bool there =
        std::find(directories_.begin(), directories_.end(), directory) != directories_.end();
    const bool kept = command_.clean_stop() || partition.durability == Durability::kDurable;
    if (planted("controller: trusts a wiped directory")) return wish;
    if (!there || !same_ || !kept) {
      reached("controller: what a broker came back with is not trusted");
      wish.distrusted = broker;
    }
    if (!there) wish.new_directory = directories_.front();
    return wish;
  }

 private:
  const proto::Register& command_;
  std::vector<Uuid> directories_;
  bool same_ = false;
};

void add_record(const proto::Register& command, proto::Decision& decision) {
  proto::RegisterBroker* record = decision.add_records()->mutable_register_broker();
  record->set_id(command.broker());
  record->set_incarnation(command.incarnation());
  *record->mutable_listeners() = command.listeners();
  record->set_rack(command.rack());
  record->set_peer_host(command.peer_host());
  *record->mutable_directories() = command.directories();
  record->set_software(command.software());
  *record->mutable_features() = command.features();
  record->set_fenced(true);
  record->set_returning(true);
}

}  // namespace

Failure check_registration(const Image& image, const proto::Register& command,
                           const std::string& cluster_id) {
  if (!command.cluster_id().empty() && command.cluster_id() != cluster_id) {
    return {ErrorCode::kInconsistentClusterId,
            absl::StrCat("This is cluster ", cluster_id, "; the broker's data belongs to cluster ",
                         command.cluster_id(),
                         ". Point the broker to its own controllers, or give "
                         "it an empty data directory.")};
  }
  if (command.broker() < 0) {
    return {ErrorCode::kInvalidRegistration,
            absl::StrCat("A broker id must not be negative: ", command.broker())};
  }
  const absl::StatusOr<Uuid> incarnation = Uuid::from_bytes(command.incarnation());
  if (!incarnation.ok() || incarnation->is_none()) {
    return {ErrorCode::kInvalidRegistration, "An incarnation id must be 16 bytes, not all zero."};
  }
  for (const proto::Listener& listener : command.listeners()) {
    if (listener.port() == 0 || listener.port() > 65535) {
      return {ErrorCode::kInvalidRegistration,
              absl::StrCat("Listener ", listener.name(), " has no usable port: ", listener.port())};
    }
  }
  if (Failure failure = check_directories(image, command); failure.failed()) return failure;
  return check_features(image, command);
}

bool from_known_directory(const BrokerImage& broker, const proto::Register& command) {
  return std::any_of(
      command.directories().begin(), command.directories().end(), [&](const std::string& bytes) {
        const absl::StatusOr<Uuid> id = Uuid::from_bytes(bytes);
        return id.ok() && std::find(broker.directories.begin(), broker.directories.end(), *id) !=
                              broker.directories.end();
      });
}

Registration decide_registration(const Image& image, const proto::Register& command,
                                 const std::string& cluster_id, const Limits& limits) {
  Registration out;
  out.failure = check_registration(image, command, cluster_id);
  if (out.failure.failed()) return out;
  const BrokerId id{command.broker()};
  const BrokerImage* before = image.broker(id);
  if (before != nullptr && before->incarnation.view() == command.incarnation()) {
    reached("controller: a registration was asked for twice");
    out.known = before->epoch;
    return out;
  }
  const Trust trust(before, command);
  const auto standing = [&](BrokerId broker) {
    const bool keeps = planted("controller: a new incarnation keeps its leaderships");
    return broker == id ? Standing{.may_lead = keeps, .may_be_in_sync = true}
                        : standings_in(image)(broker);
  };
  PartitionSweep sweep(image, standing, limits.max_changes, out.decision);
  for (const TopicPartition& partition : image.partitions_of(id)) {
    if (!sweep.add(partition, trust.wish(*image.partition(partition), id))) break;
  }
  if (!sweep.complete()) {
    // Too much for one batch. While the old incarnation is unfenced it is fenced first; then the
    // changes are committed by themselves: they are right with or without the registration.
    if (before != nullptr && before->may_be_in_sync()) {
      out.decision = decide_fence(image, {id, before->epoch}, limits);
    }
    out.again = true;
    return out;
  }
  add_record(command, out.decision);
  return out;
}

}  // namespace barnabas::controller
