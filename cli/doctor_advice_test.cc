#include "cli/doctor_advice.h"

#include <gtest/gtest.h>

namespace barnabas::cli {
namespace {

Attempt advertised(const std::string& host, bool reached_by_loopback = false) {
  return {{host, 9092}, 2, {"broker.lan", 9092}, reached_by_loopback};
}
Attempt given(const std::string& host) { return {{host, 9092}, std::nullopt, {host, 9092}, false}; }

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(DoctorAdvice, ALoopbackAddressIsSenselessOnlyToClientsOnOtherMachines) {
  for (const char* host : {"localhost", "127.0.0.1", "127.0.1.1", "::1"}) {
    EXPECT_TRUE(advise_senseless(advertised(host)).has_value()) << host;
    EXPECT_FALSE(advise_senseless(advertised(host, /*reached_by_loopback=*/true)).has_value());
  }
  EXPECT_FALSE(advise_senseless(advertised("10.0.0.5")).has_value());
}

TEST(DoctorAdvice, AnAddressToListenOnIsNoneToConnectTo) {
  for (const char* host : {"0.0.0.0", "::", ""}) {
    const auto advice = advise_senseless(advertised(host, /*reached_by_loopback=*/true));
    ASSERT_TRUE(advice.has_value()) << host;
    EXPECT_TRUE(says(advice->fix, "advertised.listeners=auto"));
  }
}

TEST(DoctorAdvice, AContainersNameIsKnownByItsLook) {
  EXPECT_TRUE(is_container_id("1cbfdb9e8dc6"));
  EXPECT_FALSE(is_container_id("1cbfdb9e8dc"));
  EXPECT_FALSE(is_container_id("kafka-broker"));
  EXPECT_TRUE(says(advise_unresolved(advertised("1cbfdb9e8dc6"), "").cause, "container"));
  EXPECT_FALSE(says(advise_unresolved(advertised("kafka"), "").cause, "container"));
}

TEST(DoctorAdvice, WhatIsAdvertisedIsMendedInTheFileOfThatNode) {
  for (const Reach how : {Reach::kRefused, Reach::kTimedOut, Reach::kUnreachable}) {
    const Advice advice = advise_unconnected(advertised("10.0.0.5"), how, "");
    EXPECT_TRUE(says(advice.met, "10.0.0.5:9092"));
    EXPECT_TRUE(says(advice.cause, "node 2"));
    EXPECT_TRUE(says(advice.fix, "PLAINTEXT://broker.lan:9092"));
  }
}

TEST(DoctorAdvice, WhatWasTypedIsNotBlamedOnASetting) {
  for (const Reach how : {Reach::kRefused, Reach::kTimedOut, Reach::kUnreachable}) {
    EXPECT_FALSE(says(advise_unconnected(given("broker.lan"), how, "").fix, "advertised"));
  }
  EXPECT_FALSE(says(advise_unresolved(given("broker.lan"), "").cause, "advertised"));
}

TEST(DoctorAdvice, EveryAdviceHasACauseAndAFix) {
  for (const Reach how : {Reach::kRefused, Reach::kTimedOut, Reach::kUnreachable, Reach::kClosed,
                          Reach::kNotKafka, Reach::kFailed}) {
    for (const Attempt& attempt : {given("h"), advertised("h")}) {
      for (const Advice& advice :
           {advise_unconnected(attempt, how, "e"), advise_unanswered(attempt, how, "", ""),
            advise_unanswered(attempt, how, "an HTTP server", "")}) {
        EXPECT_FALSE(advice.met.empty() || advice.cause.empty() || advice.fix.empty());
      }
    }
  }
}

TEST(Speaker, IsKnownByItsFirstBytes) {
  const auto speaker = [](const char* bytes, size_t size) {
    return speaker_of(std::string_view(bytes, size));
  };
  EXPECT_EQ(speaker("HTTP/1.1 400 Bad Request", 24), "an HTTP server");
  EXPECT_EQ(speaker("\x15\x03\x03\x00\x02\x02\x46", 7), "a TLS listener");
  EXPECT_EQ(speaker("\x16\x03\x01\x00\x2f", 5), "a TLS listener");
  EXPECT_EQ(speaker("\x00\x00\x18\x04\x00\x00\x00\x00\x00", 9), "a gRPC server");
  EXPECT_EQ(speaker("SSH-2.0-OpenSSH_9.2", 19), "an SSH server");
  EXPECT_EQ(speaker("\x00\x00\x00\x20\x00\x00\x00\x07\x00\x00", 10), "");  // a Kafka frame
  EXPECT_EQ(speaker("", 0), "");
}

}  // namespace
}  // namespace barnabas::cli
