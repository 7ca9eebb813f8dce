#include "controller/balance.h"

#include <glog/logging.h>

#include <algorithm>
#include <set>

#include "controller/decide/preferred_election.h"

namespace barnabas::controller {

using metadata::TopicPartition;

void Balance::active() {
  due_.clear();
  for (const auto& [name, id] : ledger_.committed().topics_by_name()) {
    const metadata::PartitionList& partitions = ledger_.committed().topic(id)->partitions;
    for (size_t i = 0; i < partitions.size(); ++i) {
      consider({id, PartitionIndex{static_cast<int32_t>(i)}}, partitions[i]);
    }
  }
  arm();
}

void Balance::passive() {
  loop_.cancel(timer_);
  timer_ = 0;
  due_.clear();
}

void Balance::committed(const metadata::Delta& delta) {
  const metadata::Image& image = ledger_.committed();
  for (const TopicPartition& id : delta.partitions) consider(id, *image.partition(id));
  // One that kept its place in sync leads again once it is unfenced, without any further change.
  for (BrokerId broker : delta.brokers) {
    image.for_each_partition_of(
        broker, [this](const TopicPartition& id, const metadata::PartitionImage& partition) {
          consider(id, partition);
        });
  }
  arm();
}

// Any change of the partition starts its time again.
void Balance::consider(const TopicPartition& id, const metadata::PartitionImage& partition) {
  if (prefers_another_leader(ledger_.committed(), partition)) {
    due_[id] = loop_.now() + delay_;
  } else {
    due_.erase(id);
  }
}

void Balance::arm() {
  if (timer_ != 0 || due_.empty()) return;
  const auto first = std::min_element(
      due_.begin(), due_.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  timer_ = loop_.at(first->second, [this] { elect(); });
}

void Balance::elect() {
  timer_ = 0;
  if (!ledger_.is_active()) return;
  std::set<TopicPartition> ripe;
  for (const auto& [id, when] : due_) {
    if (when <= loop_.now()) ripe.insert(id);
  }
  const proto::Decision decision = decide_preferred_election(ledger_.working(), ripe, limits_);
  // What is left over by the limit of one round takes part in the next.
  for (const TopicPartition& id : ripe) due_[id] = loop_.now() + delay_;
  if (!decision.records().empty()) {
    LOG(INFO) << decision.records_size() << " partition(s) go back to their preferred leaders";
    ledger_.commit(decision, [](Fate) {});
  }
  for (auto at = due_.begin(); at != due_.end();) {
    at = prefers_another_leader(ledger_.working(), at->first) ? std::next(at) : due_.erase(at);
  }
  arm();
}

}  // namespace barnabas::controller
