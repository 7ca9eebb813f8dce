#include "tests/simulation/checks/fenced_commits.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace barnabas::simulation {

void FencedCommits::given_out(const std::string& group, int32_t generation) {
  int32_t& newest = newest_.emplace(group, generation).first->second;
  newest = std::max(newest, generation);
}

void FencedCommits::joined(const Sender& sender) {
  if (sender.instance.empty()) return;
  static_members_[{sender.group, sender.instance}] = sender.member_id;
}

std::string FencedCommits::fenced_by(const Sender& sender) const {
  const auto newest = newest_.find(sender.group);
  if (newest != newest_.end() && newest->second > sender.generation) {
    return absl::StrCat("generation ", newest->second);
  }
  const auto other = static_members_.find({sender.group, sender.instance});
  if (other != static_members_.end() && other->second != sender.member_id) return other->second;
  return "";
}

void FencedCommits::accepted(const Sender& sender, const std::string& fenced_by) {
  ++accepted_;
  if (fenced_by.empty()) return;
  findings_.report(
      "I51 a fenced commit is refused",
      absl::StrCat("group ", sender.group, ": a commit of ", sender.member_id, " in generation ",
                   sender.generation, " was accepted although it was sent after ", fenced_by,
                   " had taken its place"));
}

}  // namespace barnabas::simulation
