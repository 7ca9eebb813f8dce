#include "broker/api/producer_ids.h"

#include <optional>
#include <utility>

namespace barnabas::api {
namespace {

// Ask for more when fewer than these are left.
constexpr int32_t kLow = 100;

ProducerId take(broker::ProducerIdBlock& from) {
  const ProducerId id = from.first;
  from.first = from.first.next();
  --from.count;
  return id;
}

}  // namespace

void ProducerIds::answer(Waiting waiting, absl::StatusOr<ProducerId> id) {
  waiting.loop->post(
      [done = std::move(waiting.done), id = std::move(id)]() mutable { done(std::move(id)); });
}

void ProducerIds::next(Executor& loop, Done done) {
  absl::StatusOr<ProducerId> id = absl::UnavailableError("too many requests wait for producer ids");
  std::optional<Waiting> asker = Waiting{&loop, std::move(done)};
  bool ask_now = false;
  {
    MutexLock lock(mutex_);
    if (present_.count == 0) present_ = std::exchange(following_, {});
    if (present_.count > 0) {
      id = take(present_);
    } else if (waiting_.size() < kMaxWaiting) {
      waiting_.push_back(*std::exchange(asker, std::nullopt));
    }
    ask_now = !asked_ && present_.count + following_.count < kLow;
    asked_ |= ask_now;
  }
  if (asker.has_value()) answer(*std::move(asker), std::move(id));
  if (ask_now) ask();
}

void ProducerIds::ask() {
  session_.allocate_producer_ids(
      [this](absl::StatusOr<broker::ProducerIdBlock> block) { arrived(std::move(block)); });
}

void ProducerIds::arrived(absl::StatusOr<broker::ProducerIdBlock> block) {
  std::deque<std::pair<Waiting, absl::StatusOr<ProducerId>>> answers;
  bool ask_again = false;
  {
    MutexLock lock(mutex_);
    if (!block.ok()) {
      for (Waiting& waiting : waiting_) answers.emplace_back(std::move(waiting), block.status());
      waiting_.clear();
    } else {
      (present_.count == 0 ? present_ : following_) = *block;
      while (!waiting_.empty() && present_.count > 0) {
        answers.emplace_back(std::move(waiting_.front()), take(present_));
        waiting_.pop_front();
      }
    }
    ask_again = !waiting_.empty();
    asked_ = ask_again;
  }
  for (auto& [waiting, id] : answers) answer(std::move(waiting), std::move(id));
  if (ask_again) ask();
}

}  // namespace barnabas::api
