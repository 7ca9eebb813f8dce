#include "controller/metadata_feed.h"

#include <glog/logging.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>

#include "proto/session.pb.h"

namespace barnabas::controller {

namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

size_t size_of_bytes(size_t size) {
  return 1 + CodedOutputStream::VarintSize64(size) + size;  // field numbers below 16
}

// A ControllerMessage with a Committed, around a decision that is serialized already.
std::string committed_message(LogIndex index, Term term, std::string_view payload) {
  proto::Committed head;
  head.set_index(index.value());
  head.set_term(term.value());
  const std::string head_bytes = head.SerializeAsString();
  const size_t body = head_bytes.size() + (payload.empty() ? 0 : size_of_bytes(payload.size()));
  std::string out;
  out.reserve(size_of_bytes(body));
  StringOutputStream stream(&out);
  CodedOutputStream coded(&stream);
  const auto begin = [&](int field, size_t size) {
    WireFormatLite::WriteTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, &coded);
    coded.WriteVarint64(size);
  };
  begin(proto::ControllerMessage::kCommittedFieldNumber, body);
  coded.WriteString(head_bytes);
  if (!payload.empty()) {
    begin(proto::Committed::kDecisionFieldNumber, payload.size());
    coded.WriteRaw(payload.data(), static_cast<int>(payload.size()));
  }
  coded.Trim();
  return out;
}

}  // namespace

void MetadataFeed::add(LogIndex index, Term term, std::string_view payload) {
  CHECK_EQ(index.value(), end().value()) << "the feed must have no gaps";
  entries_.push_back(Buffer::own(committed_message(index, term, payload)));
  bytes_ += entries_.back().size();
  while (bytes_ > max_bytes_ && entries_.size() > 1) {
    bytes_ -= entries_.front().size();
    entries_.pop_front();
    first_ = first_.next();
  }
}

void MetadataFeed::restart(LogIndex base) {
  entries_.clear();
  bytes_ = 0;
  first_ = base.next();
}

bool FeedCursor::push_snapshot(Link& link) {
  const std::string& bytes = *snapshot_.bytes;
  for (bool last = false; !last;) {
    const size_t count = std::min(kChunkBytes, bytes.size() - snapshot_sent_);
    last = snapshot_sent_ + count == bytes.size();
    proto::ControllerMessage message;
    proto::ImageChunk* chunk = message.mutable_image_chunk();
    chunk->set_index(snapshot_.index.value());
    chunk->set_term(snapshot_.term.value());
    chunk->set_bytes(bytes.data() + snapshot_sent_, count);
    chunk->set_last(last);
    snapshot_sent_ += count;
    full_ = !link.send({Buffer::own(message.SerializeAsString())});
    if (full_ && !last) return false;
  }
  sent_ = snapshot_.index;
  snapshot_ = {};
  return !full_;
}

void FeedCursor::push(const MetadataFeed& feed, Link& link, MakeSnapshot make_snapshot) {
  while (!full_) {
    if (snapshot_.bytes != nullptr) {
      if (!push_snapshot(link)) return;
      continue;
    }
    const LogIndex next = sent_.next();
    if (next < feed.first()) {
      snapshot_ = make_snapshot();
      snapshot_sent_ = 0;
      continue;
    }
    // A broker that knows more than is committed here waits (S8).
    if (next >= feed.end()) return;
    full_ = !link.send({feed.entry(next)});
    sent_ = next;
  }
}

}  // namespace barnabas::controller
