#include "controller/metadata_feed.h"

#include <glog/logging.h>

#include <algorithm>

#include "proto/session.pb.h"

namespace barnabas::controller {

void MetadataFeed::add(LogIndex index, Term term, std::string_view payload) {
  CHECK_EQ(index.value(), end().value()) << "the feed must have no gaps";
  proto::ControllerMessage message;
  proto::Committed* committed = message.mutable_committed();
  committed->set_index(index.value());
  committed->set_term(term.value());
  if (!payload.empty()) {
    CHECK(committed->mutable_decision()->ParseFromArray(payload.data(),
                                                        static_cast<int>(payload.size())));
  }
  entries_.push_back(Buffer::own(message.SerializeAsString()));
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
