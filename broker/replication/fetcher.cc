#include "broker/replication/fetcher.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "common/bytes.h"
#include "common/status.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/headers.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::replication {
namespace {

using kafka::ErrorCode;
using partition::FetchedData;
using partition::FetchPosition;

constexpr int16_t kVersion = 17;  // the first with the replica's directory id
constexpr int16_t kRequestHeader = 2;
constexpr int16_t kResponseHeader = 1;

bool same_place(const FetchPosition& a, const FetchPosition& b) {
  return a.leader_epoch == b.leader_epoch && a.offset == b.offset && a.last_epoch == b.last_epoch &&
         a.log_start == b.log_start;
}

}  // namespace

Fetcher::Fetcher(FetcherOptions options, BrokerId leader, Transport& transport, Executor& loop,
                 Random& random)
    : options_(options),
      leader_(leader),
      loop_(loop),
      link_(transport, loop, Channel::kFetch, random, *this) {}

Fetcher::~Fetcher() {
  loop_.cancel(timer_);
  loop_.cancel(hurry_timer_);
}

void Fetcher::assign(const std::vector<std::shared_ptr<Follower>>& followers) {
  for (const std::shared_ptr<Follower>& follower : followers) {
    Entry& entry = entries_[follower->id()];
    if (entry.sent.has_value()) forgotten_.push_back(follower->id());
    entry = Entry{};
    entry.follower = follower;
  }
  if (link_.waiting()) {
    hurry();
  } else {
    poll();
  }
}

void Fetcher::unassign(const std::vector<metadata::TopicPartition>& ids) {
  for (const metadata::TopicPartition& id : ids) {
    auto entry = entries_.find(id);
    if (entry == entries_.end()) continue;
    if (entry->second.sent.has_value()) forgotten_.push_back(id);
    entries_.erase(entry);
  }
}

// The outstanding request knows nothing of what was just assigned. If it was sent this moment, its
// answer may be on the way; a parked one is given up with its connection.
void Fetcher::hurry() {
  if (hurry_timer_ != 0) return;
  hurry_timer_ = loop_.at(std::max(loop_.now(), sent_at_ + kGrace), [this, asked = sent_at_] {
    hurry_timer_ = 0;
    if (link_.waiting() && sent_at_ == asked) link_.reconnect();
  });
}

void Fetcher::poke() {
  if (!link_.waiting()) poll();
}

void Fetcher::link_ready() {
  if (options_.lost_leaders != nullptr) options_.lost_leaders->back(leader_);
  poll();
}

void Fetcher::link_lost() { reset_session(); }

void Fetcher::link_closed_by_peer() {
  if (options_.lost_leaders != nullptr) options_.lost_leaders->lost(leader_, loop_.now());
}

void Fetcher::reset_session() {
  session_id_ = 0;
  session_epoch_ = 0;
  forgotten_.clear();
  for (auto& [id, entry] : entries_) {
    entry.sent.reset();
    entry.in_request = false;
  }
}

void Fetcher::poll_at(Instant when) {
  if (timer_ != 0 && timer_at_ <= when) return;
  loop_.cancel(timer_);
  timer_at_ = when;
  timer_ = loop_.at(when, [this] {
    timer_ = 0;
    poll();
  });
}

