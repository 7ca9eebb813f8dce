// Settings files: Java's properties format, with the place of every setting kept for messages.
//
//   # comment          ! comment
//   key=value          key: value          key value
//   long = first part \ (at the very end of the line)
//          second part
//   \u00e9, \t, \n, \r, \f, \=, \:, \#, \!, \\ as in Java
//
// One key twice is an error that quotes both lines: which one counts must not depend on order. So
// is a file that was cut: one that ends inside a line, or holds the zero bytes of a crash.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/nearest.h"

namespace barnabas {

// One thing about a settings file that somebody should know.
struct ConfigFinding {
  int line = 0;      // from 1; 0: of the file as a whole, or not from a file
  std::string key;   // empty: of no key
  std::string text;  // a whole message, with the place
  bool is_error = true;
};

// The errors among `findings`, a line each; OK if there are none.
absl::Status first_errors(const std::vector<ConfigFinding>& findings);

class Properties {
 public:
  struct Entry {
    std::string value;
    int line = 0;             // where it starts, from 1; 0 for one that is not from the file
    std::string text;         // that line as it stands in the file
    std::string origin = {};  // not from the file: "environment", "command line"
  };

  // `source` is the file's name, for messages.
  explicit Properties(std::string source = "") : source_(std::move(source)) {}
  static absl::StatusOr<Properties> parse(std::string_view text, std::string source);
  // What can be understood; everything else is added to `findings`.
  static Properties parse_all(std::string_view text, std::string source,
                              std::vector<ConfigFinding>& findings);
  static absl::StatusOr<Properties> read_file(const std::string& path);

  const std::string& source() const { return source_; }
  const Entry* find(std::string_view key) const;
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  // In place of what is there, as a command line's --set does.
  void set(std::string key, std::string value);
  // Takes KAFKA_* variables, which count more than the file: `.` is written `_`, `_` is `__`, `-`
  // is
  // `___`. Returns a remark for each that replaces a line. Those that Kafka's scripts use for
  // themselves (KAFKA_HEAP_OPTS, ...) are none of ours.
  std::vector<std::string> take_environment(const std::vector<std::string>& environment);

  // "server.properties:12: node.id=1", for messages.
  std::string where(std::string_view key) const;

 private:
  std::string source_;
  std::map<std::string, Entry, std::less<>> entries_;
};

// All of a file, and what could not be read of it as a finding.
std::string read_whole_file(const std::string& path, std::vector<ConfigFinding>& findings);

// "KAFKA_LOG_DIRS" -> "log.dirs"; "" for a variable that is none of a broker's settings.
std::string key_of_variable(std::string_view name);

}  // namespace barnabas
