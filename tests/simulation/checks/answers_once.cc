#include "tests/simulation/checks/answers_once.h"

#include <absl/strings/str_cat.h>

namespace barnabas::simulation {

void AnswersOnce::done(uint64_t request, const std::string& answer) {
  ++count_;
  const auto [found, is_new] = answers_.emplace(request, answer);
  if (is_new || found->second == answer) return;
  findings_.report(
      "S3 a request that is asked again gets the first answer",
      absl::StrCat("request ", request, " was answered ", found->second, " and then ", answer));
}

}  // namespace barnabas::simulation