void Fetcher::poll() {
  if (!link_.ready()) return;
  const Instant now = loop_.now();
  if (now < refused_until_) return poll_at(refused_until_);
  const bool whole = session_id_ == 0;
  Duration wait = options_.wait;

  kafka::FetchRequest request;
  std::map<Uuid, std::vector<kafka::FetchRequest::FetchPartition>> topics;
  size_t asking = 0;
  std::optional<Instant> next;
  for (auto& [id, entry] : entries_) {
    std::optional<FetchPosition> position;
    if (entry.not_before <= now) position = entry.follower->fetch_position(leader_);
    if (!position.has_value()) {
      // Refused for now, paused, or led by somebody else by now.
      const Instant due = entry.not_before > now ? entry.not_before : now + kLastBackoff / 50;
      if (!next.has_value() || due < *next) next = due;
      if (entry.sent.has_value()) {
        if (!whole) forgotten_.push_back(id);
        entry.sent.reset();
      }
      continue;
    }
    ++asking;
    if (!position->agreed) wait = Duration::zero();
    if (!whole && entry.sent.has_value() && same_place(*entry.sent, *position)) continue;
    entry.sent = position;
    entry.in_request = true;
    kafka::FetchRequest::FetchPartition line;
    line.partition = id.index.value();
    line.current_leader_epoch = position->leader_epoch.value();
    line.fetch_offset = position->offset.value();
    line.last_fetched_epoch = position->last_epoch.value();
    line.log_start_offset = position->log_start.value();
    line.partition_max_bytes = static_cast<int32_t>(options_.partition_bytes);
    line.replica_directory_id = options_.directory;
    topics[id.topic].push_back(std::move(line));
  }
  if (next.has_value()) wait = std::clamp(*next - now, Duration::zero(), wait);
  if (asking == 0) {
    if (next.has_value()) poll_at(*next);
    return;
  }

  for (auto& [topic, lines] : topics) {
    request.topics.emplace_back();
    request.topics.back().topic_id = topic;
    request.topics.back().partitions = std::move(lines);
  }
  if (!whole) {
    std::map<Uuid, std::vector<int32_t>> forgotten;
    for (const metadata::TopicPartition& id : forgotten_) {
      auto entry = entries_.find(id);
      if (entry != entries_.end() && entry->second.sent.has_value()) continue;  // asked for again
      forgotten[id.topic].push_back(id.index.value());
    }
    for (auto& [topic, indexes] : forgotten) {
      request.forgotten_topics_data.emplace_back();
      request.forgotten_topics_data.back().topic_id = topic;
      request.forgotten_topics_data.back().partitions = std::move(indexes);
    }
  }
  forgotten_.clear();
  request.replica_state.replica_id = options_.self.value();
  request.replica_state.replica_epoch = own_epoch_.value();
  request.max_wait_ms =
      static_cast<int32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(wait).count());
  request.min_bytes = 1;
  request.max_bytes = static_cast<int32_t>(options_.response_bytes);
  request.session_id = session_id_;
  request.session_epoch = session_epoch_;

  kafka::RequestHeader header;
  header.request_api_key = kafka::FetchRequest::kApiKey;
  header.request_api_version = kVersion;
  header.correlation_id = link_.next_correlation();
  header.client_id = "barnabas-replica";
  kafka::MessageWriter out(128 + 48 * asking);
  absl::Status written = header.write(out, kRequestHeader);
  if (written.ok()) written = request.write(out, kVersion);
  CHECK(written.ok()) << written;
  sent_at_ = now;
  asked_wait_ = wait;
  link_.send(out.finish());
}

void Fetcher::link_answered(Buffer frame) {
  if (absl::Status status = read_answer(frame); !status.ok()) {
    LOG(WARNING) << "fetch answer of broker " << leader_ << ": " << status.message();
    reset_session();
    refused_until_ = loop_.now() + refused_backoff_;
    poll_at(refused_until_);
    refused_backoff_ = std::min(refused_backoff_ * 2, kLastBackoff);
    return;
  }
  refused_backoff_ = kFirstBackoff;
  // A leader that answers at once without news would otherwise be asked without end.
  if (quiet_ && loop_.now() - sent_at_ < asked_wait_ / 2) {
    poll_at(loop_.now() + kFirstBackoff);
    return;
  }
  poll();
}

absl::Status Fetcher::read_answer(const Buffer& frame) {
  ByteReader in(frame.view());
  kafka::ResponseHeader header;
  kafka::FetchResponse response;
  RETURN_IF_ERROR(header.read(in, kResponseHeader));
  RETURN_IF_ERROR(response.read(in, kVersion));
  const auto error = static_cast<ErrorCode>(response.error_code);
  if (error != ErrorCode::kNone) {
    return absl::UnavailableError(absl::StrCat("error ", std::string(kafka::error_name(error))));
  }
  quiet_ = response.responses.empty();
  for (const auto& topic : response.responses) {
    for (const auto& line : topic.partitions) {
      FetchedData data;
      data.error = static_cast<ErrorCode>(line.error_code);
      data.high_watermark = Offset(line.high_watermark);
      data.log_start = Offset(line.log_start_offset);
      if (line.diverging_epoch.end_offset >= 0) {
        data.diverging = storage::EpochEnd{LeaderEpoch(line.diverging_epoch.epoch),
                                           Offset(line.diverging_epoch.end_offset)};
      }
      if (line.records.has_value()) data.records = line.records->view();
      bring({topic.topic_id, PartitionIndex(line.partition_index)}, data);
    }
  }
  // In a session, what was asked and is not answered has nothing new: its place was accepted.
  for (auto& [id, entry] : entries_) {
    if (entry.in_request) bring(id, FetchedData{});
  }
  session_id_ = response.session_id;
  if (session_id_ == 0) {
    session_epoch_ = 0;
    for (auto& [id, entry] : entries_) entry.sent.reset();
  } else {
    session_epoch_ = session_epoch_ == INT32_MAX ? 1 : session_epoch_ + 1;
  }
  return absl::OkStatus();
}

void Fetcher::bring(const metadata::TopicPartition& id, const FetchedData& data) {
  auto found = entries_.find(id);
  if (found == entries_.end() || !found->second.sent.has_value()) return;
  Entry& entry = found->second;
  entry.in_request = false;
  switch (entry.follower->fetched(leader_, *entry.sent, data)) {
    case partition::AfterFetch::kGoOn:
      entry.backoff = kFirstBackoff;
      break;
    case partition::AfterFetch::kWait:
      put_off(entry);
      break;
  }
}

void Fetcher::put_off(Entry& entry) {
  entry.not_before = loop_.now() + entry.backoff;
  entry.backoff = std::min(entry.backoff * 2, kLastBackoff);
}

}  // namespace barnabas::replication
