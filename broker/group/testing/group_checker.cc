#include "broker/group/testing/group_checker.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace barnabas::group {

using kafka::ErrorCode;

GroupChecker::GroupChecker(GroupWorld& world, Duration patience)
    : world_(world), patience_(patience) {
  world.on_answer = [this](Token token, const Result& result) { on_answer(token, result); };
  world.on_logged = [this](const LogRecord& record) { on_logged(record); };
  world.on_appended = [this](const LogRecord& record) {
    const auto decoded = decode_record(record.key, std::nullopt);
    if (record.value.has_value() || !decoded.ok()) return;
    if (const auto* group = std::get_if<GroupRecord>(&*decoded)) ++deletions_[group->group];
  };
}

std::string GroupChecker::life_of(const std::string& group) const {
  const auto deleted = deletions_.find(group);
  return absl::StrCat(group, "/", life_, "/", deleted == deletions_.end() ? 0 : deleted->second);
}

GroupChecker::Sent& GroupChecker::note(Token token, const std::string& group) {
  Sent& sent = sent_[token];
  sent.at = world_.now().steady;
  sent.group = group;
  sent.life = life_of(group);
  sent.newest_known = generations_[sent.life].newest;
  return sent;
}

void GroupChecker::sent(Token token, const JoinCommand& command) {
  Sent& sent = note(token, command.group);
  sent.may_wait = true;
  sent.member_id = command.member_id;
}

void GroupChecker::sent(Token token, const SyncCommand& command) {
  Sent& sent = note(token, command.group);
  sent.may_wait = true;
  sent.generation = command.generation;
  sent.member_id = command.member_id;
}

void GroupChecker::sent(Token token, const HeartbeatCommand& command) {
  note(token, command.group).generation = command.generation;
}

void GroupChecker::sent(Token token, const CommitOffsetsCommand& command) {
  Sent& sent = note(token, command.group);
  sent.generation = command.generation;
  sent.commit = command;
}

void GroupChecker::sent(Token token, const FetchOffsetsCommand& command) {
  note(token, command.group).fetch = command;
}

void GroupChecker::sent(Token token, const DeleteOffsetsCommand& command) {
  note(token, command.group).deletion = command;
}

void GroupChecker::sent(Token token, const DeleteGroupsCommand& command) {
  note(token, command.groups.front());
}

void GroupChecker::on_logged(const LogRecord& record) {
  const auto decoded = decode_record(
      record.key,
      record.value.has_value() ? std::optional<std::string_view>(*record.value) : std::nullopt);
  if (!decoded.ok()) return violated("a record cannot be read");
  if (const auto* offset = std::get_if<OffsetRecord>(&*decoded)) {
    const Place place{offset->group, offset->change.topic, offset->change.partition};
    offsets_[place] = offset->change.value;
    if (offset->change.value.has_value()) {
      ever_committed_[place].insert(offset->change.value->offset);
    }
  } else if (const auto* group = std::get_if<GroupRecord>(&*decoded)) {
    if (!group->value.has_value()) return;
    for (const StoredMember& member : group->value->members) {
      assignments_[group->group][group->value->generation].insert(
          {member.member_id, member.assignment});
    }
  }
}

void GroupChecker::on_answer(Token token, const Result& result) {
  const auto found = sent_.find(token);
  if (found == sent_.end()) return;
  const Sent sent = std::move(found->second);
  sent_.erase(found);
  if (const auto* join = std::get_if<JoinAnswer>(&result)) check_join(sent, *join);
  if (const auto* sync = std::get_if<SyncAnswer>(&result)) check_sync(sent, *sync);
  if (const auto* commit = std::get_if<CommitOffsetsAnswer>(&result)) check_commit(sent, *commit);
  if (const auto* fetch = std::get_if<FetchOffsetsAnswer>(&result)) check_fetch(sent, *fetch);
  if (const auto* deletion = std::get_if<DeleteOffsetsAnswer>(&result)) {
    check_deletion(sent, *deletion);
  }
  if (const auto* beat = std::get_if<HeartbeatAnswer>(&result)) {
    if (beat->error == ErrorCode::kNone || beat->error == ErrorCode::kRebalanceInProgress) {
      check_generation(sent, "heartbeat");
    }
  }
}

