#include "tests/tools/ledger_file.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <openssl/evp.h>

#include <fstream>
#include <sstream>

namespace barnabas::tests {
namespace {

std::string sha256(std::string_view content) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(content.data(), content.size(), digest, &size, EVP_sha256(), nullptr);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest), static_cast<size_t>(size)));
}

}  // namespace

std::string digest_of(std::string_view content) { return sha256(content).substr(0, 32); }

std::string checksum_of(const std::vector<SentRecord>& acknowledged) {
  std::string all;
  for (const SentRecord& record : acknowledged) {
    if (record.acknowledged) absl::StrAppend(&all, record.digest, "\n");
  }
  return sha256(all);
}

absl::Status write_ledger(const Ledger& ledger, const std::string& path) {
  std::ofstream out(path, std::ios::trunc);
  out << "run " << ledger.run << "\ntopic " << ledger.topic << '\n';
  for (const SentRecord& record : ledger.records) {
    out << record.sequence << ' ' << record.partition << ' '
        << (record.acknowledged ? "acked" : "failed") << ' ' << record.offset << ' '
        << record.digest << '\n';
  }
  out.flush();
  return out.good() ? absl::OkStatus() : absl::DataLossError("cannot write the ledger " + path);
}

absl::StatusOr<Ledger> read_ledger(const std::string& path) {
  std::ifstream in(path);
  Ledger ledger;
  std::string word, outcome;
  if (!(in >> word >> ledger.run) || word != "run" || !(in >> word >> ledger.topic) ||
      word != "topic") {
    return absl::InvalidArgumentError(path + " is not a ledger");
  }
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    SentRecord record;
    std::istringstream fields(line);
    if (!(fields >> record.sequence >> record.partition >> outcome >> record.offset >>
          record.digest) ||
        record.sequence != ledger.records.size()) {
      return absl::DataLossError(absl::StrCat(path, " is damaged: ", line));
    }
    record.acknowledged = outcome == "acked";
    ledger.records.push_back(std::move(record));
  }
  return ledger;
}

}  // namespace barnabas::tests
