// Where a daemon's log goes and how much disk it may take. On glog; once per process.
//
// Files are named `<directory>/<program>.<date-time>.<pid>.log`, all severities in one; at
// max_file_bytes a new one is begun, and files of this program beyond max_files or older than
// max_age are deleted, the current one never. On a terminal, or without a directory, lines go to
// stderr too. Values of secret settings must not be logged: print settings through shown_value().

#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace barnabas {

struct LoggingOptions {
  std::string program;    // as in "barnabas-broker"
  std::string directory;  // "": stderr only; made if it is not there
  uint64_t max_file_bytes = 64 * 1024 * 1024;
  size_t max_files = 8;
  std::chrono::hours max_age{24 * 14};
};

// Starts logging. An error says why the directory cannot be used.
absl::Status start_logging(const LoggingOptions& options);
// Writes out what is buffered and closes the file.
void stop_logging();

// Deletes what the limits no longer allow; start_logging() and every new file do so themselves.
// Returns the number of files deleted.
size_t delete_old_logs(const LoggingOptions& options);

// `value`, or "[hidden]" for settings that hold passwords, keys, tokens and the like.
std::string shown_value(std::string_view key, std::string_view value);

}  // namespace barnabas
