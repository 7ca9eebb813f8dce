// Says of one line of a vector file whether this implementation agrees with it.

#pragma once

#include <absl/status/status.h>

#include <string_view>

namespace barnabas::kafka {

// OK: agrees. CANCELLED: a kind of line that is skipped; the message says which. Anything else:
// does not agree, and why. The kind of a line is told by its fields; an unknown one is an error.
absl::Status check_line(std::string_view line);

}  // namespace barnabas::kafka
