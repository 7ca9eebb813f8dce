#include "controller/decide/retire_broker.h"

#include <absl/strings/str_cat.h>

#include "controller/decide/partition_sweep.h"

namespace barnabas::controller {

using metadata::BrokerImage;
using metadata::Image;
using metadata::TopicPartition;

namespace {

Failure unknown(BrokerId id) {
  return {ErrorCode::kBrokerIdNotRegistered,
          absl::StrCat("Broker ", id.value(), " is not registered.")};
}

// How many partitions the broker leads once the decision is applied.
int32_t leads_after(const Image& image, BrokerId id, const proto::Decision& decision) {
  int32_t leads = 0;
  for (const TopicPartition& held : image.partitions_of(id)) {
    leads += image.partition(held)->leader == id ? 1 : 0;
  }
  for (const proto::Record& record : decision.records()) {
    const proto::PartitionChange& change = record.partition_change();
    if (record.has_partition_change() && change.has_leader() && change.leader() != id.value()) {
      --leads;
    }
  }
  return leads;
}

}  // namespace

DecidedOrRefused<proto::DrainBrokerAnswer> decide_drain_broker(
    const Image& image, const proto::DrainBrokerRequest& command, const Limits& limits) {
  DecidedOrRefused<proto::DrainBrokerAnswer> out;
  const BrokerId id{command.broker()};
  const BrokerImage* broker = image.broker(id);
  if (broker == nullptr) {
    out.failure = unknown(id);
    return out;
  }
  const bool drain = !command.undo();
  if (broker->draining != drain) {
    proto::BrokerChange* change = out.decision.add_records()->mutable_broker_change();
    change->set_id(id.value());
    change->set_epoch(broker->epoch.value());
    change->set_draining(drain);
  }
  if (drain) {
    const auto standing = [&](BrokerId other) {
      Standing of = standings_in(image)(other);
      if (other == id) of.draining = true;
      return of;
    };
    PartitionSweep sweep(image, standing, limits.max_changes, out.decision);
    for (const TopicPartition& held : image.partitions_of(id)) {
      if (image.partition(held)->leader == id && !sweep.add(held, {})) break;
    }
    if (!sweep.complete()) {
      out.decision.mutable_unfinished()->set_fence_broker(id.value());
      out.decision.mutable_unfinished()->set_broker_epoch(broker->epoch.value());
    }
  }
  out.answer.set_still_leading(leads_after(image, id, out.decision));
  return out;
}

DecidedOrRefused<proto::UnregisterBrokerAnswer> decide_unregister_broker(
    const Image& image, const proto::UnregisterBrokerRequest& command) {
  DecidedOrRefused<proto::UnregisterBrokerAnswer> out;
  const BrokerId id{command.broker()};
  const BrokerImage* broker = image.broker(id);
  if (broker == nullptr) {
    out.failure = unknown(id);
    return out;
  }
  if (!broker->fenced || broker->returning) {
    out.failure = {ErrorCode::kInvalidRequest,
                   absl::StrCat("Broker ", id.value(),
                                " is running. Only a broker that is fenced can be unregistered: "
                                "stop it first, and see `barnabas node list` for its state.")};
    return out;
  }
  const std::string name = std::to_string(id.value());
  if (const metadata::ConfigMap* own = image.configs(metadata::ResourceType::kBroker, name)) {
    for (const auto& [key, value] : *own) {
      proto::Config* config = out.decision.add_records()->mutable_config();
      config->set_type(proto::RESOURCE_BROKER);
      config->set_name(name);
      config->set_key(key);
    }
  }
  proto::UnregisterBroker* record = out.decision.add_records()->mutable_unregister_broker();
  record->set_id(id.value());
  record->set_epoch(broker->epoch.value());
  return out;
}

}  // namespace barnabas::controller
