// errno as a Status with the codes that disk.h promises.

#pragma once

#include <absl/status/status.h>
#include <absl/strings/str_cat.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace barnabas::storage {

// `tried` says what was attempted, with the path: "open /data/x".
inline absl::Status posix_error(int error, const std::string& tried) {
  char text[128];
  const std::string message = absl::StrCat(tried, ": ", strerror_r(error, text, sizeof text));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(message);
    case EEXIST:
    case ENOTEMPTY:
      return absl::AlreadyExistsError(message);
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(message);
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(
          absl::StrCat(message, "; raise the limit of open files (ulimit -n, LimitNOFILE=)"));
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    default:
      return absl::InternalError(message);
  }
}

}  // namespace barnabas::storage
