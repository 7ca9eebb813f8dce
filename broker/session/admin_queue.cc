#include "broker/session/admin_queue.h"

#include <functional>
#include <utility>

#include "kafka/errors.h"

namespace barnabas::broker {

AdminQueue::AdminQueue(Executor& loop, Random& random, Send send)
    : loop_(loop), send_(std::move(send)) {
  for (Lane& lane : lanes_) lane.client = Uuid::make(random);
}

AdminQueue::~AdminQueue() {
  for (auto& [correlation, entry] : entries_) loop_.cancel(entry.timer);
}

void AdminQueue::add(proto::AdminRequest request, Instant deadline,
                     ControllerSession::AdminDone done) {
  if (entries_.size() >= kMaxWaiting) {
    return done(absl::ResourceExhaustedError("too many requests wait for the active controller"));
  }
  const uint64_t correlation = ++last_correlation_;
  const size_t place = std::hash<std::string>{}(request.client_host()) % kLanes;
  Entry& entry = entries_[correlation];
  entry.lane = place;
  entry.request = std::move(request);
  entry.done = std::move(done);
  entry.timer = loop_.at(deadline, [this, correlation] {
    finish(correlation,
           absl::DeadlineExceededError(attached_ ? "the active controller has not answered"
                                                 : "no active controller was found"));
  });
  Lane& lane = lanes_[place];
  lane.queue.push_back(correlation);
  if (lane.queue.size() == 1) start_first(lane);
}

void AdminQueue::start_first(Lane& lane) {
  if (!attached_ || lane.queue.empty()) return;
  const uint64_t correlation = lane.queue.front();
  proto::AdminRequest& request = entries_.at(correlation).request;
  if (request.sequence() == 0) {
    request.set_client(lane.client.bytes());
    request.set_sequence(++lane.sequence);
  }
  send_(correlation, request);
}

void AdminQueue::attached() {
  attached_ = true;
  for (Lane& lane : lanes_) start_first(lane);
}

void AdminQueue::answered(uint64_t correlation, proto::AdminAnswer answer) {
  if (static_cast<kafka::ErrorCode>(answer.error().code()) == kafka::ErrorCode::kNotController) {
    return;
  }
  finish(correlation, std::move(answer));
}

void AdminQueue::finish(uint64_t correlation, absl::StatusOr<proto::AdminAnswer> answer) {
  const auto found = entries_.find(correlation);
  if (found == entries_.end()) return;  // answered twice, or too late
  Entry entry = std::move(found->second);
  entries_.erase(found);
  loop_.cancel(entry.timer);
  Lane& lane = lanes_[entry.lane];
  const bool was_first = lane.queue.front() == correlation;
  std::erase(lane.queue, correlation);
  if (was_first) start_first(lane);
  entry.done(std::move(answer));
}

}  // namespace barnabas::broker
