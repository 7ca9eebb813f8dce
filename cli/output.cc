#include "cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "cli/data_text.h"

namespace barnabas::cli {

int Output::fail(const Problem& problem) const {
  err << (data() ? to_json(problem) + "\n" : to_text(problem)) << std::flush;
  return static_cast<int>(problem.exit);
}

void Output::print_data(const std::string& json, const char* list) const {
  if (format == Format::kYaml) {
    out << yaml_of(json);
  } else if (format == Format::kJsonl) {
    out << json_lines_of(json, list);
  } else {
    out << json << '\n';
  }
}

void Output::print(const Table& table) const {
  out << table.render(wide() ? 0 : width, colour, headers);
}

void Output::note(const std::string& text) const {
  if (!quiet) err << text << std::endl;
}

std::string Output::painted(const std::string& text, const char* colour_code) const {
  return colour ? std::string("\033[") + colour_code + "m" + text + "\033[0m" : text;
}

std::string counted(int64_t n, const char* one, const char* many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

Output terminal_output(Format format, bool quiet, bool headers) {
  Output output{std::cout, std::cerr, format, quiet};
  output.headers = headers;
  if (isatty(STDOUT_FILENO) == 1) {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) output.width = size.ws_col;
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    output.colour = (no_color == nullptr || *no_color == '\0') && term != nullptr &&
                    std::string(term) != "dumb";
  }
  return output;
}

}  // namespace barnabas::cli
