// Which controller is asked, how often, and what is said in the end. Time is counted, not waited.

#include "cli/admin_client.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>

namespace barnabas::cli {
namespace {

using Outcome = Controller::Outcome;

// Three controllers whose answers are laid out beforehand, and a clock that they move.
class AdminClientTest : public testing::Test {
 protected:
  struct Asked {
    std::string endpoint;
    std::string client;
    uint64_t sequence;
  };

  class Scripted final : public Controller {
   public:
    Scripted(AdminClientTest& test, std::string endpoint)
        : test_(test), endpoint_(std::move(endpoint)) {}
    Reply call(const proto::AdminRequest& request, Milliseconds patience) override {
      test_.asked.push_back({endpoint_, request.client(), request.sequence()});
      auto& replies = test_.replies[endpoint_];
      Reply reply{Outcome::kRefused, {}, ""};
      if (!replies.empty()) {
        reply = replies.front();
        if (replies.size() > 1) replies.pop_front();
      }
      test_.now += reply.outcome == Outcome::kSilent ? patience : Milliseconds(1);
      return reply;
    }

   private:
    AdminClientTest& test_;
    std::string endpoint_;
  };

  static Controller::Reply answer() { return {Outcome::kAnswered, {}, ""}; }
  static Controller::Reply error(int code, const std::string& message) {
    Controller::Reply reply = answer();
    reply.answer.mutable_error()->set_code(code);
    reply.answer.mutable_error()->set_message(message);
    return reply;
  }
  static Controller::Reply not_controller(const std::string& leader) {
    Controller::Reply reply = error(41, "not active");
    reply.answer.mutable_leader()->set_endpoint(leader);
    return reply;
  }
  static Controller::Reply failed(Outcome outcome) { return {outcome, {}, "reset"}; }

  Result<proto::AdminAnswer> call() { return client.call(proto::AdminRequest(), "try it"); }

