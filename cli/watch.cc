#include "cli/watch.h"

#include <absl/strings/str_replace.h>

#include <sstream>

namespace barnabas::cli {
namespace {

constexpr const char* kHome = "\033[H";
constexpr const char* kEndOfLine = "\033[K\n";  // and away with what was longer before
constexpr const char* kRest = "\033[J";

// Drawn as a whole: a screen that is cleared first would flicker.
int draw(const Output& output, const std::function<int(const Output&)>& look) {
  std::ostringstream picture;
  const Output canvas{picture,       picture,      output.format, output.quiet,
                      output.colour, output.width, output.headers};
  const int code = look(canvas);
  output.out << kHome << absl::StrReplaceAll(picture.str(), {{"\n", kEndOfLine}}) << kRest;
  return code;
}

}  // namespace

int watch(const Output& output, const Patience& patience,
          const std::function<int(const Output&)>& look) {
  const bool in_place = output.width > 0 && !output.data();
  for (bool first = true;; first = false) {
    if (!first && !in_place && !output.data()) output.out << '\n';
    const int code = in_place ? draw(output, look) : look(output);
    output.out.flush();
    if (!output.out.good()) return code;
    patience.wait(kWatchEvery);
  }
}

}  // namespace barnabas::cli
