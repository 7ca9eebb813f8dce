// What voters say to each other, as plain values. The core knows nothing of protobuf: wire.h
// converts at the edge.
//
// Every message carries the term of its sender and who exactly is meant: a voter is (node id,
// directory id), so a node that came back with an empty disk is somebody else (P16). `boot` counts
// the starts of the sender's process: answers of an earlier start prove nothing about the present
// one (F12).

#pragma once

#include <compare>
#include <cstdint>
#include <variant>
#include <vector>

#include "common/buffer.h"
#include "common/ids.h"
#include "common/uuid.h"
#include "raft/configuration.h"

namespace barnabas::raft {

// Names one entry: equal ids mean equal entries and equal logs below them (log matching).
struct EntryId {
  LogIndex index;
  Term term;
  friend auto operator<=>(const EntryId&, const EntryId&) = default;
};

enum class EntryKind {
  kDecision,       // the state machine's (S1)
  kBlank,          // a leader's first; no payload
  kConfiguration,  // who votes from here on; the state machine sees a blank one
};

// The payload is shared, never copied, on its way to log and peers.
struct Entry {
  LogIndex index;
  Term term;
  Buffer payload;
  bool configures = false;
  EntryKind kind() const {
    if (configures) return EntryKind::kConfiguration;
    return payload.empty() ? EntryKind::kBlank : EntryKind::kDecision;
  }
  EntryId id() const { return {index, term}; }
};

// "Would you vote for me in `campaign`?" Binds nobody and changes nothing durable (I18).
struct PreVoteRequest {
  Term campaign;
  EntryId last;
};
struct PreVoteReply {
  Term campaign;  // the question that this answers
  bool granted = false;
  bool conditional = false;  // see VoteReply
};

struct VoteRequest {  // for the message's term
  EntryId last;
  bool transfer = false;  // the leader itself has asked for it: nobody needs to protect it
};
struct VoteReply {
  bool granted = false;
  // The voter may have lost a promised tail (S6): its vote counts only in a unanimous election.
  bool conditional = false;
};

struct AppendRequest {
  EntryId previous;
  LogIndex commit;
  std::vector<Entry> entries;  // contiguous behind `previous`
};
struct AppendReply {
  bool accepted = false;
  LogIndex match;    // accepted: identical to the leader's log and on this voter's disk up to here
  LogIndex refused;  // otherwise: the previous.index that did not match ...
  EntryId hint;      // ... and the last entry of this log that could
};

struct Heartbeat {
  LogIndex commit;     // never above what the receiver has acknowledged to this leader
  uint64_t round = 0;  // 0: only news of `commit`, not to be answered
};
struct HeartbeatReply {
  uint64_t round = 0;
  LogIndex match;  // as in AppendReply
};

// The entries you need are gone; here is what they led to. The bytes are fetched by position, apart
// from the core (snapshot_transfer.h).
struct SnapshotOffer {
  EntryId last;  // the last entry that the snapshot covers
  uint64_t size = 0;
  uint32_t checksum = 0;
  ConfigurationAt configuration = {};  // that held there; no voters: the founding one
};

// "You have all that I have. Take over": the receiver campaigns at once.
struct TimeoutNow {};

using Body = std::variant<PreVoteRequest, PreVoteReply, VoteRequest, VoteReply, AppendRequest,
                          AppendReply, Heartbeat, HeartbeatReply, SnapshotOffer, TimeoutNow>;

struct Message {
  VoterId from;
  VoterId to;
  Term term;
  uint64_t boot = 0;
  Body body;
};

}  // namespace barnabas::raft
