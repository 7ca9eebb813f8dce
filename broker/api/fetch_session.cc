#include "broker/api/fetch_session.h"

#include <utility>

namespace barnabas::api {

void FetchSession::set(const SessionPartition& asked) {
  const auto [place, is_new] = places_.try_emplace(asked.id, partitions_.size());
  if (is_new) {
    partitions_.push_back(asked);
    return;
  }
  SessionPartition& known = partitions_[place->second];
  known.offset = asked.offset;
  known.leader_epoch = asked.leader_epoch;
  known.last_fetched_epoch = asked.last_fetched_epoch;
  known.log_start = asked.log_start;
  known.max_bytes = asked.max_bytes;
  known.directory = asked.directory;
}

void FetchSession::forget(const metadata::TopicPartition& id) {
  const auto found = places_.find(id);
  if (found == places_.end()) return;
  const size_t place = found->second;
  places_.erase(found);
  if (place + 1 != partitions_.size()) {
    partitions_[place] = partitions_.back();
    places_[partitions_[place].id] = place;
  }
  partitions_.pop_back();
}

size_t FetchSession::next_start() {
  if (partitions_.empty()) return 0;
  start_ = (start_ + 1) % partitions_.size();
  return start_;
}

std::shared_ptr<FetchSession> FetchSessions::open(std::optional<BrokerId> replica, Instant now) {
  MutexLock lock(mutex_);
  if (sessions_.size() >= slots_) {
    auto victim = sessions_.end();
    for (auto it = sessions_.begin(); it != sessions_.end(); ++it) {
      const FetchSession& session = *it->second;
      if (session.busy_) continue;
      const bool gives_way =
          now - session.used_ >= idle_ || (replica.has_value() && !session.is_replica_);
      if (!gives_way) continue;
      if (victim == sessions_.end() || session.used_ < victim->second->used_) victim = it;
    }
    if (victim == sessions_.end()) return nullptr;
    sessions_.erase(victim);
  }
  int32_t id = 0;
  while (id == 0 || sessions_.contains(id)) {
    id = static_cast<int32_t>(random_->below(INT32_MAX));
  }
  auto session = std::make_shared<FetchSession>(id);
  session->is_replica_ = replica.has_value();
  session->owner_ = replica.value_or(kNoBroker);
  session->used_ = now;
  sessions_.emplace(id, session);
  return session;
}

FetchSessions::Held FetchSessions::begin(int32_t id, int32_t epoch, std::optional<BrokerId> replica,
                                         Instant now) {
  MutexLock lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second->owner_ != replica.value_or(kNoBroker)) {
    return {kafka::ErrorCode::kFetchSessionIdNotFound, nullptr};
  }
  FetchSession& session = *found->second;
  if (session.busy_ || session.next_epoch_ != epoch) {
    return {kafka::ErrorCode::kInvalidFetchSessionEpoch, nullptr};
  }
  session.next_epoch_ = epoch == INT32_MAX ? 1 : epoch + 1;
  session.busy_ = true;
  session.used_ = now;
  return {kafka::ErrorCode::kNone, found->second};
}

void FetchSessions::finish(const std::shared_ptr<FetchSession>& session, Instant now) {
  MutexLock lock(mutex_);
  session->busy_ = false;
  session->used_ = now;
}

void FetchSessions::close(int32_t id) {
  MutexLock lock(mutex_);
  sessions_.erase(id);
}

size_t FetchSessions::size() {
  MutexLock lock(mutex_);
  return sessions_.size();
}

}  // namespace barnabas::api
