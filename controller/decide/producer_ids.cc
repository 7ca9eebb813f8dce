#include "controller/decide/producer_ids.h"

#include <absl/strings/str_cat.h>

#include "common/probe.h"

namespace barnabas::controller {

Decided<proto::AllocateProducerIdsAnswer> decide_producer_ids(
    const metadata::Image& image, BrokerId broker, const proto::AllocateProducerIds& command,
    const Limits& limits) {
  Decided<proto::AllocateProducerIdsAnswer> out;
  out.answer.set_correlation(command.correlation());
  const metadata::BrokerImage* sender = image.broker(broker);
  if (sender == nullptr || sender->epoch.value() != command.epoch()) {
    set_error(
        out.answer.mutable_error(), ErrorCode::kStaleBrokerEpoch,
        absl::StrCat("Broker epoch ", command.epoch(), " of broker ", broker.value(), " is over."));
    return out;
  }
  const int64_t first = image.next_producer_id().value();
  if (first > INT64_MAX - limits.producer_id_block) {
    set_error(out.answer.mutable_error(), ErrorCode::kUnknownServerError,
              "All producer ids have been given out.");
    return out;
  }
  proto::ProducerIds* record = out.decision.add_records()->mutable_producer_ids();
  const bool twice = planted("controller: gives producer ids out twice");
  record->set_next(first + (twice ? 0 : limits.producer_id_block));
  record->set_broker(broker.value());
  record->set_broker_epoch(command.epoch());
  out.answer.set_first(first);
  out.answer.set_count(static_cast<int32_t>(limits.producer_id_block));
  return out;
}

}  // namespace barnabas::controller
