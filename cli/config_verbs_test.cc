// The verbs on settings, and those that explain.

#include "cli/config_verbs.h"

#include <set>

#include "cli/error_advice.h"
#include "cli/settings.h"
#include "cli/testing/verb_test.h"

namespace barnabas::cli {
namespace {

int code(ExitCode exit) { return static_cast<int>(exit); }

ConfigTarget topic(const std::string& name) { return {ConfigTarget::Kind::kTopic, name}; }
ConfigTarget node(const std::string& id) { return {ConfigTarget::Kind::kNode, id}; }
const ConfigTarget kAll{ConfigTarget::Kind::kCluster, ""};

// A controller that keeps settings.
class ConfigVerbs : public VerbTest {
 protected:
  using Request = proto::AdminRequest;
  ConfigVerbs() {
    set[{2, "board"}] = {{"retention.ms", "5"}, {"cleanup.policy", "compact"}};
    set[{2, "lane"}] = {{"retention.ms", "6"}};
    set[{4, ""}] = {{"log.segment.bytes", "1048576"}};
    on = [this](const Request& request) {
      if (request.kind_case() == Request::kDescribeConfigs) describe(request.describe_configs());
      if (request.kind_case() == Request::kAlterConfigs) alter(request.alter_configs());
    };
  }

  void describe(const proto::DescribeConfigsRequest& request) {
    auto& answer = *answers[Request::kDescribeConfigs].mutable_describe_configs();
    answer.Clear();
    for (const proto::ConfigResource& resource : request.resources()) {
      proto::DescribedResource& told = *answer.add_resources();
      told.set_type(resource.type());
      told.set_name(resource.name());
      if (resource.type() == 2 && set.count({2, resource.name()}) == 0) {
        told.mutable_error()->set_code(3);
      }
      const auto found = set.find({resource.type(), resource.name()});
      if (found == set.end()) continue;
      for (const auto& [key, value] : found->second) {
        proto::ConfigEntry& entry = *told.add_entries();
        entry.set_key(key);
        entry.set_value(value);
      }
    }
  }

  void alter(const proto::AlterConfigsRequest& request) {
    auto& answer = *answers[Request::kAlterConfigs].mutable_alter_configs();
    answer.Clear();
    for (const proto::ConfigResource& resource : request.resources()) {
      proto::AlteredResource& told = *answer.add_resources();
      told.set_type(resource.type());
      told.set_name(resource.name());
      for (const proto::ConfigChange& change : resource.changes()) {
        if (find_key(change.key()) == nullptr) {
          told.mutable_error()->set_code(40);
          told.mutable_error()->set_message("There is no key " + change.key() + ".");
        } else if (!request.validate_only()) {
          auto& values = set[{resource.type(), resource.name()}];
          if (change.operation() == proto::ConfigChange::SET) {
            values[change.key()] = change.value();
          } else {
            values.erase(change.key());
          }
        }
      }
    }
  }

  static ConfigOptions of(std::vector<ConfigTarget> targets, std::vector<std::string> keys = {}) {
    ConfigOptions options;
    options.targets = std::move(targets);
    options.keys = std::move(keys);
    return options;
  }