  Milliseconds now{0};
  std::map<std::string, std::deque<Controller::Reply>> replies;
  std::vector<Asked> asked;
  std::map<std::string, int> dials;
  AdminClient client{{"a:1", "b:2", "c:3"},
                     [this](const std::string& endpoint) {
                       ++dials[endpoint];
                       return std::make_unique<Scripted>(*this, endpoint);
                     },
                     {[this] { return now; }, [this](Milliseconds time) { now += time; }},
                     "0123456789abcdef",
                     Milliseconds(10'000)};
};

TEST_F(AdminClientTest, AControllerThatOnlyAHintNamedIsRemembered) {
  replies = {{"a:1", {not_controller("d:4"), failed(Outcome::kBroken)}}, {"d:4", {answer()}}};
  EXPECT_TRUE(call().ok());
  EXPECT_EQ(client.endpoints().back(), "d:4");
  EXPECT_TRUE(call().ok());
  EXPECT_EQ(asked.back().endpoint, "d:4");
}

TEST_F(AdminClientTest, ALimitOfItsOwnEndsACallBeforeTheTimeout) {
  replies = {
      {"a:1", {not_controller("")}}, {"b:2", {not_controller("")}}, {"c:3", {not_controller("")}}};
  const auto ended = client.call(proto::AdminRequest(), "try it", Milliseconds(3'000));
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.problem().exit, ExitCode::kTimedOut);
  EXPECT_GE(now, Milliseconds(3'000));
  EXPECT_LT(now, Milliseconds(3'500));
  EXPECT_NE(ended.problem().came_back.find("nothing within 3000 ms"), std::string::npos);
}

TEST_F(AdminClientTest, FollowsTheHintToTheActiveController) {
  replies = {{"a:1", {not_controller("c:3")}}, {"b:2", {answer()}}, {"c:3", {answer()}}};
  EXPECT_TRUE(call().ok());
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[1].endpoint, "c:3");
}

TEST_F(AdminClientTest, AsksTheOneThatAnsweredFirstTheNextTime) {
  replies = {{"a:1", {not_controller("c:3")}}, {"c:3", {answer()}}};
  EXPECT_TRUE(call().ok());
  asked.clear();
  EXPECT_TRUE(call().ok());
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].endpoint, "c:3");
}

TEST_F(AdminClientTest, S3_ARetryCarriesTheSameRequestIdAndTheNextRequestAnother) {
  replies = {{"a:1", {failed(Outcome::kBroken)}},
             {"b:2", {failed(Outcome::kSilent)}},
             {"c:3", {answer()}}};
  EXPECT_TRUE(call().ok());
  ASSERT_EQ(asked.size(), 3U);
  for (const Asked& one : asked) {
    EXPECT_EQ(one.client, "0123456789abcdef");
    EXPECT_EQ(one.sequence, asked[0].sequence);
  }
  EXPECT_TRUE(call().ok());
  EXPECT_NE(asked.back().sequence, asked[0].sequence);
}

TEST_F(AdminClientTest, DialsAnewAfterAFailure) {
  replies = {{"a:1", {failed(Outcome::kRefused), failed(Outcome::kRefused), answer()}}};
  EXPECT_TRUE(call().ok());
  EXPECT_EQ(dials["a:1"], 3);
  EXPECT_TRUE(call().ok());
  EXPECT_EQ(dials["a:1"], 3);
}

TEST_F(AdminClientTest, WaitsOutAnElection) {
  for (const char* endpoint : {"a:1", "b:2", "c:3"}) {
    replies[endpoint] = {not_controller(""), not_controller(""), not_controller(""), answer()};
  }
  EXPECT_TRUE(call().ok());
  EXPECT_LT(now, Milliseconds(200));
}

TEST_F(AdminClientTest, TwoThatPointAtEachOtherDoNotKeepTheThirdFromBeingAsked) {
  replies = {
      {"a:1", {not_controller("b:2")}}, {"b:2", {not_controller("a:1")}}, {"c:3", {answer()}}};
  EXPECT_TRUE(call().ok());
  EXPECT_LE(asked.size(), 6U);
}

TEST_F(AdminClientTest, GivesUpEarlyWhereEverybodyRefusesTheConnection) {
  const auto result = call();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.problem().exit, ExitCode::kUnreachable);
  EXPECT_NE(result.problem().came_back.find("a:1, b:2, c:3"), std::string::npos);
  EXPECT_GE(now, kRefusedPatience);
  EXPECT_LT(now, kRefusedPatience + Milliseconds(100));
}

TEST_F(AdminClientTest, TriesUntilTheTimeIsUpWhereNobodyIsActive) {
  for (const char* endpoint : {"a:1", "b:2", "c:3"}) replies[endpoint] = {not_controller("")};
  const auto result = call();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.problem().exit, ExitCode::kTimedOut);
  EXPECT_NE(result.problem().came_back.find("NOT_CONTROLLER 41"), std::string::npos);
  EXPECT_GE(now, Milliseconds(10'000));
  EXPECT_LT(now, Milliseconds(10'100));
}

// An unknown outcome is never reported as a failure.
TEST_F(AdminClientTest, SaysThatItMayHaveBeenDoneWhereSomebodyTookItAndDidNotAnswer) {
  for (const char* endpoint : {"a:1", "b:2", "c:3"}) replies[endpoint] = {failed(Outcome::kSilent)};
  const auto result = call();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.problem().exit, ExitCode::kTimedOut);
  EXPECT_NE(result.problem().cause.find("may have been done or not"), std::string::npos);
}

TEST_F(AdminClientTest, AnErrorOfTheClusterEndsIt) {
  replies = {{"a:1", {error(44, "too many topics")}}};
  const auto result = call();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(asked.size(), 1U);
  EXPECT_EQ(result.problem().came_back, "POLICY_VIOLATION 44: too many topics");
}

TEST_F(AdminClientTest, WhatAnyoneMayAnswerIsAskedOnceAround) {
  EXPECT_EQ(client.call_any(proto::AdminRequest(), "look").problem().exit, ExitCode::kUnreachable);
  EXPECT_EQ(asked.size(), 3U);
  EXPECT_LT(now, Milliseconds(10));
  replies = {{"b:2", {answer()}}};
  EXPECT_TRUE(client.call_any(proto::AdminRequest(), "look").ok());
  EXPECT_EQ(asked.back().endpoint, "b:2");
}

}  // namespace
}  // namespace barnabas::cli
