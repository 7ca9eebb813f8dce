#include "tests/simulation/checks/answers_once.h"

#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

TEST(AnswersOnce, TheSameAnswerTwiceIsSound) {
  Findings findings;
  AnswersOnce answers(findings);
  answers.done(1, "topic a");
  answers.done(1, "topic a");
  answers.done(2, "topic b");
  EXPECT_FALSE(findings.any()) << findings.text();
}

TEST(AnswersOnce, ARequestThatIsCarriedOutTwiceIsSeen) {
  Findings findings;
  AnswersOnce answers(findings);
  answers.done(1, "topic a");
  answers.done(1, "topic b");
  EXPECT_EQ(findings.invariant(), "S3 a request that is asked again gets the first answer");
}

}  // namespace
}  // namespace barnabas::simulation
