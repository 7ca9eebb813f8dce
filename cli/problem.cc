#include "cli/problem.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include "cli/json_text.h"
#include "kafka/errors.h"

namespace barnabas::cli {
namespace {

absl::string_view view(std::string_view text) { return {text.data(), text.size()}; }

// What usually lies behind a code, and what to type next; "%s" is the subject.
struct Advice {
  kafka::ErrorCode code;
  ExitCode exit;
  const char* cause;
  const char* next;
};

using enum kafka::ErrorCode;

constexpr Advice kAdvice[] = {
    {kUnknownTopicOrPartition, ExitCode::kNotFound, "no topic has this name in this cluster",
     "barnabas topic list   or   barnabas topic create %s"},
    {kUnknownTopicId, ExitCode::kNotFound, "the topic has been deleted, or created anew",
     "barnabas topic list"},
    {kTopicAlreadyExists, ExitCode::kExists, "it was created before",
     "barnabas topic describe %s   (--if-not-exists makes this a success)"},
    {kInvalidTopicException, ExitCode::kFailed,
     "a topic name has 1 to 249 of the characters a-z A-Z 0-9 . _ - and is neither . nor ..",
     "barnabas topic create with another name"},
    {kInvalidPartitions, ExitCode::kFailed, "the number of partitions is not one that can be had",
     "barnabas topic create %s --partitions N, with N at least 1"},
    {kInvalidReplicationFactor, ExitCode::kPrecondition,
     "more replicas were asked for than there are brokers that run",
     "barnabas status   shows the brokers; or ask for fewer with --replicas"},
    {kInvalidReplicaAssignment, ExitCode::kFailed,
     "an assignment names each partition from 0 once, with different known brokers",
     "barnabas status   shows the brokers' ids"},
    {kInvalidConfig, ExitCode::kFailed, "a setting is unknown or its value is out of range",
     "barnabas topic create --help"},
    {kInvalidRequest, ExitCode::kFailed, "the request contradicts itself", "barnabas --help"},
    {kPolicyViolation, ExitCode::kPrecondition, "a limit of the cluster forbids it",
     "barnabas status"},
    {kNotController, ExitCode::kUnreachable, "no controller is active at the moment",
     "barnabas quorum status"},
    {kBrokerNotAvailable, ExitCode::kPrecondition, "no broker is running", "barnabas status"},
    {kLeaderNotAvailable, ExitCode::kPrecondition, "a partition has no leader",
     "barnabas topic describe %s"},
    {kNotLeaderOrFollower, ExitCode::kPrecondition, "the partition's leader has just changed",
     "the same command again"},
    {kReplicaNotAvailable, ExitCode::kPrecondition, "a replica is still loading",
     "barnabas topic describe %s"},
    {kNotEnoughReplicas, ExitCode::kPrecondition,
     "fewer replicas are in sync than min.insync.replicas asks for",
     "barnabas topic describe %s   shows who is missing; barnabas status shows which broker is "
     "down"},
    {kNotEnoughReplicasAfterAppend, ExitCode::kPrecondition,
     "replicas left while the records were on their way; they may or may not be kept",
     "barnabas topic describe %s"},
    {kRequestTimedOut, ExitCode::kTimedOut,
     "the cluster did not finish in time; what was asked may still happen", "barnabas status"},
    {kMessageTooLarge, ExitCode::kFailed, "the record is over max.message.bytes of the topic",
     "barnabas topic describe %s   shows the limit"},
    {kRecordListTooLarge, ExitCode::kFailed, "the batch is over segment.bytes of the topic",
     "barnabas topic describe %s   shows the limit"},
    {kCorruptMessage, ExitCode::kFailed, "bytes were damaged on their way",
     "the same command again; if it stays, the log of the broker"},
    {kKafkaStorageError, ExitCode::kPrecondition, "a broker's disk is full or failing",
     "barnabas status, then the log of the broker and df"},
    {kOffsetOutOfRange, ExitCode::kNotFound, "records at this offset are gone or not yet written",
     "barnabas consume %s -o start"},
    {kTopicAuthorizationFailed, ExitCode::kUnauthorised, "this user may not do that to the topic",
     "ask whoever administers the cluster"},
    {kClusterAuthorizationFailed, ExitCode::kUnauthorised, "this user may not do that",
     "ask whoever administers the cluster"},
    {kSaslAuthenticationFailed, ExitCode::kUnauthorised, "user name or password are wrong",
     "the same command with -X sasl.username=... -X sasl.password=..."},
    {kUnsupportedVersion, ExitCode::kFailed, "client and cluster are too far apart in version",
     "barnabas version   and   barnabas status"},
    {kTopicDeletionDisabled, ExitCode::kPrecondition, "deletion of topics is switched off",
     "delete.topic.enable=true on the brokers"},
    {kReassignmentInProgress, ExitCode::kPrecondition, "replicas of the topic are being moved",
     "the same command later"},
};

const Advice* advice_for(int code) {
  for (const Advice& advice : kAdvice) {
    if (static_cast<int>(advice.code) == code) return &advice;
  }
  return nullptr;
}

}  // namespace

std::string code_text(int code) {
  const std::string_view name = kafka::error_name(static_cast<kafka::ErrorCode>(code));
  return absl::StrCat(name.empty() ? absl::string_view("UNKNOWN") : view(name), " ", code);
}

ExitCode exit_of(int code) {
  if (code == 0) return ExitCode::kOk;
  const Advice* advice = advice_for(code);
  return advice == nullptr ? ExitCode::kFailed : advice->exit;
}

Problem problem_of(int code, std::string_view message, std::string_view tried,
                   std::string_view subject) {
  Problem problem{exit_of(code), std::string(tried), code_text(code), "", ""};
  if (!message.empty()) absl::StrAppend(&problem.came_back, ": ", view(message));
  if (const Advice* advice = advice_for(code)) {
    problem.cause = advice->cause;
    problem.next = absl::StrReplaceAll(advice->next, {{"%s", view(subject)}});
  } else {
    problem.next = "barnabas status, then the log of the active controller";
  }
  return problem;
}

std::string to_text(const Problem& problem) {
  std::string out = absl::StrCat("barnabas: could not ", problem.tried, "\n");
  absl::StrAppend(&out, "  came back: ", problem.came_back, "\n");
  if (!problem.cause.empty()) absl::StrAppend(&out, "  cause:     ", problem.cause, "\n");
  if (!problem.next.empty()) absl::StrAppend(&out, "  next:      ", problem.next, "\n");
  return out;
}

std::string to_json(const Problem& problem) {
  return absl::StrCat(
      "{\"error\":{\"exit\":", static_cast<int>(problem.exit),
      ",\"tried\":", json_string(problem.tried), ",\"came_back\":", json_string(problem.came_back),
      ",\"cause\":", json_string(problem.cause), ",\"next\":", json_string(problem.next), "}}");
}

}  // namespace barnabas::cli
