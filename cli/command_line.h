// From words to options. What cannot be understood is answered with the word that was probably
// meant; nothing is sent anywhere before all of it is understood.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/local_options.h"
#include "cli/options.h"
#include "cli/problem.h"

namespace barnabas::cli {

enum class Verb {
  kStatus,
  kTopicCreate,
  kTopicList,
  kTopicDescribe,
  kTopicDelete,
  kQuorumStatus,
  kProduce,
  kConsume,
  kVersion,
  kTopicAlter,
  kTopicAddPartitions,
  kTopicTrim,
  kGroupList,
  kGroupDescribe,
  kGroupLag,
  kGroupSeek,
  kGroupDelete,
  kGroupOffsetDelete,
  kNodeList,
  kNodeDrain,
  kNodeUndrain,
  kConfigGet,
  kConfigSet,
  kConfigDiff,
  kConfigDescribe,
  kConfigList,
  kConfigExplain,
  kExplain,
  kCompletion,
  kComplete,
  kDev,
  kDoctor,
  kConfigCheck,
  kQuorumAdd,
  kQuorumRemove,
  kQuorumTransfer,
  kQuorumReplace,
};

struct CommandLine {
  Verb verb = Verb::kVersion;
  CommonOptions common;
  TopicCreateOptions create;
  TopicDeleteOptions remove;
  TopicListOptions list;
  TopicDescribeOptions describe;
  ProduceOptions produce;
  ConsumeOptions consume;
  TopicAlterOptions alter;
  AddPartitionsOptions add_partitions;
  TopicTrimOptions trim;
  GroupListOptions group_list;
  GroupNames groups;
  GroupSeekOptions seek;
  OffsetDeleteOptions offset_delete;
  NodeOptions node;
  QuorumOptions quorum;
  ConfigOptions config;
  DevOptions dev;
  DoctorOptions doctor;
  ConfigCheckOptions config_check;
  std::string word;                // explain, completion: of what
  std::vector<std::string> words;  // __complete: the line so far, its last word unfinished
};

struct Parsed {
  std::optional<CommandLine> line;                      // absent: print and leave
  std::string help;                                     // for stdout, exit 0
  std::optional<Problem> problem;                       // for stderr, with its exit code
  int usage_exit = static_cast<int>(ExitCode::kUsage);  // 64 for status
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// `words` without the program's name. BARNABAS_CONTROLLERS and BARNABAS_BROKERS stand in for
// --controllers and --bootstrap. `now_ms` (since 1970) is what "@-5m" counts from.
Parsed parse(const std::vector<std::string>& words, const Environment& environment, int64_t now_ms);

inline constexpr const char* kDefaultControllers = "127.0.0.1:9640,127.0.0.1:9641,127.0.0.1:9642";

}  // namespace barnabas::cli
