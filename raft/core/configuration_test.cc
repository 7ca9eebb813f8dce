// Who votes, as a value: what changes keep in common, what goes into logs, and what a log
// remembers.

#include "raft/configuration.h"

#include <gtest/gtest.h>

#include "common/random.h"
#include "raft/core/configuration_history.h"
#include "raft/core/votes.h"

namespace barnabas::raft {
namespace {

VoterId voter(int32_t id) { return {ControllerId{id}, Uuid()}; }
Configuration voters(std::initializer_list<int32_t> ids) {
  Configuration out;
  for (const int32_t id : ids) out.voters[voter(id)] = Endpoint();
  return out;
}

// The plain twin: all sets of voters, by counting.
bool is_majority(unsigned set, unsigned of) {
  return 2 * __builtin_popcount(set & of) > __builtin_popcount(of);
}

TEST(Configuration, I15_MajoritiesOfConfigurationsOneVoterApartAlwaysIntersect) {
  constexpr unsigned kAll = 1U << 6;
  for (unsigned one = 1; one < kAll; ++one) {
    for (unsigned bit = 0; bit < 6; ++bit) {
      const unsigned other = one ^ (1U << bit);
      if (other == 0) continue;
      for (unsigned a = 1; a < kAll; ++a) {
        if (!is_majority(a, one)) continue;
        for (unsigned b = 1; b < kAll; ++b) {
          if (is_majority(b, other)) {
            ASSERT_NE(a & b & (one | other), 0U);
          }
        }
      }
    }
  }
}

TEST(Configuration, TwoVotersApartThereAreMajoritiesWithNobodyInCommon) {
  EXPECT_EQ(voters_apart(voters({1, 2}), voters({1, 2, 3, 4})), 2U);
  const unsigned before = 0b0011;
  const unsigned after = 0b1111;
  EXPECT_TRUE(is_majority(0b0011, before));
  EXPECT_TRUE(is_majority(0b1110, after));
  EXPECT_TRUE(is_majority(0b0111, 0b0111) && is_majority(0b11000, 0b11000));
}

TEST(Configuration, MajorityAgreesWithCounting) {
  for (unsigned set = 1; set < 256; ++set) {
    Configuration configuration;
    for (int32_t id = 0; id < 8; ++id) {
      if ((set >> id) & 1U) configuration.voters[voter(id)] = Endpoint();
    }
    const auto half = static_cast<size_t>(__builtin_popcount(set));
    EXPECT_TRUE(2 * configuration.majority() > half && 2 * (configuration.majority() - 1) <= half);
  }
}

TEST(Configuration, ComesBackFromItsBytesAndDamageIsRefused) {
  const auto random = seeded_random(4);
  Configuration configuration;
  for (int32_t id = 1; id <= 5; ++id) {
    configuration.voters[{ControllerId{id}, Uuid::make(*random)}] = {
        "host-" + std::to_string(id), static_cast<uint16_t>(9000 + id)};
  }
  const std::string bytes = encode_configuration(configuration);
  const auto back = decode_configuration(bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, configuration);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_configuration(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(decode_configuration(bytes + "x").ok());
  EXPECT_FALSE(decode_configuration(encode_configuration(Configuration())).ok());
}

TEST(ConfigurationHistory, TheNewestHoldsAndCuttingItsEntryGivesBackTheOneBefore) {
  ConfigurationHistory history({LogIndex{0}, voters({1, 2, 3})});
  history.append(LogIndex{5}, voters({1, 2, 3, 4}));
  history.append(LogIndex{9}, voters({2, 3, 4}));
  EXPECT_EQ(history.latest().index, LogIndex{9});
  EXPECT_EQ(history.before_latest().index, LogIndex{5});
  history.truncate_above(LogIndex{9});
  EXPECT_EQ(history.latest().index, LogIndex{9});
  history.truncate_above(LogIndex{8});
  EXPECT_EQ(history.latest().configuration, voters({1, 2, 3, 4}));
  history.truncate_above(LogIndex{0});
  EXPECT_EQ(history.latest().configuration, voters({1, 2, 3}));
  EXPECT_EQ(history.before_latest(), history.latest());
}

TEST(ConfigurationHistory, KnowsWhichOneHeldAtAnEntryAlsoWhenTheLogWasCut) {
  ConfigurationHistory history({LogIndex{0}, voters({1})});
  history.append(LogIndex{5}, voters({1, 2}));
  history.append(LogIndex{9}, voters({1, 2, 3}));
  history.compact(LogIndex{4});
  EXPECT_EQ(history.at(LogIndex{4}).index, LogIndex{0});
  EXPECT_EQ(history.at(LogIndex{5}).index, LogIndex{5});
  history.compact(LogIndex{7});
  EXPECT_EQ(history.at(LogIndex{8}).configuration, voters({1, 2}));
  EXPECT_EQ(history.at(LogIndex{100}).configuration, voters({1, 2, 3}));
  history.restart_behind({LogIndex{50}, voters({7})});
  EXPECT_EQ(history.latest().configuration, voters({7}));
}

// What was committed before a change may lie whole only on the one that is going.
TEST(Votes, S6_WhileAChangeIsPendingEverybodyMeansThoseBeforeItToo) {
  Votes votes;
  votes.record(voter(1), true, true);
  votes.record(voter(2), true, true);
  EXPECT_TRUE(votes.won(voters({1, 2}), voters({1, 2})));
  EXPECT_FALSE(votes.won(voters({1, 2}), voters({1, 2, 3})));
  votes.record(voter(3), true, false);
  EXPECT_TRUE(votes.won(voters({1, 2}), voters({1, 2, 3})));
  EXPECT_FALSE(Votes().won(Configuration(), Configuration()));
}

}  // namespace
}  // namespace barnabas::raft
