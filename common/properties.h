// Settings files: Java's properties format, with the place of every setting kept for messages.
//
//   # comment          ! comment
//   key=value          key: value          key value
//   long = first part \ (at the very end of the line)
//          second part
//   \u00e9, \t, \n, \r, \f, \=, \:, \#, \!, \\ as in Java
//
// One key twice is an error that quotes both lines: which one counts must not depend on order.

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace barnabas {

class Properties {
 public:
  struct Entry {
    std::string value;
    int line = 0;      // where it starts, from 1; 0 for one that was set()
    std::string text;  // that line as it stands in the file
  };

  // `source` is the file's name, for messages.
  static absl::StatusOr<Properties> parse(std::string_view text, std::string source);
  static absl::StatusOr<Properties> read_file(const std::string& path);

  const std::string& source() const { return source_; }
  const Entry* find(std::string_view key) const;
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  // In place of what is there, as a command line's --set does.
  void set(std::string key, std::string value);

  // "server.properties:12: node.id=1", for messages.
  std::string where(std::string_view key) const;

  // An error for the first key that is not in `known`, with the nearest one that is.
  absl::Status check_known(const std::vector<std::string>& known) const;

 private:
  std::string source_;
  std::map<std::string, Entry, std::less<>> entries_;
};

// How many single-character edits (insert, delete, replace, swap of neighbours) lie between.
size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that `word` is most likely meant to be, unless none is near.
std::optional<std::string> nearest_match(std::string_view word,
                                         const std::vector<std::string>& candidates);

}  // namespace barnabas
