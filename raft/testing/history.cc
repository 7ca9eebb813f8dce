#include "raft/testing/history.h"

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include "common/bytes.h"

namespace barnabas::raft::testing {

void History::apply(LogIndex index, Term term, std::string_view payload) {
  CHECK(index == applied_.next()) << "applied " << index << " after " << applied_;
  applied_ = index;
  term_ = term;
  if (!payload.empty()) entries.emplace_back(payload);
}

absl::Status History::flush() {
  flushed_ = snapshot();
  flushed_term_ = term_;
  durable_ = applied_;
  return absl::OkStatus();
}

void History::forget_unflushed() {
  const Term term = flushed_term_;
  CHECK(restore(durable_, term, flushed_).ok());
  --restores;
  news.clear();
}

void History::leading(Term term) { news.push_back(absl::StrCat("leading ", term.value())); }

void History::following(Term term, std::optional<ControllerId> leader) {
  news.push_back(leader.has_value()
                     ? absl::StrCat("following ", term.value(), " of ", leader->value())
                     : absl::StrCat("following ", term.value()));
}

std::string History::snapshot() {
  ByteWriter out;
  out.write_int32(static_cast<int32_t>(entries.size()));
  for (const std::string& entry : entries) {
    out.write_int32(static_cast<int32_t>(entry.size()));
    out.write_bytes(entry);
  }
  return out.take();
}

absl::Status History::restore(LogIndex index, Term term, std::string_view snapshot) {
  ++restores;
  applied_ = index;
  term_ = term;
  entries.clear();
  if (snapshot.empty()) return absl::OkStatus();
  ByteReader in(snapshot);
  const int32_t count = in.read_int32();
  for (int32_t i = 0; i < count && in.ok(); ++i) {
    entries.emplace_back(in.read_bytes(static_cast<uint32_t>(in.read_int32())));
  }
  return in.status();
}

}  // namespace barnabas::raft::testing
