#include "cli/problem.h"

#include <gtest/gtest.h>

namespace barnabas::cli {
namespace {

TEST(Problem, HasFourPartsWithCodeAndNumber) {
  const Problem problem = problem_of(36, "topic board exists", "create topic board", "board");
  EXPECT_EQ(
      to_text(problem),
      "barnabas: could not create topic board\n"
      "  came back: TOPIC_ALREADY_EXISTS 36: topic board exists\n"
      "  cause:     it was created before\n"
      "  next:      barnabas topic describe board   (--if-not-exists makes this a success)\n");
}

TEST(Problem, IsOneLineOfJsonWhereJsonWasAskedFor) {
  const Problem problem{ExitCode::kTimedOut, "x", "said \"no\"", "", "y"};
  EXPECT_EQ(to_json(problem),
            R"({"error":{"exit":7,"tried":"x","came_back":"said \"no\"","cause":"","next":"y"}})");
}

TEST(Problem, ExitCodesAreThoseOfTheCode) {
  EXPECT_EQ(exit_of(0), ExitCode::kOk);
  EXPECT_EQ(exit_of(3), ExitCode::kNotFound);
  EXPECT_EQ(exit_of(36), ExitCode::kExists);
  EXPECT_EQ(exit_of(29), ExitCode::kUnauthorised);
  EXPECT_EQ(exit_of(31), ExitCode::kUnauthorised);
  EXPECT_EQ(exit_of(38), ExitCode::kPrecondition);
  EXPECT_EQ(exit_of(19), ExitCode::kPrecondition);
  EXPECT_EQ(exit_of(7), ExitCode::kTimedOut);
  EXPECT_EQ(exit_of(17), ExitCode::kFailed);
  EXPECT_EQ(exit_of(-1), ExitCode::kFailed);
}

TEST(Problem, ACodeThatNobodyAdvisesOnStillSaysWhatToDoNext) {
  const Problem problem = problem_of(-1, "oops", "do it", "");
  EXPECT_EQ(problem.came_back, "UNKNOWN_SERVER_ERROR -1: oops");
  EXPECT_FALSE(problem.next.empty());
}

}  // namespace
}  // namespace barnabas::cli
