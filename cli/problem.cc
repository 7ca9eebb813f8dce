#include "cli/problem.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include "cli/error_advice.h"
#include "cli/json_text.h"
#include "kafka/errors.h"

namespace barnabas::cli {
namespace {

absl::string_view view(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::string code_text(int code) {
  const std::string_view name = kafka::error_name(static_cast<kafka::ErrorCode>(code));
  return absl::StrCat(name.empty() ? absl::string_view("UNKNOWN") : view(name), " ", code);
}

ExitCode exit_of(int code) {
  if (code == 0) return ExitCode::kOk;
  const ErrorAdvice* advice = error_advice(code);
  return advice == nullptr ? ExitCode::kFailed : advice->exit;
}

Problem problem_of(int code, std::string_view message, std::string_view tried,
                   std::string_view subject) {
  Problem problem{exit_of(code), std::string(tried), code_text(code), "", ""};
  if (!message.empty()) absl::StrAppend(&problem.came_back, ": ", view(message));
  if (const ErrorAdvice* advice = error_advice(code)) {
    problem.cause = advice->cause;
    problem.next =
        absl::StrReplaceAll(advice->next, {{"%s", view(subject.empty() ? "NAME" : subject)}});
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
