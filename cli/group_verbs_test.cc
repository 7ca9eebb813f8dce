// The verbs on groups: what they show, what they change, and what they refuse.

#include "cli/group_verbs.h"

#include "cli/group_facts.h"
#include "cli/testing/verb_test.h"

namespace barnabas::cli {
namespace {

constexpr int64_t kNow = 1'000'000;

int code(ExitCode exit) { return static_cast<int>(exit); }

class GroupVerbs : public VerbTest {
 protected:
  GroupVerbs() {
    brokers.logs[{"board", 0}] = {10, 100, {{10, 400'000}, {40, 900'000}, {99, 996'500}}, 0};
    brokers.logs[{"board", 1}] = {0, 50, {{0, 100'000}, {49, 990'000}}, 0};
    brokers.logs[{"board", 2}] = {0, 0, {}, 0};
    GroupView readers;
    readers.state = "Stable";
    readers.protocol_type = "consumer";
    readers.assignor = "range";
    readers.coordinator = {2, "127.0.0.1:9093"};
    readers.members = {
        {"c1-aaa", {}, "c1", "/127.0.0.1", {{"board", 0}, {"board", 2}}},
        {"c2-bbb", "second", "c2", "/127.0.0.1", {{"board", 1}}},
    };
    readers.last_rebalance = {"session_expired", "member c3-ccc was silent for 45 s", kNow - 12'000,
                              6, 7};
    brokers.groups["readers"] = readers;
    brokers.offsets_of["readers"] = {{{"board", 0}, {40, "here", 0}}, {{"board", 1}, {50, "", 0}}};
    GroupView idle;
    idle.state = "Empty";
    idle.coordinator = {1, "127.0.0.1:9092"};
    brokers.groups["idle"] = idle;
    // What is before the beginning can no longer be read.
    brokers.offsets_of["idle"] = {{{"board", 0}, {5, "", 0}}, {{"gone", 0}, {7, "", 0}}};
  }
};

TEST_F(GroupVerbs, ListShowsStateAndCoordinator) {
  expect_golden("group_list",
                [&](const Output& output) { return group_list(brokers, output, {}); });
  out.str("");
  EXPECT_EQ(group_list(brokers, output(Format::kTable, true), {{"stable"}}), 0);
  EXPECT_EQ(out.str(), "readers\n");
}

TEST_F(GroupVerbs, ListOfNothingSaysSo) {
  brokers.groups.clear();
  EXPECT_EQ(group_list(brokers, output(), {}), 0);
  EXPECT_EQ(out.str(), "");
  EXPECT_NE(err.str().find("there are no groups"), std::string::npos);
}

TEST_F(GroupVerbs, DescribeShowsMembersAssignmentsOffsetsAndLag) {
  expect_golden("group_describe", [&](const Output& output) {
    return group_describe(brokers, output, {{"readers", "idle"}}, kNow);
  });
}

TEST_F(GroupVerbs, DescribeOfAGroupThatIsNotThereExitsWith3AndBesideOthersWith9) {
  EXPECT_EQ(group_describe(brokers, output(), {{"nobody"}}, kNow), code(ExitCode::kNotFound));
  EXPECT_NE(err.str().find("GROUP_ID_NOT_FOUND 69"), std::string::npos) << err.str();
  EXPECT_EQ(group_describe(brokers, output(), {{"nobody", "idle"}}, kNow),
            code(ExitCode::kPartial));
  // Older brokers call it dead.
  brokers.groups["nobody"].state = "Dead";
  EXPECT_EQ(group_describe(brokers, output(), {{"nobody"}}, kNow), code(ExitCode::kNotFound));
}

TEST_F(GroupVerbs, LagIsRecordsAndTheAgeOfTheFirstOneThatIsUnread) {
  expect_golden("group_lag", [&](const Output& output) {
    return group_lag(brokers, output, {{"readers", "idle"}}, kNow);
  });
  const auto facts = gather(brokers, {"readers"}, kNow).value().front();
  EXPECT_EQ(facts.lag(), 60);
  EXPECT_EQ(facts.lag_ms(), 100'000);
  ASSERT_EQ(facts.partitions.size(), 3U);
  EXPECT_EQ(facts.partitions[1].lag, 0);
  EXPECT_EQ(facts.partitions[1].lag_ms, 0);
  EXPECT_EQ(facts.partitions[2].lag, kUnknown);  // assigned, and nothing committed yet
}

TEST_F(GroupVerbs, LagCountsOnlyWhatCanStillBeRead) {
  const auto facts = gather(brokers, {"idle"}, kNow).value().front();
  EXPECT_EQ(facts.partitions[0].lag, 90);
  EXPECT_EQ(facts.partitions[0].lag_ms, 600'000);
  EXPECT_EQ(facts.partitions[1].code, 3);
  EXPECT_EQ(facts.partitions[1].lag, kUnknown);
}

TEST_F(GroupVerbs, GroupsAtDifferentPlacesOfOnePartitionHaveEachTheirOwnAge) {
  const auto facts = gather(brokers, {"readers", "idle"}, kNow).value();
  EXPECT_EQ(facts[0].partitions[0].lag_ms, 100'000);
  EXPECT_EQ(facts[1].partitions[0].lag_ms, 600'000);
}

TEST_F(GroupVerbs, LagQuietlyIsOneNumber) {
  EXPECT_EQ(group_lag(brokers, output(Format::kTable, true), {{"readers"}}, kNow), 0);
  EXPECT_EQ(out.str(), "60\n");
}

GroupSeekOptions seek(const std::string& group, Position to, bool execute,
                      std::vector<TopicChoice> topics = {}) {
  return {group, std::move(topics), to, execute};
}

TEST_F(GroupVerbs, SeekShowsAndChangesNothingUntilItIsToldTo) {
  expect_golden("group_seek", [&](const Output& output) {
    return group_seek(brokers, output,
                      seek("idle", {Position::Kind::kOffset, 60}, false, {{"board", {0, 1}}}));
  });
  EXPECT_EQ((brokers.offsets_of["idle"][{"board", 0}].offset), 5);
}

TEST_F(GroupVerbs, SeekCommitsWhatItShowed) {
  brokers.offsets_of["idle"].erase({"gone", 0});
  const auto at = [&](Position to) {
    EXPECT_EQ(group_seek(brokers, output(), seek("idle", to, true)), 0) << err.str();
    return brokers.offsets_of["idle"][{"board", 0}].offset;
  };
  EXPECT_EQ(at({Position::Kind::kEnd, 0}), 100);
  EXPECT_EQ(at({Position::Kind::kShift, -30}), 70);
  EXPECT_EQ(at({Position::Kind::kShift, 5}), 75);
  EXPECT_EQ(at({Position::Kind::kStart, 0}), 10);
  EXPECT_EQ(at({Position::Kind::kShift, -3}), 10);  // never outside of what there is
  EXPECT_EQ(at({Position::Kind::kTime, 850'000}), 40);
  EXPECT_EQ(at({Position::Kind::kTime, kNow}), 100);  // nothing is that young
  EXPECT_EQ(at({Position::Kind::kOffset, 4000}), 100);
}

TEST_F(GroupVerbs, SeekRefusesAGroupWithMembersAndSaysWhoTheyAre) {
  expect_golden("group_seek_active", [&](const Output& output) {
    return group_seek(brokers, output, seek("readers", {Position::Kind::kStart, 0}, true));
  });
  EXPECT_EQ((brokers.offsets_of["readers"][{"board", 0}].offset), 40);
  EXPECT_EQ(group_seek(brokers, output(), seek("readers", {Position::Kind::kStart, 0}, false)), 0);
  EXPECT_NE(err.str().find("nothing was changed, and would not be"), std::string::npos);
}

TEST_F(GroupVerbs, SeekTellsWhatCannotBeDone) {
  EXPECT_EQ(group_seek(brokers, output(), seek("new", {Position::Kind::kStart, 0}, true)),
            code(ExitCode::kNotFound));  // it has committed nothing, and no topic is named
  EXPECT_EQ(group_seek(brokers, output(),
                       seek("new", {Position::Kind::kStart, 0}, true, {{"board", {}}})),
            0);
  EXPECT_EQ((brokers.offsets_of["new"][{"board", 0}].offset), 10);
  EXPECT_EQ(group_seek(brokers, output(),
                       seek("new", {Position::Kind::kStart, 0}, true, {{"nowhere", {}}})),
            code(ExitCode::kNotFound));
  EXPECT_EQ(group_seek(brokers, output(),
                       seek("new", {Position::Kind::kStart, 0}, true, {{"board", {7}}})),
            code(ExitCode::kNotFound));
  EXPECT_NE(err.str().find("topic board has no partition 7"), std::string::npos) << err.str();
  // "idle" has an offset in a topic that is gone: the rest is done.
  EXPECT_EQ(group_seek(brokers, output(), seek("idle", {Position::Kind::kStart, 0}, true)),
            code(ExitCode::kPartial));
  brokers.write_code = 30;
  EXPECT_EQ(group_seek(brokers, output(),
                       seek("new", {Position::Kind::kStart, 0}, true, {{"board", {0}}})),
            code(ExitCode::kUnauthorised));
}

TEST_F(GroupVerbs, DeleteSparesGroupsThatHaveMembers) {
  expect_golden("group_delete", [&](const Output& output) {
    return group_delete(brokers, output, {{"idle", "readers", "nobody"}});
  });
  EXPECT_EQ(group_delete(brokers, output(), {{"readers"}}), code(ExitCode::kPrecondition));
  EXPECT_EQ(group_delete(brokers, output(), {{"nobody"}}), code(ExitCode::kNotFound));
}

TEST_F(GroupVerbs, OffsetDeleteForgetsAllPartitionsOfATopic) {
  expect_golden("group_offset_delete", [&](const Output& output) {
    return group_offset_delete(brokers, output, {"readers", {{"board", {}}}});
  });
  EXPECT_TRUE(brokers.offsets_of["readers"].empty());
  brokers.write_code = 86;
  EXPECT_EQ(group_offset_delete(brokers, output(), {"readers", {{"board", {0}}}}),
            code(ExitCode::kPrecondition));
}

TEST_F(GroupVerbs, TrimDeletesWhatIsBeforeAPlace) {
  expect_golden("topic_trim", [&](const Output& output) {
    return topic_trim(brokers, output, {{"board", {}}, {Position::Kind::kLast, 20}, true});
  });
  EXPECT_EQ((brokers.logs[{"board", 0}].start), 10);
  EXPECT_EQ(
      topic_trim(brokers, output(), {{"board", {0}}, {Position::Kind::kTime, 900'000}, false}), 0);
  EXPECT_EQ((brokers.logs[{"board", 0}].start), 40);
  EXPECT_EQ((brokers.logs[{"board", 1}].start), 0);
  brokers.write_code = 44;
  EXPECT_EQ(topic_trim(brokers, output(), {{"board", {1}}, {Position::Kind::kEnd, 0}, false}),
            code(ExitCode::kPrecondition));
}

TEST_F(GroupVerbs, EachVerbPassesOnThatNobodyAnswers) {
  brokers.problem = Problem{ExitCode::kUnreachable, "ask", "refused", "", ""};
  const int unreachable = code(ExitCode::kUnreachable);
  EXPECT_EQ(group_list(brokers, output(), {}), unreachable);
  EXPECT_EQ(group_describe(brokers, output(), {}, kNow), unreachable);
  EXPECT_EQ(group_lag(brokers, output(), {{"readers"}}, kNow), unreachable);
  EXPECT_EQ(group_seek(brokers, output(), seek("idle", {}, true)), unreachable);
  EXPECT_EQ(group_delete(brokers, output(), {{"idle"}}), unreachable);
  EXPECT_EQ(group_offset_delete(brokers, output(), {"idle", {{"board", {}}}}), unreachable);
  EXPECT_EQ(topic_trim(brokers, output(), {{"board", {}}, {}, false}), unreachable);
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace barnabas::cli
