// What every decision is made of: records to commit, and the answer that holds once they are.
//
// A decision is a pure function of the working image and a command. It changes nothing. No records:
// the answer stands on the image alone, and waits until that image has committed (S3).

#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "controller/error_codes.h"
#include "metadata/image.h"
#include "proto/admin.pb.h"
#include "proto/metadata.pb.h"

namespace barnabas::controller {

template <class Answer>
struct Decided {
  proto::Decision decision;
  Answer answer;
};

struct Limits {
  // Of one decision: a Raft entry stays far below its byte limit. What does not fit is left for
  // repair(), safe part first (S1).
  size_t max_changes = 10'000;
  size_t max_preferred_elections = 1'000;
  int64_t producer_id_block = 1'000;
};

struct Failure {
  ErrorCode code = ErrorCode::kNone;
  std::string message;
  bool failed() const { return code != ErrorCode::kNone; }
};

// Of requests that are granted or refused as a whole.
template <class Answer>
struct DecidedOrRefused : Decided<Answer> {
  Failure failure;
};

inline void set_error(proto::Error* error, ErrorCode code, std::string message) {
  error->set_code(static_cast<int32_t>(code));
  error->set_message(std::move(message));
}
inline void set_error(proto::Error* error, const Failure& failure) {
  set_error(error, failure.code, failure.message);
}

}  // namespace barnabas::controller
