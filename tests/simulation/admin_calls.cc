#include "tests/simulation/admin_calls.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "kafka/errors.h"

namespace barnabas::simulation {
namespace {

using kafka::ErrorCode;

constexpr Duration kPatience = std::chrono::milliseconds(1500);
constexpr Duration kBackoff = std::chrono::milliseconds(80);
constexpr uint32_t kLostPercent = 10;

// Nothing is settled by these.
bool asks_for_another_try(int32_t error) {
  switch (static_cast<ErrorCode>(error)) {
    case ErrorCode::kNotController:
    case ErrorCode::kRequestTimedOut:
    case ErrorCode::kThrottlingQuotaExceeded:
      return true;
    default:
      return false;
  }
}

}  // namespace

AdminCalls::AdminCalls(Cluster& cluster, std::unique_ptr<Random> random, Findings& findings)
    : cluster_(cluster), random_(std::move(random)), once_(findings) {
  client_ = Uuid::make(*random_).bytes();
}

void AdminCalls::call(proto::AdminRequest request, Answered answered) {
  request_ = std::move(request);
  request_.set_client(client_);
  request_.set_sequence(++sequence_);
  attempts_ = 0;
  answered_ = std::move(answered);
  attempt();
}

void AdminCalls::call_again(Answered answered) {
  answered_ = std::move(answered);
  attempt();
}

void AdminCalls::attempt() {
  const uint64_t attempt = ++last_attempt_;
  ++attempts_;
  // Whoever is believed to be active; sometimes just anybody.
  std::string to = cluster_.active_controller_name();
  if (to.empty() || random_->chance(20)) {
    const std::vector<std::string> all = cluster_.controller_names();
    to = all[random_->below(all.size())];
  }
  if (!cluster_.running(to)) {
    trouble_ = absl::StrCat(to, " is down");
    return again_later(attempt, kBackoff);
  }
  const bool lost = random_->chance(kLostPercent);
  controller::Controller* const controller = &cluster_.controller(to)->controller();
  // Dropped with its process if that dies before.
  cluster_.simulation().node(to)->post(
      [this, attempt, controller, lost, request = request_, alive = std::weak_ptr<char>(alive_)] {
        if (alive.expired()) return;
        controller->call(request, [this, attempt, lost, alive](proto::AdminAnswer answer) {
          if (alive.expired() || lost) return;
          // Not from inside the controller.
          cluster_.simulation().after(kBackoff / 80, [this, attempt, alive, answer] {
            if (!alive.expired()) heard(attempt, answer);
          });
        });
      });
  again_later(attempt, kPatience);
}

void AdminCalls::again_later(uint64_t attempt, Duration delay) {
  cluster_.simulation().after(delay, [this, attempt, alive = std::weak_ptr<char>(alive_)] {
    if (alive.expired() || attempt != last_attempt_ || answered_ == nullptr) return;
    this->attempt();
  });
}

// Also of earlier attempts: an answer that comes late is as true as any.
void AdminCalls::heard(uint64_t attempt, const proto::AdminAnswer& answer) {
  if (attempt + attempts_ <= last_attempt_ || answered_ == nullptr) return;
  const bool goes_on = answer.quorum_change().state() == proto::QuorumChangeAnswer::GOING_ON;
  if (asks_for_another_try(answer.error().code()) || goes_on) {
    trouble_ = goes_on ? answer.quorum_change().step() : answer.error().message();
    if (attempt == last_attempt_) again_later(attempt, kBackoff);
    return;
  }
  const bool records = answer.error().code() == 0 && !request_.has_transfer_leadership() &&
                       !request_.has_add_voter() && !request_.has_remove_voter();
  if (records && answer.create_topics().topics_size() == 1 &&
      answer.create_topics().topics(0).error().code() == 0) {
    once_.done(sequence_, answer.create_topics().ShortDebugString());
  }
  Answered answered = std::exchange(answered_, nullptr);
  answered(answer, attempts_ > 1);
}

std::string AdminCalls::describe() const {
  return absl::StrCat("request ", sequence_, " (", request_.ShortDebugString(), "), asked ",
                      attempts_, " times, last heard: ", trouble_);
}

}  // namespace barnabas::simulation
