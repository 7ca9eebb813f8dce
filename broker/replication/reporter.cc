#include "broker/replication/reporter.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>

#include "common/bytes.h"
#include "common/status.h"
#include "kafka/messages/durable_report.h"
#include "kafka/messages/headers.h"
#include "kafka/wire/message_writer.h"

namespace barnabas::replication {
namespace {

using kafka::ErrorCode;
using partition::DurableReportAnswer;

constexpr int16_t kVersion = 0;
constexpr int16_t kRequestHeader = 2;
constexpr int16_t kResponseHeader = 1;

}  // namespace

Reporter::Reporter(BrokerId self, BrokerId leader, Transport& transport, Executor& loop,
                   Random& random)
    : self_(self),
      leader_(leader),
      loop_(loop),
      link_(transport, loop, Channel::kReport, random, *this) {}

Reporter::~Reporter() { loop_.cancel(timer_); }

void Reporter::assign(const std::vector<std::shared_ptr<Follower>>& followers) {
  for (const std::shared_ptr<Follower>& follower : followers) {
    Entry& entry = entries_[follower->id()];
    entry = Entry{};
    entry.follower = follower;
    due_.insert(follower->id());
  }
  send();
}

void Reporter::unassign(const std::vector<metadata::TopicPartition>& ids) {
  for (const metadata::TopicPartition& id : ids) {
    entries_.erase(id);
    due_.erase(id);
  }
}

void Reporter::due(const std::vector<metadata::TopicPartition>& ids) {
  for (const metadata::TopicPartition& id : ids) {
    if (entries_.contains(id)) due_.insert(id);
  }
  send();
}

void Reporter::link_lost() {
  for (const metadata::TopicPartition& id : outstanding_) {
    auto entry = entries_.find(id);
    if (entry == entries_.end()) continue;
    entry->second.sent.reset();
    due_.insert(id);
  }
  outstanding_.clear();
}

void Reporter::send_at(Instant when) {
  if (timer_ != 0 && timer_at_ <= when) return;
  loop_.cancel(timer_);
  timer_at_ = when;
  timer_ = loop_.at(when, [this] {
    timer_ = 0;
    send();
  });
}

void Reporter::send() {
  if (!link_.ready() || due_.empty()) return;
  const Instant now = loop_.now();
  kafka::DurableReportRequest request;
  request.broker_id = self_.value();
  request.broker_epoch = own_epoch_.value();
  std::map<Uuid, std::vector<kafka::DurableReportRequest::PartitionReport>> topics;
  std::optional<Instant> next;
  for (auto id = due_.begin(); id != due_.end() && outstanding_.size() < kMaxLines;) {
    Entry& entry = entries_.at(*id);
    if (entry.not_before > now) {
      if (!next.has_value() || entry.not_before < *next) next = entry.not_before;
      ++id;
      continue;
    }
    entry.sent = entry.follower->report_due(leader_);
    if (entry.sent.has_value()) {
      kafka::DurableReportRequest::PartitionReport line;
      line.partition = id->index.value();
      line.leader_epoch = entry.sent->leader_epoch.value();
      line.durable_end = entry.sent->durable_end.value();
      line.epoch_before_end = entry.sent->epoch_before_end.value();
      line.log_start = entry.sent->log_start.value();
      topics[id->topic].push_back(std::move(line));
      outstanding_.push_back(*id);
    }
    id = due_.erase(id);
  }
  if (next.has_value()) send_at(*next);
  if (outstanding_.empty()) return;
  for (auto& [topic, lines] : topics) {
    request.topics.emplace_back();
    request.topics.back().topic_id = topic;
    request.topics.back().partitions = std::move(lines);
  }

  kafka::RequestHeader header;
  header.request_api_key = kafka::DurableReportRequest::kApiKey;
  header.request_api_version = kVersion;
  header.correlation_id = link_.next_correlation();
  header.client_id = "barnabas-replica";
  kafka::MessageWriter out(64 + 32 * outstanding_.size());
  absl::Status written = header.write(out, kRequestHeader);
  if (written.ok()) written = request.write(out, kVersion);
  CHECK(written.ok()) << written;
  link_.send(out.finish());
}

void Reporter::link_answered(Buffer frame) {
  if (absl::Status status = read_answer(frame); !status.ok()) {
    LOG(WARNING) << "answer of broker " << leader_ << " to a durable report: " << status.message();
  }
  // Whatever was not acknowledged is asked for again, a little later.
  for (const metadata::TopicPartition& id : std::exchange(outstanding_, {})) {
    auto found = entries_.find(id);
    if (found == entries_.end()) continue;
    if (std::exchange(found->second.sent, std::nullopt).has_value()) put_off(found->second);
    due_.insert(id);
  }
  send();
}

absl::Status Reporter::read_answer(const Buffer& frame) {
  ByteReader in(frame.view());
  kafka::ResponseHeader header;
  kafka::DurableReportResponse response;
  RETURN_IF_ERROR(header.read(in, kResponseHeader));
  RETURN_IF_ERROR(response.read(in, kVersion));
  const auto error = static_cast<ErrorCode>(response.error_code);
  if (error != ErrorCode::kNone) {
    return absl::UnavailableError(absl::StrCat("error ", std::string(kafka::error_name(error))));
  }
  for (const auto& topic : response.topics) {
    for (const auto& line : topic.partitions) {
      auto found = entries_.find({topic.topic_id, PartitionIndex(line.partition)});
      if (found == entries_.end() || !found->second.sent.has_value()) continue;
      Entry& entry = found->second;
      const DurableReportAnswer answer{static_cast<ErrorCode>(line.error_code),
                                       Offset(line.high_watermark), LeaderEpoch(line.leader_epoch)};
      entry.follower->report_answered(leader_, *entry.sent, answer);
      if (answer.error != ErrorCode::kNone) continue;
      entry.sent.reset();
      entry.backoff = kFirstBackoff;
    }
  }
  return absl::OkStatus();
}

void Reporter::put_off(Entry& entry) {
  entry.not_before = loop_.now() + entry.backoff;
  entry.backoff = std::min(entry.backoff * 2, kLastBackoff);
}

}  // namespace barnabas::replication
