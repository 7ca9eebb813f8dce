// What tests of verbs stand on: controllers and brokers of plain data, both streams caught, and
// golden files under cli/testdata.

#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/admin_client.h"
#include "cli/cluster_port.h"
#include "cli/output.h"

namespace barnabas::cli {

// A cluster's brokers as data. Codes that are set are answered; what is written is remembered.
class FakeBrokers final : public ClusterPort {
 public:
  struct Log {
    int64_t start = 0;
    int64_t end = 0;
    std::map<int64_t, int64_t> times;  // of records, by offset
    int code = 0;
  };

  Result<std::map<std::string, std::vector<int32_t>>> partitions(
      const std::set<std::string>& topics) override {
    if (problem) return *problem;
    std::map<std::string, std::vector<int32_t>> found;
    for (const auto& [one, log] : logs) {
      if (topics.count(one.topic) != 0) found[one.topic].push_back(one.partition);
    }
    for (const std::string& topic : topics) {
      if (found.count(topic) == 0) return problem_of(3, "", "ask for partitions", topic);
    }
    return found;
  }
  Result<std::vector<GroupListing>> list_groups() override {
    if (problem) return *problem;
    std::vector<GroupListing> out;
    for (const auto& [name, group] : groups) {
      out.push_back({name, group.state, group.protocol_type, "classic", group.coordinator.id});
    }
    return out;
  }
  Result<std::vector<GroupView>> describe_groups(const std::vector<std::string>& names) override {
    if (problem) return *problem;
    std::vector<GroupView> out;
    for (const std::string& name : names) {
      const auto found = groups.find(name);
      GroupView& view = out.emplace_back();
      if (found != groups.end()) {
        view = found->second;
      } else {
        view.code = 69;
      }
      view.id = name;
    }
    return out;
  }
  Result<std::map<TopicPartition, CommittedOffset>> committed(const std::string& group) override {
    if (problem) return *problem;
    return offsets_of[group];
  }
  Result<std::map<TopicPartition, int>> commit(
      const std::string& group, const std::map<TopicPartition, int64_t>& offsets) override {
    std::map<TopicPartition, int> codes;
    for (const auto& [one, offset] : offsets) {
      codes[one] = write_code;
      if (write_code == 0) offsets_of[group][one].offset = offset;
    }
    return codes;
  }
  Result<std::map<std::string, int>> delete_groups(const std::vector<std::string>& names) override {
    if (problem) return *problem;
    std::map<std::string, int> codes;
    for (const std::string& name : names) {
      const auto found = groups.find(name);
      codes[name] = found == groups.end() ? 69 : found->second.members.empty() ? 0 : 68;
    }
    return codes;
  }
  Result<std::map<TopicPartition, int>> delete_offsets(
      const std::string& group, const std::set<TopicPartition>& partitions) override {
    std::map<TopicPartition, int> codes;
    for (const TopicPartition& one : partitions) {
      codes[one] = write_code;
      if (write_code == 0) offsets_of[group].erase(one);
    }
    return codes;
  }
  Result<std::map<TopicPartition, OffsetAnswer>> offsets(
      const std::map<TopicPartition, int64_t>& at) override {
    if (problem) return *problem;
    std::map<TopicPartition, OffsetAnswer> out;
    for (const auto& [one, time] : at) {
      const auto log = logs.find(one);
      if (log == logs.end()) {
        out[one].code = 3;
      } else if (log->second.code != 0) {
        out[one].code = log->second.code;
      } else if (time == kAtStart) {
        out[one].offset = log->second.start;
      } else if (time == kAtEnd) {
        out[one].offset = log->second.end;
      } else {
        for (const auto& [offset, made] : log->second.times) {
          if (made >= time) {
            out[one].offset = offset;
            break;
          }
        }
      }
    }
    return out;
  }
  Result<std::map<TopicPartition, int64_t>> record_times(
      const std::map<TopicPartition, int64_t>& at) override {
    std::map<TopicPartition, int64_t> out;
    for (const auto& [one, offset] : at) {
      const auto record = logs[one].times.lower_bound(offset);
      if (record != logs[one].times.end()) out[one] = record->second;
    }
    return out;
  }
  Result<std::map<TopicPartition, OffsetAnswer>> delete_records(
      const std::map<TopicPartition, int64_t>& before) override {
    std::map<TopicPartition, OffsetAnswer> out;
    for (const auto& [one, offset] : before) {
      out[one] = {offset, write_code};
      if (write_code == 0) logs[one].start = offset;
    }
    return out;
  }
  Result<LogDirs> log_dirs(const std::set<std::string>& /*topics*/) override {
    if (problem) return *problem;
    return disks;
  }
  Result<std::vector<ConfigValue>> node_config(int32_t /*node*/) override {
    if (problem) return *problem;
    return node_values;
  }

