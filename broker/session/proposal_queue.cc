#include "broker/session/proposal_queue.h"

#include <utility>

#include "proto/session.pb.h"

namespace barnabas::broker {

void ProposalQueue::add(partition::InSyncProposal proposal) {
  const metadata::TopicPartition id = proposal.partition;
  waiting_.insert_or_assign(id, std::move(proposal));
}

void ProposalQueue::flush() {
  while (attached_ && !waiting_.empty()) {
    Batch batch;
    while (!waiting_.empty() && batch.size() < kMaxInOneMessage) {
      batch.push_back(std::move(waiting_.begin()->second));
      waiting_.erase(waiting_.begin());
    }
    const uint64_t correlation = ++last_correlation_;
    const Batch& kept = under_way_.emplace(correlation, std::move(batch)).first->second;
    send_(correlation, kept);
  }
}

void ProposalQueue::attached() {
  attached_ = true;
  flush();
}

void ProposalQueue::detached() {
  attached_ = false;
  for (auto& [correlation, batch] : under_way_) {
    for (partition::InSyncProposal& proposal : batch) {
      const metadata::TopicPartition id = proposal.partition;
      waiting_.try_emplace(id, std::move(proposal));
    }
  }
  under_way_.clear();
}

bool ProposalQueue::answered(const proto::AlterPartitionsAnswer& answer) {
  const auto whole = static_cast<kafka::ErrorCode>(answer.error().code());
  if (whole == kafka::ErrorCode::kNotController) return false;
  const auto found = under_way_.find(answer.correlation());
  if (found == under_way_.end()) return true;
  const Batch batch = std::move(found->second);
  under_way_.erase(found);

  std::map<metadata::TopicPartition, kafka::ErrorCode> errors;
  for (const proto::AlteredPartition& line : answer.partitions()) {
    const auto topic = Uuid::from_bytes(line.topic_id());
    if (!topic.ok()) continue;
    errors[{*topic, PartitionIndex{line.index()}}] =
        static_cast<kafka::ErrorCode>(line.error().code());
  }
  for (const partition::InSyncProposal& proposal : batch) {
    kafka::ErrorCode error = whole;
    if (whole == kafka::ErrorCode::kNone) {
      const auto line = errors.find(proposal.partition);
      // Not mentioned: not known. Asked again.
      if (line == errors.end()) {
        waiting_.try_emplace(proposal.partition, proposal);
        continue;
      }
      error = line->second;
    }
    answered_(proposal, error);
  }
  return true;
}

}  // namespace barnabas::broker
