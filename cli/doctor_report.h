// What the doctor found, line by line as it finds it, or as one JSON object at the end.

#pragma once

#include <string>
#include <vector>

#include "cli/doctor_advice.h"
#include "cli/output.h"

namespace barnabas::cli {

class DoctorReport {
 public:
  explicit DoctorReport(const Output& output) : output_(output) {}

  // `step` is a stable word for programs: resolve, connect, api_versions, metadata, node, leaders,
  // quorum.
  void ok(const std::string& step, const std::string& text);
  void fail(const std::string& step, const std::string& what, const Advice& advice);
  // Prints what is left to print; `exit` is what the process is going to end with.
  void finish(int exit, const std::string& verdict) const;

  size_t failures() const { return failures_; }

 private:
  const Output& output_;
  std::vector<std::string> steps_;  // JSON
  size_t failures_ = 0;
};

}  // namespace barnabas::cli
