// Between plain structs and the frames that travel (proto/raft.proto). Protobuf ends here.

#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "raft/acquaintances.h"
#include "raft/formation_message.h"
#include "raft/message.h"

namespace barnabas::raft {

// Snapshot bytes, fetched by position beside the core.
struct SnapshotChunkRequest {
  EntryId last;
  uint64_t position = 0;
};
struct SnapshotChunk {
  EntryId last;
  uint64_t position = 0;
  Buffer bytes;
  bool gone = false;
};

using TransferBody = std::variant<SnapshotChunkRequest, SnapshotChunk>;

// What every frame says of itself.
struct FrameHead {
  std::string cluster_id;  // empty before formation
  VoterId from;
  VoterId to;
  Term term;
  uint64_t boot = 0;
  uint64_t request_id = 0;
  uint64_t session = 0;
};

struct Frame {
  FrameHead head;
  std::variant<std::monostate, Body, TransferBody, FormationBody, Recollection>
      body;  // monostate: not known here
};

std::string encode(const FrameHead& head, const Body& body);
std::string encode(const FrameHead& head, const TransferBody& body);
std::string encode(const FrameHead& head, const FormationBody& body);
std::string encode(const FrameHead& head, const Recollection& remembered);

// INVALID_ARGUMENT for what is no frame, or one whose values cannot be: negative indexes, entries
// that do not follow each other, directory ids of a wrong length.
absl::StatusOr<Frame> decode(std::string_view bytes);

// How many payload bytes a message carries: what decides the channel.
size_t payload_bytes(const Body& body);

}  // namespace barnabas::raft
