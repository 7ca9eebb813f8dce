#include "broker/group/uncommitted.h"

#include <utility>

namespace barnabas::group {

AppendId Uncommitted::append(std::vector<LogRecord> records, WallTime at, Apply apply,
                             Effects& effects) {
  const AppendId id = next_++;
  queue_.push_back({id, std::move(apply), {}});
  effects.appends.push_back({id, at, std::move(records)});
  return id;
}

void Uncommitted::answer_after(AppendId after, Answer answer, Effects& effects) {
  if (!waits(after)) {
    effects.answers.push_back(std::move(answer));
    return;
  }
  queue_[after - queue_.front().id].answers.push_back(std::move(answer));
}

bool Uncommitted::commit_through(AppendId id, Now now, Effects& effects) {
  if (!knows(id)) return false;
  while (waits(id) && queue_.front().id <= id) {
    Waiting done = std::move(queue_.front());
    queue_.pop_front();
    done.apply(now, effects);
    for (Answer& answer : done.answers) effects.answers.push_back(std::move(answer));
  }
  return true;
}

std::vector<Answer> Uncommitted::drop() {
  std::vector<Answer> answers;
  for (Waiting& waiting : queue_) {
    for (Answer& answer : waiting.answers) answers.push_back(std::move(answer));
  }
  queue_.clear();
  return answers;
}

}  // namespace barnabas::group
