#include "cli/kafka_tools/duration_text.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <re2/re2.h>

#include <cmath>
#include <string>

namespace barnabas::cli::kafka_tools {

absl::StatusOr<std::chrono::milliseconds> parse_iso_duration(std::string_view text) {
  static const RE2 pattern(
      "P(?:(\\d{1,6})D)?(?:T(?:(\\d{1,6})H)?(?:(\\d{1,8})M)?(?:(\\d{1,9}(?:\\.\\d{1,3})?)S)?)?");
  std::string days, hours, minutes, seconds;  // empty: not said
  const bool matched = RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern, &days,
                                      &hours, &minutes, &seconds);
  if (!matched || (days + hours + minutes + seconds).empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", std::string(text), "' is not a duration of the form PnDTnHnMnS"));
  }
  const auto number = [](const std::string& digits) {
    double out = 0;
    return absl::SimpleAtod(digits, &out) ? out : 0;
  };
  const double total =
      ((number(days) * 24 + number(hours)) * 60 + number(minutes)) * 60 + number(seconds);
  return std::chrono::milliseconds(std::llround(total * 1000));
}

}  // namespace barnabas::cli::kafka_tools
