#include "storage/error_policy.h"

#include <absl/strings/str_cat.h>

#include <cerrno>
#include <cstring>

namespace barnabas::storage {

const char* to_string(DiskCall call) {
  switch (call) {
    case DiskCall::kOpen:
      return "open";
    case DiskCall::kName:
      return "name";
    case DiskCall::kRead:
      return "read";
    case DiskCall::kWrite:
      return "write";
    case DiskCall::kSync:
      return "sync";
    case DiskCall::kLock:
      return "lock";
  }
  return "?";
}

const char* to_string(DiskAction action) {
  switch (action) {
    case DiskAction::kCallersBusiness:
      return "caller's business";
    case DiskAction::kWaitForSpace:
      return "wait for space";
    case DiskAction::kGiveUp:
      return "give up";
    case DiskAction::kRefuse:
      return "refuse";
  }
  return "?";
}

absl::StatusCode code_of(DiskCall call, int error) {
  // Whatever the reason: what should have become durable may be gone, and a later sync would not
  // say so. That holds for a lack of space, too, which delayed allocation reports only here.
  if (call == DiskCall::kSync) return absl::StatusCode::kInternal;
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
      return absl::StatusCode::kResourceExhausted;
    // A file system that was remounted read-only has seen an error of its device.
    case EROFS:
      return absl::StatusCode::kInternal;
    default:
      break;
  }
  // A file that is open already does not vanish and is not forbidden: what says so is broken.
  if (call == DiskCall::kWrite) return absl::StatusCode::kInternal;
  switch (error) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
    case ENOTEMPTY:
      return absl::StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
      return absl::StatusCode::kPermissionDenied;
    case EWOULDBLOCK:
      return call == DiskCall::kLock ? absl::StatusCode::kUnavailable : absl::StatusCode::kInternal;
    default:
      return absl::StatusCode::kInternal;
  }
}

DiskAction action_of(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return DiskAction::kWaitForSpace;
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kPermissionDenied:
      return DiskAction::kGiveUp;
    case absl::StatusCode::kDataLoss:
      return DiskAction::kRefuse;
    default:
      return DiskAction::kCallersBusiness;
  }
}

absl::Status disk_error(DiskCall call, int error, const std::string& tried) {
  char text[128];
  std::string message = absl::StrCat(tried, ": ", strerror_r(error, text, sizeof text));
  if (error == EMFILE || error == ENFILE) {
    absl::StrAppend(&message, "; raise the limit of open files (ulimit -n, LimitNOFILE=)");
  } else if (error == EFBIG) {
    absl::StrAppend(&message, "; raise the limit of a file's size (ulimit -f, LimitFSIZE=)");
  } else if (error == EROFS) {
    absl::StrAppend(&message,
                    "; usual cause: the kernel has stopped writing to a failing device, see its "
                    "log (dmesg)");
  }
  return absl::Status(code_of(call, error), message);
}

}  // namespace barnabas::storage
