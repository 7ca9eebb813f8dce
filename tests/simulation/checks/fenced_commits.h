// I51: "A fenced commit is refused": a commit that is sent after the group has gone on without its
// sender is not accepted. It has gone on when a later generation has been given out to anybody, or
// when another process has joined as the same static member.
//
// A commit that is under way while that happens may still be accepted: so what counts is what was
// known when it was sent.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "tests/simulation/findings.h"

namespace barnabas::simulation {

class FencedCommits {
 public:
  explicit FencedCommits(Findings& findings) : findings_(findings) {}

  struct Sender {
    std::string group;
    std::string instance;  // empty: none
    std::string member_id;
    int32_t generation = -1;
  };
  // A member has been told its part in this generation.
  void given_out(const std::string& group, int32_t generation);
  // A process has been told that it is this static member now.
  void joined(const Sender& sender);

  // Empty, or why a commit that is sent now must not be accepted.
  std::string fenced_by(const Sender& sender) const;
  // `fenced_by`: as it was when the commit was sent.
  void accepted(const Sender& sender, const std::string& fenced_by);
  uint64_t count() const { return accepted_; }

 private:
  Findings& findings_;
  std::map<std::string, int32_t> newest_;
  std::map<std::pair<std::string, std::string>, std::string> static_members_;
  uint64_t accepted_ = 0;
};

}  // namespace barnabas::simulation
