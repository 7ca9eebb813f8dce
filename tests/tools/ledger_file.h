// The ledger of one run: a line per record sent, written by `ledger produce` and read by
// `ledger verify`.
//
//   run 5f3a...            drawn at random: the keys of this run's records are RUN/SEQUENCE
//   topic board
//   0 2 acked 17 9c1d...   sequence, partition, outcome, offset, digest of the content
//   1 0 failed -1 77aa...

#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/tools/history.h"

namespace barnabas::tests {

struct Ledger {
  std::string run;
  std::string topic;
  std::vector<SentRecord> records;  // by sequence
};

absl::Status write_ledger(const Ledger& ledger, const std::string& path);
absl::StatusOr<Ledger> read_ledger(const std::string& path);

// The first 16 bytes of SHA-256, in hexadecimal.
std::string digest_of(std::string_view content);
// SHA-256 over the digests of all acknowledged records in the order of sending, in hexadecimal: one
// number to compare what was acknowledged with what was read back.
std::string checksum_of(const std::vector<SentRecord>& acknowledged);

}  // namespace barnabas::tests
