// What usually lies behind each error code of Kafka's, and what to do: for the problems that verbs
// report, and for `barnabas explain`.

#pragma once

#include <span>

#include "cli/exit_code.h"
#include "kafka/errors.h"

namespace barnabas::cli {

struct ErrorAdvice {
  kafka::ErrorCode code;
  ExitCode exit;
  const char* cause;
  const char* next;  // "%s" is the topic or group in question
};

// Every code there is, but 0; in ascending order.
std::span<const ErrorAdvice> all_error_advice();
// nullptr for what is no code.
const ErrorAdvice* error_advice(int code);

}  // namespace barnabas::cli
