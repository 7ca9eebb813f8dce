// What a person is told when something did not work, always in four parts: what was tried, what
// came back (code and number, and the other side's own sentence), the usual cause, what to type
// next. On stderr; as one JSON object where JSON was asked for.

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "cli/exit_code.h"

namespace barnabas::cli {

struct Problem {
  ExitCode exit = ExitCode::kFailed;
  std::string tried;      // "create topic board": completes "barnabas: could not ..."
  std::string came_back;  // "TOPIC_ALREADY_EXISTS 36: topic board exists already"
  std::string cause;      // empty: nobody knows
  std::string next;       // a command, or what to look at
};

std::string to_text(const Problem& problem);
std::string to_json(const Problem& problem);  // one line, no line break

// The problem for an error code of Kafka's that came from a controller or a broker; `subject` is
// the topic (or empty), used in what to type next.
Problem problem_of(int code, std::string_view message, std::string_view tried,
                   std::string_view subject);

// "TOPIC_ALREADY_EXISTS 36"
std::string code_text(int code);
ExitCode exit_of(int code);

// A value or the problem that stood in its way.
template <class T>
class Result {
 public:
  Result(T value) : value_(std::move(value)) {}            // NOLINT(google-explicit-constructor)
  Result(Problem problem) : value_(std::move(problem)) {}  // NOLINT(google-explicit-constructor)
  bool ok() const { return std::holds_alternative<T>(value_); }
  T& value() { return std::get<T>(value_); }
  const T& value() const { return std::get<T>(value_); }
  const Problem& problem() const { return std::get<Problem>(value_); }

 private:
  std::variant<T, Problem> value_;
};

}  // namespace barnabas::cli
