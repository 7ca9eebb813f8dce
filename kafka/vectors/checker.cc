#include "kafka/vectors/checker.h"

#include <absl/strings/str_cat.h>

#include "common/status.h"
#include "kafka/vectors/batch_vectors.h"
#include "kafka/vectors/message_vectors.h"
#include "kafka/vectors/primitive_vectors.h"

namespace barnabas::kafka {
namespace {

absl::Status check(const Json& line) {
  if (line.contains("mechanism")) return absl::CancelledError("scram exchanges are skipped");
  if (line.contains("murmur2")) return absl::CancelledError("murmur2 hashes are skipped");
  if (line.contains("fuzz")) return check_fuzz(line);
  if (line.contains("kind")) {
    RETURN_IF_ERROR(check_message(line));
    return check_truncations(line);
  }
  if (line.contains("valid")) return check_batches(line);
  if (line.contains("hash")) return check_coordinator(line);
  if (line.contains("type")) return check_primitive(line);
  return absl::InvalidArgumentError("this is no known kind of vector");
}

}  // namespace

absl::Status check_line(std::string_view text) {
  const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!line.is_object()) return absl::InvalidArgumentError("the line is not a JSON object");
  // The JSON library throws for missing or mistyped fields; the exception ends here.
  try {
    return check(line);
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("malformed line: ", error.what()));
  }
}

}  // namespace barnabas::kafka
