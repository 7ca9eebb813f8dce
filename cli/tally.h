// What became of several things that were asked for at once, and the exit code for all of them.

#pragma once

#include "cli/output.h"

namespace barnabas::cli {

// Failures are printed as they are told. Exits with 0, with the first failure's code, or with 9
// where something was done, too.
class Tally {
 public:
  explicit Tally(const Output& output) : output_(output) {}
  void done() { ++done_; }
  void failed(const Problem& problem) {
    output_.fail(problem);
    if (failed_++ == 0) first_ = problem.exit;
  }
  int exit() const {
    if (failed_ == 0) return static_cast<int>(ExitCode::kOk);
    return static_cast<int>(done_ > 0 ? ExitCode::kPartial : first_);
  }

  int failures() const { return failed_; }

 private:
  const Output& output_;
  int done_ = 0;
  int failed_ = 0;
  ExitCode first_ = ExitCode::kOk;
};

}  // namespace barnabas::cli