  std::map<std::string, GroupView> groups;
  std::map<std::string, std::map<TopicPartition, CommittedOffset>> offsets_of;
  std::map<TopicPartition, Log> logs;
  LogDirs disks;
  std::vector<ConfigValue> node_values;
  std::optional<Problem> problem;  // of everything
  int write_code = 0;
};

class VerbTest : public testing::Test {
 protected:
  using Kind = proto::AdminRequest::KindCase;

  void given(Kind kind, const std::string& text) {
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &answers[kind]));
  }
  Output output(Format format = Format::kTable, bool quiet = false) {
    return Output{out, err, format, quiet, false, 0};
  }
  // stdout, stderr and the exit code of `verb` as a table, as a wide one, and as JSON, which has to
  // be what cli/testdata/NAME.txt says. BARNABAS_REWRITE_GOLDEN=1, from the root of the checkout,
  // writes the file anew.
  void expect_golden(const std::string& name, const std::function<int(const Output&)>& verb) {
    std::string said;
    for (const auto& [format, title] :
         {std::pair(Format::kTable, "table"), std::pair(Format::kWide, "wide"),
          std::pair(Format::kJson, "json")}) {
      out.str("");
      err.str("");
      const int exit = verb(output(format));
      said += std::string("---- ") + title + ", exit " + std::to_string(exit) + "\n" + out.str();
      if (!err.str().empty()) said += "---- stderr\n" + err.str();
    }
    compare(said, name + ".txt");
  }
  // What has been said so far, both streams.
  void expect_said(const std::string& file) const { compare(out.str() + err.str(), file); }

  // Answers by the kind of request, and remembers the last one; `on` may change answers first.
  class FakeController final : public Controller {
   public:
    explicit FakeController(VerbTest& test) : test_(test) {}
    Reply call(const proto::AdminRequest& request, Milliseconds /*patience*/) override {
      test_.last = request;
      test_.asked[request.kind_case()] += 1;
      if (test_.on) test_.on(request);
      const auto found = test_.answers.find(request.kind_case());
      if (found == test_.answers.end()) return {Outcome::kRefused, {}, ""};
      return {Outcome::kAnswered, found->second, ""};
    }

   private:
    VerbTest& test_;
  };

  std::map<Kind, proto::AdminAnswer> answers;
  std::map<Kind, int> asked;
  std::function<void(const proto::AdminRequest&)> on;
  proto::AdminRequest last;
  Milliseconds now{0};
  const Patience patience{[this] { return now; }, [this](Milliseconds time) { now += time; }};
  AdminClient client{{"a:1"},
                     [this](const std::string&) { return std::make_unique<FakeController>(*this); },
                     patience,
                     "0123456789abcdef",
                     Milliseconds(1000)};
  FakeBrokers brokers;
  std::ostringstream out;
  std::ostringstream err;

 private:
  static void compare(const std::string& said, const std::string& file) {
    const std::string path = "cli/testdata/" + file;
    if (std::getenv("BARNABAS_REWRITE_GOLDEN") != nullptr) std::ofstream(path) << said;
    std::ifstream in(path);
    std::stringstream wanted;
    wanted << in.rdbuf();
    EXPECT_EQ(said, wanted.str()) << path;
  }
};

}  // namespace barnabas::cli
