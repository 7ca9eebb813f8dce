// --watch: the same look again every second, until ^C or until nobody reads it any more.

#pragma once

#include <functional>

#include "cli/admin_client.h"
#include "cli/output.h"

namespace barnabas::cli {

inline constexpr Milliseconds kWatchEvery{1000};

// On a terminal each picture takes the place of the one before, with what it says went wrong;
// elsewhere they follow each other, and of JSON each is a line. Returns what the last look
// returned.
int watch(const Output& output, const Patience& patience,
          const std::function<int(const Output&)>& look);

}  // namespace barnabas::cli
