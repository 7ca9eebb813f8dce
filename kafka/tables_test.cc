#include <gtest/gtest.h>

#include <climits>
#include <string>

#include "kafka/api_table.h"
#include "kafka/errors.h"
#include "kafka/java_hash.h"

namespace barnabas::kafka {
namespace {

TEST(Errors, HaveTheirProtocolNamesAndSayWhetherToRetry) {
  EXPECT_EQ(static_cast<int>(ErrorCode::kNotLeaderOrFollower), 6);
  EXPECT_EQ(error_name(ErrorCode::kNotLeaderOrFollower), "NOT_LEADER_OR_FOLLOWER");
  EXPECT_TRUE(is_retriable(ErrorCode::kNotLeaderOrFollower));
  EXPECT_FALSE(is_retriable(ErrorCode::kNone));
  EXPECT_FALSE(is_retriable(ErrorCode::kMessageTooLarge));
}

TEST(Errors, AnUnknownNumberIsAnUnknownServerError) {
  EXPECT_EQ(error_name(static_cast<ErrorCode>(999)), "UNKNOWN_SERVER_ERROR");
  EXPECT_EQ(error_name(static_cast<ErrorCode>(-2)), "UNKNOWN_SERVER_ERROR");
}

TEST(Errors, AreFoundByEveryName) {
  for (int code = -1; code <= 136; ++code) {
    const auto error = static_cast<ErrorCode>(code);
    EXPECT_EQ(error_by_name(error_name(error)), error);
  }
  EXPECT_EQ(error_by_name("NO_SUCH_ERROR"), std::nullopt);
}

TEST(ApiTable, IsInAscendingOrderAndEveryKeyIsFound) {
  int last = -1;
  for (const ApiInfo& api : all_apis()) {
    EXPECT_GT(static_cast<int>(api.key), last);
    last = static_cast<int>(api.key);
    EXPECT_EQ(find_api(api.key), &api);
    EXPECT_LE(api.min_version, api.max_version);
    EXPECT_LE(api.max_stable_version, api.max_version);
  }
  EXPECT_EQ(all_apis().size(), 92u);
  EXPECT_EQ(find_api(4), nullptr);  // removed
  EXPECT_EQ(find_api(SHRT_MAX), nullptr);
  EXPECT_EQ(find_api(SHRT_MIN), nullptr);
}

TEST(ApiTable, ProduceIsAnnouncedFromZeroForOldClientsButReadFromThree) {
  const ApiInfo* produce = find_api(ApiKey::kProduce);
  EXPECT_EQ(produce->min_version, 3);
  EXPECT_EQ(produce->min_advertised, 0);
}

TEST(ApiTable, AVersionStillSubjectToChangeIsNotStable) {
  EXPECT_EQ(find_api(ApiKey::kInitProducerId)->max_version, 6);
  EXPECT_EQ(find_api(ApiKey::kInitProducerId)->max_stable_version, 5);
}

TEST(ApiTable, HeadersBecomeFlexibleWithTheirApi) {
  EXPECT_EQ(request_header_version(0, 8), 1);
  EXPECT_EQ(request_header_version(0, 9), 2);
  EXPECT_EQ(response_header_version(0, 8), 0);
  EXPECT_EQ(response_header_version(0, 9), 1);
  EXPECT_EQ(request_header_version(17, 1), 1);  // SaslHandshake never does
}

// The client does not know yet which version the server speaks.
TEST(ApiTable, TheApiVersionsResponseAlwaysHasTheOldestHeader) {
  for (int16_t version = 0; version <= 5; ++version) {
    EXPECT_EQ(response_header_version(18, version), 0);
  }
  EXPECT_EQ(request_header_version(18, 3), 2);
}

TEST(ApiTable, UnknownApisGetTheHeadersThatCanAlwaysBeReadAndAnswered) {
  EXPECT_EQ(request_header_version(999, 5), 1);
  EXPECT_EQ(response_header_version(999, 5), 0);
}

TEST(ApiTable, TheDurabilityReportIsForBrokersOnly) {
  const ApiInfo* report = find_api(ApiKey::kDurableReport);
  EXPECT_EQ(static_cast<int>(report->key), 15000);
  EXPECT_TRUE(report->inter_broker_only);
  EXPECT_FALSE(report->on_broker);
  EXPECT_TRUE(report->cluster_action);
}

TEST(JavaHash, RunsOverUtf16Units) {
  EXPECT_EQ(java_string_hash(""), 0);
  EXPECT_EQ(java_string_hash("a"), 97);
  EXPECT_EQ(java_string_hash("\xF0\x9F\x9A\x80"), 1773027);  // one rocket, two units
}

TEST(JavaHash, DamagedTextHashesWithoutReadingPastIt) {
  for (const std::string& text :
       {std::string("\xF0\x9F"), std::string("\x80"), std::string("\xC0\x80"),
        std::string("\xED\xA0\x80"), std::string("\xFF\xFF"), std::string("a\xE2\x82")}) {
    EXPECT_NE(java_string_hash(text), 0);
  }
}

TEST(CoordinatorPartition, TheSmallestHashGoesToPartitionZero) {
  EXPECT_EQ(java_string_hash("polygenelubricants"), INT_MIN);
  EXPECT_EQ(coordinator_partition("polygenelubricants", 50), 0);
}

}  // namespace
}  // namespace barnabas::kafka
