#include "broker/partition/parked_produces.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "common/probe.h"

namespace barnabas::partition {

void deliver(std::vector<Delivery> deliveries) {
  while (!deliveries.empty()) {
    Executor* loop = deliveries.front().loop;
    std::vector<Delivery> same;
    std::vector<Delivery> others;
    for (Delivery& delivery : deliveries) {
      (delivery.loop == loop ? same : others).push_back(std::move(delivery));
    }
    loop->post([same = std::move(same)]() mutable {
      for (Delivery& delivery : same) delivery.done(std::move(delivery.answer));
    });
    deliveries = std::move(others);
  }
}

void ParkedProduces::park(Parked parked) {
  // Nearly always the last; a duplicate may wait for an earlier offset.
  auto place = parked_.end();
  while (place != parked_.begin() && std::prev(place)->end > parked.end) --place;
  parked_.insert(place, std::move(parked));
}

void ParkedProduces::release(Offset high_watermark, std::vector<Delivery>& out) {
  while (!parked_.empty() && parked_.front().end <= high_watermark) {
    Parked& first = parked_.front();
    out.push_back({first.loop, std::move(first.done), std::move(first.answer)});
    parked_.pop_front();
  }
}

void ParkedProduces::fail_all(const ProduceAnswer& answer, std::vector<Delivery>& out) {
  if (!parked_.empty()) reached("partition: a parked produce lost its leader");
  for (Parked& parked : parked_) out.push_back({parked.loop, std::move(parked.done), answer});
  parked_.clear();
}

void ParkedProduces::fail_due(Instant now, const ProduceAnswer& answer,
                              std::vector<Delivery>& out) {
  for (auto parked = parked_.begin(); parked != parked_.end();) {
    if (parked->deadline > now) {
      ++parked;
      continue;
    }
    reached("partition: a parked produce ran out of time");
    out.push_back({parked->loop, std::move(parked->done), answer});
    parked = parked_.erase(parked);
  }
}

std::optional<Instant> ParkedProduces::earliest_deadline() const {
  std::optional<Instant> earliest;
  for (const Parked& parked : parked_) {
    if (!earliest.has_value() || parked.deadline < *earliest) earliest = parked.deadline;
  }
  return earliest;
}

}  // namespace barnabas::partition
