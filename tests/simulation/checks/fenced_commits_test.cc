#include "tests/simulation/checks/fenced_commits.h"

#include <gtest/gtest.h>

namespace barnabas::simulation {
namespace {

constexpr char kRefused[] = "I51 a fenced commit is refused";

TEST(FencedCommits, ACommitOfTheNewestGenerationIsSound) {
  Findings findings;
  FencedCommits commits(findings);
  commits.given_out("g", 3);
  const FencedCommits::Sender sender{"g", "", "m", 3};
  commits.accepted(sender, commits.fenced_by(sender));
  EXPECT_FALSE(findings.any()) << findings.text();
}

TEST(FencedCommits, ACommitThatWasUnderWayBeforeMayBeAccepted) {
  Findings findings;
  FencedCommits commits(findings);
  commits.given_out("g", 3);
  const FencedCommits::Sender sender{"g", "", "m", 3};
  const std::string before = commits.fenced_by(sender);
  commits.given_out("g", 4);
  commits.accepted(sender, before);
  EXPECT_FALSE(findings.any()) << findings.text();
}

TEST(FencedCommits, AnOldGenerationThatIsAcceptedIsSeen) {
  Findings findings;
  FencedCommits commits(findings);
  commits.given_out("g", 4);
  const FencedCommits::Sender sender{"g", "", "m", 3};
  commits.accepted(sender, commits.fenced_by(sender));
  EXPECT_EQ(findings.invariant(), kRefused);
}

TEST(FencedCommits, TheFormerProcessOfAStaticMemberIsSeen) {
  Findings findings;
  FencedCommits commits(findings);
  const FencedCommits::Sender former{"g", "i", "m-1", 3};
  commits.joined(former);
  commits.joined({"g", "i", "m-2", 3});
  commits.accepted(former, commits.fenced_by(former));
  EXPECT_EQ(findings.invariant(), kRefused);
}

}  // namespace
}  // namespace barnabas::simulation