  std::map<std::pair<int32_t, std::string>, std::map<std::string, std::string>> set;
};

TEST_F(ConfigVerbs, GetShowsWhatHoldsAndWhereItIsFrom) {
  expect_golden("config_get", [&](const Output& output) {
    return config_get(client, brokers, output,
                      of({topic("board")}, {"retention.ms", "segment.bytes", "segment.ms"}));
  });
  out.str("");
  EXPECT_EQ(config_get(client, brokers, output(Format::kTable, true),
                       of({topic("board")}, {"retention.ms"})),
            0);
  EXPECT_EQ(out.str(), "5\n");
}

TEST_F(ConfigVerbs, DescribeSaysWhatEachMeans) {
  expect_golden("config_describe", [&](const Output& output) {
    return config_describe(client, brokers, output, of({topic("board")}, {"cleanup.policy"}));
  });
}

TEST_F(ConfigVerbs, GetNamesTheKeyThatWasProbablyMeant) {
  EXPECT_EQ(config_get(client, brokers, output(), of({topic("board")}, {"retention.mss"})),
            code(ExitCode::kNotFound));
  EXPECT_NE(err.str().find("perhaps retention.ms was meant"), std::string::npos) << err.str();
  EXPECT_EQ(config_get(client, brokers, output(), of({topic("nowhere")})),
            code(ExitCode::kNotFound));
}

TEST_F(ConfigVerbs, ANodeIsAskedItselfForWhatItsFileSays) {
  brokers.node_values = {{"log.dirs", "/data", 4, true, false, 0, ""},
                         {"log.retention.ms", "9", 2, false, false, 5, ""},
                         {"ssl.key.password", std::nullopt, 4, true, true, 9, ""}};
  expect_golden("config_get_node", [&](const Output& output) {
    return config_get(client, brokers, output, of({node("1")}));
  });
}

TEST_F(ConfigVerbs, ANodeThatDoesNotAnswerIsShownAsTheControllersKnowIt) {
  brokers.problem = Problem{ExitCode::kUnreachable, "ask", "connection refused", "", ""};
  set[{4, "1"}] = {{"log.retention.ms", "77"}};
  EXPECT_EQ(config_get(client, brokers, output(),
                       of({node("1")}, {"log.retention.ms", "log.segment.bytes"})),
            0);
  EXPECT_NE(out.str().find("log.retention.ms   77       node"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("log.segment.bytes  1048576  cluster"), std::string::npos) << out.str();
  EXPECT_NE(err.str().find("connection refused"), std::string::npos) << err.str();
}

TEST_F(ConfigVerbs, DiffOfOneIsWhatIsNotAtItsDefault) {
  expect_golden("config_diff", [&](const Output& output) {
    return config_diff(client, brokers, output, of({topic("board")}));
  });
}

TEST_F(ConfigVerbs, DiffOfTwoIsWhatDiffers) {
  expect_golden("config_diff_two", [&](const Output& output) {
    return config_diff(client, brokers, output, of({topic("board"), topic("lane")}));
  });
  EXPECT_EQ(config_diff(client, brokers, output(), of({topic("board"), topic("board")})), 0);
  EXPECT_NE(err.str().find("have the same settings"), std::string::npos);
}

TEST_F(ConfigVerbs, SetShowsOldAndNew) {
  ConfigOptions options = of({topic("board")});
  options.changes = {{"retention.ms", "1000"}};
  options.unset = {"cleanup.policy"};
  options.validate_only = true;
  expect_golden("config_set_validate",
                [&](const Output& output) { return config_set(client, output, options); });
  EXPECT_EQ((set[{2, "board"}]["retention.ms"]), "5");
  options.validate_only = false;
  out.str("");
  EXPECT_EQ(config_set(client, output(), options), 0);
  EXPECT_EQ(out.str(),
            "topic board  cleanup.policy: compact (topic) -> delete (default)\n"
            "topic board  retention.ms: 5 (topic) -> 1000 (topic)\n");
  EXPECT_EQ((set[{2, "board"}].count("cleanup.policy")), 0U);
}

TEST_F(ConfigVerbs, SetForAllBrokersShowsWhatHeldBefore) {
  ConfigOptions options = of({kAll});
  options.changes = {{"log.segment.bytes", "2097152"}};
  EXPECT_EQ(config_set(client, output(), options), 0);
  EXPECT_EQ(out.str(), "the cluster  log.segment.bytes: 1048576 (cluster) -> 2097152 (cluster)\n");
}

TEST_F(ConfigVerbs, ARefusedSettingIsTold) {
  ConfigOptions options = of({topic("board")});
  options.changes = {{"retention.millis", "1"}};
  EXPECT_EQ(config_set(client, output(), options), code(ExitCode::kFailed));
  EXPECT_NE(err.str().find("INVALID_CONFIG 40: There is no key retention.millis."),
            std::string::npos)
      << err.str();
}

TEST_F(ConfigVerbs, AlterOfSeveralTopicsOfWhichOneIsNotThereIsPartial) {
  TopicAlterOptions options;
  options.names = {"board", "nowhere"};
  options.configs = {{"retention.ms", "1000"}};
  expect_golden("topic_alter", [&](const Output& output) {
    set[{2, "board"}]["retention.ms"] = "5";
    return topic_alter(client, output, options);
  });
}

TEST_F(ConfigVerbs, ListHasEveryKeyOnce) {
  EXPECT_EQ(config_list(output(Format::kTable, true), of({topic("board"), kAll})), 0);
  EXPECT_NE(out.str().find("retention.ms\n"), std::string::npos);
  EXPECT_NE(out.str().find("log.retention.ms\n"), std::string::npos);
  EXPECT_EQ(out.str().find("log.dirs\n"), std::string::npos);  // of a file
  out.str("");
  EXPECT_EQ(config_list(output(Format::kTable, true), {}), 0);
  EXPECT_NE(out.str().find("log.dirs\n"), std::string::npos);
}

TEST_F(ConfigVerbs, ExplainKnowsAKeyAnErrorAndAnExitCode) {
  expect_golden("explain_key",
                [&](const Output& output) { return explain(output, "min.insync.replicas"); });
  expect_golden("explain_error", [&](const Output& output) { return explain(output, "19"); });
  expect_golden("explain_exit", [&](const Output& output) { return explain(output, "exit:8"); });
  out.str("");
  for (const char* spelt : {"NOT_ENOUGH_REPLICAS", "not_enough_replicas", "NotEnoughReplicas",
                            "NotEnoughReplicasException"}) {
    out.str("");
    EXPECT_EQ(explain(output(), spelt), 0) << spelt;
    EXPECT_EQ(out.str().rfind("NOT_ENOUGH_REPLICAS 19", 0), 0U) << spelt;
  }
  for (const auto& [spelt, number] :
       {std::pair("NotLeaderForPartitionException", "NOT_LEADER_OR_FOLLOWER 6"),
        std::pair("RecordTooLargeException", "MESSAGE_TOO_LARGE 10"),
        std::pair("MSG_SIZE_TOO_LARGE", "MESSAGE_TOO_LARGE 10"),
        std::pair("TimeoutException", "REQUEST_TIMED_OUT 7"),
        std::pair("InvalidTopicException", "INVALID_TOPIC_EXCEPTION 17")}) {
    out.str("");
    EXPECT_EQ(explain(output(), spelt), 0) << spelt;
    EXPECT_EQ(out.str().rfind(number, 0), 0U) << out.str();
  }
  EXPECT_EQ(config_explain(output(), "retention.ms"), 0);
}

TEST_F(ConfigVerbs, ExplainOfNothingKnownNamesWhatIsNear) {
  for (const auto& [word, near] : {std::pair("NOT_ENOUGH_REPLICA", "NOT_ENOUGH_REPLICAS"),
                                   std::pair("retention.m", "retention.ms"),
                                   std::pair("OFFSET_OUT_OF_RNGE", "OFFSET_OUT_OF_RANGE")}) {
    err.str("");
    EXPECT_EQ(explain(output(), word), code(ExitCode::kNotFound));
    EXPECT_NE(err.str().find(std::string("perhaps ") + near), std::string::npos) << err.str();
  }
  EXPECT_EQ(explain(output(), "4711"), code(ExitCode::kNotFound));
  EXPECT_EQ(explain(output(), "exit:99"), code(ExitCode::kNotFound));
  EXPECT_EQ(config_explain(output(), "xyz"), code(ExitCode::kNotFound));
}

TEST_F(ConfigVerbs, EveryErrorHasACauseAndSomethingToDo) {
  std::set<int> seen;
  for (int number = -1; number <= 136; ++number) {
    if (number == 0) continue;
    const ErrorAdvice* advice = error_advice(number);
    ASSERT_NE(advice, nullptr) << number;
    EXPECT_EQ(static_cast<int>(advice->code), number);
    EXPECT_GT(std::string(advice->cause).size(), 10U) << number;
    EXPECT_GT(std::string(advice->next).size(), 3U) << number;
    EXPECT_FALSE(kafka::error_name(advice->code).empty()) << number;
    seen.insert(number);
  }
  EXPECT_EQ(seen.size(), all_error_advice().size());
  EXPECT_EQ(error_advice(0), nullptr);
  EXPECT_EQ(error_advice(137), nullptr);
}

}  // namespace
}  // namespace barnabas::cli
