#include "broker/api/unreached_clients.h"

#include <gtest/gtest.h>

namespace barnabas::api {
namespace {

using std::chrono::seconds;

Instant at(int second) { return Instant{} + seconds(1'000 + second); }

TEST(UnreachedClients, FiveQuestionsInTenSecondsAndNothingElseAreSuspectedOnce) {
  UnreachedClients clients;
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(clients.asked("10.0.0.7", at(i)));
  EXPECT_TRUE(clients.asked("10.0.0.7", at(4)));
  for (int i = 5; i < 100; ++i) EXPECT_FALSE(clients.asked("10.0.0.7", at(i)));
  EXPECT_EQ(clients.suspected(), 1u);
}

TEST(UnreachedClients, WhoAsksSeldomIsNotSuspected) {
  UnreachedClients clients;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(clients.asked("10.0.0.7", at(i * 3)));
  EXPECT_EQ(clients.suspected(), 0u);
}

TEST(UnreachedClients, WhoDoesSomethingElseIsNotSuspectedUntilAMinuteAfterwards) {
  UnreachedClients clients;
  clients.worked("10.0.0.7", at(0));
  for (int i = 0; i < 55; ++i) EXPECT_FALSE(clients.asked("10.0.0.7", at(i)));
  bool suspected = false;
  for (int i = 61; i < 80; ++i) suspected = clients.asked("10.0.0.7", at(i)) || suspected;
  EXPECT_TRUE(suspected);
}

TEST(UnreachedClients, MachinesAreToldApartAndOnlySoManyAreRemembered) {
  UnreachedClients clients;
  for (int i = 0; i < 4; ++i) clients.asked("10.0.0.7", at(0));
  EXPECT_FALSE(clients.asked("10.0.0.8", at(0)));
  EXPECT_TRUE(clients.asked("10.0.0.7", at(0)));
  for (int i = 0; i < 5'000; ++i) clients.asked(std::to_string(i), at(0));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(clients.asked("one too many", at(0)));
}

}  // namespace
}  // namespace barnabas::api
