// One change of the quorum, asked for until it is done or refused.
//
//   asked --GOING_ON--> asked again in the same words (with a word of progress now and then)
//     |  '--UNKNOWN (leadership ended), or a lost answer--> asked again, of whoever leads then
//     '--DONE, or refused because it is so already--------> done
//
// Asking again is harmless: a second change is not begun, and what is done already is said to be.

#pragma once

#include <string>

#include "cli/admin_client.h"
#include "cli/output.h"

namespace barnabas::cli {

struct QuorumStep {
  proto::AdminRequest request;
  std::string tried;                 // "add controller 4": completes "could not ..."
  ExitCode settled = ExitCode::kOk;  // a refusal with this one means that it is so already
  ExitCode not_yet = ExitCode::kOk;  // with this one: ask again for kNotYet
  std::string waiting;               // what is waited for meanwhile
};

// How long a controller that has just been started may take to introduce itself.
inline constexpr Milliseconds kNotYet{5000};
// A voter that was not heard from for so long does not run, or cannot be reached.
inline constexpr int64_t kVoterSilentMs = 2000;

class QuorumClient {
 public:
  QuorumClient(AdminClient& client, const Output& output, const Patience& patience,
               Milliseconds timeout)
      : client_(client),
        output_(output),
        patience_(patience),
        start_(patience.now()),
        deadline_(start_ + timeout),
        word_(start_ + kWord) {}

  // The quorum as it is afterwards.
  Result<proto::DescribeQuorumAnswer> carry_out(const QuorumStep& step);
  // As its leader sees it.
  Result<proto::DescribeQuorumAnswer> look(const std::string& tried);

 private:
  static constexpr Milliseconds kWord{2000};

  void say(const std::string& what, int64_t left);
  Problem too_late(const QuorumStep& step, const proto::QuorumChangeAnswer& last) const;

  AdminClient& client_;
  const Output& output_;
  const Patience& patience_;
  const Milliseconds start_;
  const Milliseconds deadline_;
  Milliseconds word_;
};

// "1, 2, 3"; without spaces: "1,2,3"
std::string voters_text(const proto::DescribeQuorumAnswer& quorum, const char* between = ", ");
// "the voters are 1, 2, 3: 1 of them may be lost"
std::string strength_text(const proto::DescribeQuorumAnswer& quorum);
std::string directory_text(const std::string& bytes);

}  // namespace barnabas::cli
