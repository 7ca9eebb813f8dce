// What a session says at regular times, and what the answers tell: that the controller is there,
// that its metadata stream does not stand still (S8), and what it thinks of this broker.

#include <absl/strings/str_cat.h>

#include <string>

#include "broker/session/session.h"
#include "broker/session/session_errors.h"

namespace barnabas::broker {

using kafka::ErrorCode;

bool Session::eager() const { return want_shutdown_ || (ready_ && fenced_.value_or(true)); }

void Session::heartbeat() {
  loop_.cancel(heartbeat_timer_);
  heartbeat_timer_ = 0;
  if (active_ == nullptr || stopped_) return;
  const Instant now = loop_.now();
  if (now - answered_at_ > options_.answer_limit) return detach("it does not answer");
  if (lag_target_ > LogIndex{0} && now - lag_since_ > options_.stream_lag_limit) {
    return detach(
        absl::StrCat("its metadata stream stands still before index ", lag_target_.value()));
  }
  send_heartbeat();
  heartbeat_timer_ =
      loop_.after(eager() ? options_.heartbeat_eager : options_.heartbeat, [this] { heartbeat(); });
}

void Session::send_heartbeat() {
  proto::BrokerMessage message;
  proto::Heartbeat& out = *message.mutable_heartbeat();
  out.set_epoch(epoch_.value());
  out.set_applied(follower_.applied().value());
  out.set_ready(ready_ && caught_up_);
  out.set_want_shutdown(want_shutdown_);
  for (const Uuid& directory : offline_directories_) {
    out.add_offline_directories(directory.bytes());
  }
  for (const auto& [id, why] : offline_replicas_) {
    proto::OfflineReplica& replica = *out.add_offline_replicas();
    replica.set_topic_id(id.topic.bytes());
    replica.set_index(id.index.value());
    replica.set_reason(why);
  }
  out.set_sequence(++heartbeat_sequence_);
  send(message);
}

void Session::heartbeat_answered(const proto::HeartbeatAnswer& answer) {
  answered_at_ = loop_.now();
  const ErrorCode error = error_of(answer.error());
  if (error == ErrorCode::kNotController) return detach("it is no longer the active controller");
  if (is_final(error, true)) {
    return fatal(absl::AbortedError(absl::StrCat(
        "the controller no longer knows this incarnation: ", std::string(kafka::error_name(error)),
        " ", answer.error().code(), ": ", answer.error().message())));
  }
  if (error != ErrorCode::kNone) return;
  controllers_are(answer.controllers());
  const LogIndex commit{answer.commit()};
  if (lag_target_ > LogIndex{0} && follower_.applied() >= lag_target_) lag_target_ = LogIndex{0};
  if (lag_target_ == LogIndex{0} && commit > follower_.applied()) {
    lag_target_ = commit;
    lag_since_ = answered_at_;
  }
  if (fenced_ != answer.fenced()) {
    fenced_ = answer.fenced();
    events_.fenced(answer.fenced());
  }
  if (want_shutdown_ && answer.may_shut_down()) events_.may_shut_down();
}

void Session::set_ready() {
  ready_ = true;
  heartbeat();
}

void Session::want_shutdown() {
  want_shutdown_ = true;
  heartbeat();
}

void Session::add_offline_directory(const Uuid& directory) {
  offline_directories_.push_back(directory);
  heartbeat();
}

}  // namespace barnabas::broker