void GroupChecker::check_join(const Sent& sent, const JoinAnswer& answer) {
  if (answer.error != ErrorCode::kNone) return;
  // A group that somebody joins is not deleted: the answer is of the one that was asked.
  Generations& generations = generations_[sent.life];
  if (answer.generation < generations.newest) {
    violated(absl::StrCat("generation ", answer.generation, " of ", sent.group, " is told after ",
                          generations.newest));
  }
  generations.newest = std::max(generations.newest, answer.generation);
  const bool leads = answer.leader == answer.member_id && !answer.skip_assignment;
  if (!leads) return;
  std::string& leader = generations.leaders[answer.generation];
  if (!leader.empty() && leader != answer.member_id) {
    violated(absl::StrCat("generation ", answer.generation, " of ", sent.group,
                          " has two leaders, ", leader, " and ", answer.member_id));
  }
  leader = answer.member_id;
}

void GroupChecker::check_generation(const Sent& sent, const char* what) {
  if (sent.generation < 0 || sent.generation >= sent.newest_known) return;
  violated(absl::StrCat("a ", what, " in generation ", sent.generation, " of ", sent.group,
                        " passes though ", sent.newest_known, " was known"));
}

void GroupChecker::check_sync(const Sent& sent, const SyncAnswer& answer) {
  if (answer.error != ErrorCode::kNone) return;
  check_generation(sent, "sync");
  if (assignments_[sent.group][sent.generation].count({sent.member_id, answer.assignment}) == 0) {
    violated(absl::StrCat("member ", sent.member_id, " is told an assignment of generation ",
                          sent.generation, " that is not committed"));
  }
}

void GroupChecker::check_commit(const Sent& sent, const CommitOffsetsAnswer& answer) {
  for (size_t i = 0; i < answer.topics.size(); ++i) {
    for (size_t j = 0; j < answer.topics[i].partitions.size(); ++j) {
      if (answer.topics[i].partitions[j].error != ErrorCode::kNone) continue;
      check_generation(sent, "commit");
      const OffsetToCommit& asked = sent.commit->topics[i].partitions[j];
      const Place place{sent.group, answer.topics[i].topic, asked.partition};
      if (ever_committed_[place].count(asked.offset) == 0) {
        violated(absl::StrCat("offset ", asked.offset, " of ", sent.group,
                              " is acknowledged before it is committed"));
      }
    }
  }
}

void GroupChecker::check_fetch(const Sent& sent, const FetchOffsetsAnswer& answer) {
  if (answer.error != ErrorCode::kNone) return;
  for (const FetchedTopic& topic : answer.topics) {
    for (const FetchedOffset& read : topic.partitions) {
      const auto& last = offsets_[{sent.group, topic.topic, read.partition}];
      const int64_t committed = last.has_value() ? last->offset : -1;
      if (read.offset == committed) continue;
      violated(absl::StrCat("offset ", read.offset, " is read of ", sent.group, " ", topic.topic,
                            "-", read.partition, ", and ", committed, " is committed"));
    }
  }
}

void GroupChecker::check_deletion(const Sent& sent, const DeleteOffsetsAnswer& answer) {
  for (const TopicErrors& topic : answer.topics) {
    for (const PartitionError& partition : topic.partitions) {
      if (partition.error == ErrorCode::kNone &&
          offsets_[{sent.group, topic.topic, partition.partition}].has_value()) {
        violated(absl::StrCat("the offset of ", sent.group, " ", topic.topic, "-",
                              partition.partition, " is said to be deleted and is in the log"));
      }
    }
  }
}

void GroupChecker::look() {
  for (const auto& [token, sent] : sent_) {
    if (sent.may_wait && world_.now().steady - sent.at > patience_) {
      violated(absl::StrCat("a request of ", sent.group, " for member '", sent.member_id,
                            "' is not answered in time"));
    }
  }
}

void GroupChecker::look_at_rest() {
  for (const auto& [token, sent] : sent_) {
    if (!sent.may_wait) violated("a request waits though everything is committed");
  }
  const std::vector<std::string> here = absl::StrSplit(world_.stored_state(), '\n');
  const std::vector<std::string> replayed = absl::StrSplit(world_.replayed_state(), '\n');
  const auto contains = [](const std::vector<std::string>& lines, const std::string& line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  };
  for (const std::string& line : here) {
    if (!contains(replayed, line)) violated("a load would not give: " + line);
  }
  for (const std::string& line : replayed) {
    // A group that is in a rebalance here stands there as it was before.
    if (absl::StartsWith(line, "offset ") && !contains(here, line)) {
      violated("a load would also give: " + line);
    }
  }
}

}  // namespace barnabas::group
