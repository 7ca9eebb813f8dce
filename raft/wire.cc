#include "raft/wire.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "common/status.h"
#include "proto/raft.pb.h"

namespace barnabas::raft {
namespace {

namespace pb = proto::raft;

// ---- Out ----

void put(const VoterId& voter, pb::VoterId* out) {
  out->set_node_id(voter.id.value());
  if (!voter.directory.is_none()) out->set_directory_id(voter.directory.bytes());
}

void put(const EntryId& id, pb::EntryId* out) {
  out->set_index(id.index.value());
  out->set_term(id.term.value());
}

void put(const FoundingConfiguration& founding, pb::Formation* out) {
  out->set_cluster_id(founding.cluster_id);
  for (const VoterId& voter : founding.voters) put(voter, out->add_voters());
}

pb::Frame frame_of(const FrameHead& head) {
  pb::Frame frame;
  frame.set_cluster_id(head.cluster_id);
  put(head.from, frame.mutable_from());
  put(head.to, frame.mutable_to());
  frame.set_term(head.term.value());
  frame.set_boot(head.boot);
  frame.set_request_id(head.request_id);
  frame.set_session(head.session);
  return frame;
}

void put(const Words& words, pb::Recollection::Words* out) {
  out->set_term(words.term.value());
  out->set_acknowledged(words.acknowledged.value());
  out->set_acknowledged_in(words.acknowledged_in.value());
}

struct PutBody {
  pb::Frame& out;

  void operator()(const PreVoteRequest& request) const {
    out.mutable_pre_vote_request()->set_campaign(request.campaign.value());
    put(request.last, out.mutable_pre_vote_request()->mutable_last());
  }
  void operator()(const PreVoteReply& reply) const {
    out.mutable_pre_vote_reply()->set_campaign(reply.campaign.value());
    out.mutable_pre_vote_reply()->set_granted(reply.granted);
    out.mutable_pre_vote_reply()->set_conditional(reply.conditional);
  }
  void operator()(const VoteRequest& request) const {
    put(request.last, out.mutable_vote_request()->mutable_last());
    out.mutable_vote_request()->set_transfer(request.transfer);
  }
  void operator()(const VoteReply& reply) const {
    out.mutable_vote_reply()->set_granted(reply.granted);
    out.mutable_vote_reply()->set_conditional(reply.conditional);
  }
  void operator()(const AppendRequest& request) const {
    pb::AppendRequest* append = out.mutable_append_request();
    put(request.previous, append->mutable_previous());
    append->set_commit(request.commit.value());
    for (const Entry& entry : request.entries) {
      pb::Entry* added = append->add_entries();
      added->set_index(entry.index.value());
      added->set_term(entry.term.value());
      added->set_payload(entry.payload.data(), entry.payload.size());
      added->set_configuration(entry.configures);
    }
  }
  void operator()(const AppendReply& reply) const {
    pb::AppendReply* answer = out.mutable_append_reply();
    answer->set_accepted(reply.accepted);
    answer->set_match(reply.match.value());
    answer->set_refused(reply.refused.value());
    put(reply.hint, answer->mutable_hint());
  }
  void operator()(const Heartbeat& beat) const {
    out.mutable_heartbeat()->set_commit(beat.commit.value());
    out.mutable_heartbeat()->set_round(beat.round);
  }
  void operator()(const HeartbeatReply& reply) const {
    out.mutable_heartbeat_reply()->set_round(reply.round);
    out.mutable_heartbeat_reply()->set_match(reply.match.value());
  }
  void operator()(const SnapshotOffer& offer) const {
    put(offer.last, out.mutable_snapshot_offer()->mutable_last());
    out.mutable_snapshot_offer()->set_size(offer.size);
    out.mutable_snapshot_offer()->set_checksum(offer.checksum);
    out.mutable_snapshot_offer()->set_configuration_index(offer.configuration.index.value());
    if (!offer.configuration.configuration.voters.empty()) {
      out.mutable_snapshot_offer()->set_configuration(
          encode_configuration(offer.configuration.configuration));
    }
  }
  void operator()(const TimeoutNow&) const { out.mutable_timeout_now(); }
  void operator()(const SnapshotChunkRequest& request) const {
    put(request.last, out.mutable_snapshot_chunk_request()->mutable_last());
    out.mutable_snapshot_chunk_request()->set_position(request.position);
  }
  void operator()(const SnapshotChunk& chunk) const {
    put(chunk.last, out.mutable_snapshot_chunk()->mutable_last());
    out.mutable_snapshot_chunk()->set_position(chunk.position);
    out.mutable_snapshot_chunk()->set_bytes(chunk.bytes.data(), chunk.bytes.size());
    out.mutable_snapshot_chunk()->set_gone(chunk.gone);
  }
  void operator()(const Introduction& introduction) const {
    pb::Introduction* said = out.mutable_introduction();
    said->set_state(static_cast<pb::Introduction::State>(introduction.state));
    said->set_host(introduction.endpoint.host);
    said->set_port(introduction.endpoint.port);
    said->set_configuration_index(introduction.configuration.index.value());
    if (!introduction.configuration.configuration.voters.empty()) {
      said->set_configuration(encode_configuration(introduction.configuration.configuration));
    }
    put(introduction.founding, said->mutable_formation());
  }
  void operator()(const FormationPrepare& prepare) const {
    put(prepare.founding, out.mutable_formation_prepare()->mutable_formation());
  }
  void operator()(const FormationPrepared& prepared) const {
    put(prepared.founding, out.mutable_formation_prepared()->mutable_formation());
  }
  void operator()(const FormationFinal& done) const {
    put(done.founding, out.mutable_formation_final()->mutable_formation());
  }
  void operator()(const Recollection& remembered) const {
    pb::Recollection* said = out.mutable_recollection();
    said->set_boot(remembered.life.boot);
    said->set_session(remembered.life.session);
    put(remembered.since, said->mutable_since());
    put(remembered.before, said->mutable_before());
  }
};

template <class Variant>
std::string encode_any(const FrameHead& head, const Variant& body) {
  pb::Frame frame = frame_of(head);
  std::visit(PutBody{frame}, body);
  return frame.SerializeAsString();
}

// ---- In ----

absl::StatusOr<VoterId> voter_of(const pb::VoterId& voter) {
  ASSIGN_OR_RETURN(const Uuid directory, Uuid::from_bytes(voter.directory_id()));
  return VoterId{ControllerId{voter.node_id()}, directory};
}

absl::StatusOr<EntryId> id_of(const pb::EntryId& id) {
  if (id.index() < 0 || id.term() < 0 || id.index() == std::numeric_limits<int64_t>::max()) {
    return absl::InvalidArgumentError(
        absl::StrCat("entry ", id.index(), " of term ", id.term(), " cannot be"));
  }
  return EntryId{LogIndex{id.index()}, Term{id.term()}};
}

absl::StatusOr<LogIndex> index_of(int64_t index) {
  if (index < 0) return absl::InvalidArgumentError(absl::StrCat("negative log index ", index));
  return LogIndex{index};
}

absl::StatusOr<Words> words_of(const pb::Recollection::Words& words) {
  ASSIGN_OR_RETURN(const LogIndex acknowledged, index_of(words.acknowledged()));
  return Words{Term{words.term()}, acknowledged, Term{words.acknowledged_in()}};
}

absl::StatusOr<FoundingConfiguration> founding_of(const pb::Formation& formation) {
  FoundingConfiguration founding{formation.cluster_id(), {}};
  for (const pb::VoterId& voter : formation.voters()) {
    ASSIGN_OR_RETURN(const VoterId id, voter_of(voter));
    founding.voters.push_back(id);
  }
  return founding;
}

absl::StatusOr<AppendRequest> append_of(pb::AppendRequest& append) {
  AppendRequest request;
  ASSIGN_OR_RETURN(request.previous, id_of(append.previous()));
  ASSIGN_OR_RETURN(request.commit, index_of(append.commit()));
  request.entries.reserve(static_cast<size_t>(append.entries_size()));
  EntryId before = request.previous;
  for (pb::Entry& entry : *append.mutable_entries()) {
    const EntryId id{LogIndex{entry.index()}, Term{entry.term()}};
    if (id.index != before.index.next() || id.term < before.term) {
      return absl::InvalidArgumentError(absl::StrCat("entry ", entry.index(), " of term ",
                                                     entry.term(), " does not follow entry ",
                                                     before.index.value()));
    }
    if (entry.configuration()) RETURN_IF_ERROR(decode_configuration(entry.payload()).status());
    request.entries.push_back({id.index, id.term, Buffer::own(std::move(*entry.mutable_payload())),
                               entry.configuration()});
    before = id;
  }
  return request;
}

absl::StatusOr<SnapshotOffer> offer_of(const pb::SnapshotOffer& said) {
  SnapshotOffer offer;
  ASSIGN_OR_RETURN(offer.last, id_of(said.last()));
  offer.size = said.size();
  offer.checksum = said.checksum();
  if (said.configuration().empty()) return offer;
  ASSIGN_OR_RETURN(offer.configuration.index, index_of(said.configuration_index()));
  ASSIGN_OR_RETURN(offer.configuration.configuration, decode_configuration(said.configuration()));
  return offer;
}

absl::StatusOr<FormationBody> introduction_of(const pb::Introduction& said) {
  Introduction introduction;
  introduction.endpoint = {said.host(), static_cast<uint16_t>(said.port())};
  if (!said.configuration().empty()) {
    ASSIGN_OR_RETURN(introduction.configuration.index, index_of(said.configuration_index()));
    ASSIGN_OR_RETURN(introduction.configuration.configuration,
                     decode_configuration(said.configuration()));
  }
  switch (said.state()) {
    case pb::Introduction::BLANK:
      introduction.state = FormationState::kBlank;
      break;
    case pb::Introduction::PREPARED:
      introduction.state = FormationState::kPrepared;
      break;
    case pb::Introduction::FORMED:
      introduction.state = FormationState::kFormed;
      break;
    default:
      return absl::InvalidArgumentError("an introduction with an unknown state");
  }
  ASSIGN_OR_RETURN(introduction.founding, founding_of(said.formation()));
  return FormationBody(std::move(introduction));
}

absl::Status take_body(pb::Frame& in, Frame& out) {
  switch (in.body_case()) {
    case pb::Frame::kPreVoteRequest: {
      ASSIGN_OR_RETURN(const EntryId last, id_of(in.pre_vote_request().last()));
      out.body = Body(PreVoteRequest{Term{in.pre_vote_request().campaign()}, last});
      break;
    }
    case pb::Frame::kPreVoteReply:
      out.body =
          Body(PreVoteReply{Term{in.pre_vote_reply().campaign()}, in.pre_vote_reply().granted(),
                            in.pre_vote_reply().conditional()});
      break;
    case pb::Frame::kVoteRequest: {
      ASSIGN_OR_RETURN(const EntryId last, id_of(in.vote_request().last()));
      out.body = Body(VoteRequest{last, in.vote_request().transfer()});
      break;
    }
    case pb::Frame::kVoteReply:
      out.body = Body(VoteReply{in.vote_reply().granted(), in.vote_reply().conditional()});
      break;
    case pb::Frame::kAppendRequest: {
      ASSIGN_OR_RETURN(AppendRequest request, append_of(*in.mutable_append_request()));
      out.body = Body(std::move(request));
      break;
    }
    case pb::Frame::kAppendReply: {
      AppendReply reply;
      reply.accepted = in.append_reply().accepted();
      ASSIGN_OR_RETURN(reply.match, index_of(in.append_reply().match()));
      ASSIGN_OR_RETURN(reply.refused, index_of(in.append_reply().refused()));
      ASSIGN_OR_RETURN(reply.hint, id_of(in.append_reply().hint()));
      out.body = Body(reply);
      break;
    }
    case pb::Frame::kHeartbeat: {
      ASSIGN_OR_RETURN(const LogIndex commit, index_of(in.heartbeat().commit()));
      out.body = Body(Heartbeat{commit, in.heartbeat().round()});
      break;
    }
    case pb::Frame::kHeartbeatReply: {
      ASSIGN_OR_RETURN(const LogIndex match, index_of(in.heartbeat_reply().match()));
      out.body = Body(HeartbeatReply{in.heartbeat_reply().round(), match});
      break;
    }
    case pb::Frame::kSnapshotOffer: {
      ASSIGN_OR_RETURN(SnapshotOffer offer, offer_of(in.snapshot_offer()));
      out.body = Body(std::move(offer));
      break;
    }
    case pb::Frame::kTimeoutNow:
      out.body = Body(TimeoutNow{});
      break;
    case pb::Frame::kSnapshotChunkRequest: {
      ASSIGN_OR_RETURN(const EntryId last, id_of(in.snapshot_chunk_request().last()));
      out.body = TransferBody(SnapshotChunkRequest{last, in.snapshot_chunk_request().position()});
      break;
    }
    case pb::Frame::kSnapshotChunk: {
      pb::SnapshotChunk* chunk = in.mutable_snapshot_chunk();
      ASSIGN_OR_RETURN(const EntryId last, id_of(chunk->last()));
      out.body = TransferBody(SnapshotChunk{
          last, chunk->position(), Buffer::own(std::move(*chunk->mutable_bytes())), chunk->gone()});
      break;
    }
    case pb::Frame::kIntroduction: {
      ASSIGN_OR_RETURN(out.body, introduction_of(in.introduction()));
      break;
    }
    case pb::Frame::kFormationPrepare: {
      ASSIGN_OR_RETURN(auto founding, founding_of(in.formation_prepare().formation()));
      out.body = FormationBody(FormationPrepare{std::move(founding)});
      break;
    }
    case pb::Frame::kFormationPrepared: {
      ASSIGN_OR_RETURN(auto founding, founding_of(in.formation_prepared().formation()));
      out.body = FormationBody(FormationPrepared{std::move(founding)});
      break;
    }
    case pb::Frame::kFormationFinal: {
      ASSIGN_OR_RETURN(auto founding, founding_of(in.formation_final().formation()));
      out.body = FormationBody(FormationFinal{std::move(founding)});
      break;
    }
    case pb::Frame::kRecollection: {
      const pb::Recollection& said = in.recollection();
      ASSIGN_OR_RETURN(const Words since, words_of(said.since()));
      ASSIGN_OR_RETURN(const Words before, words_of(said.before()));
      out.body = Recollection{{said.boot(), said.session()}, since, before};
      break;
    }
    case pb::Frame::BODY_NOT_SET:
      break;
  }
  return absl::OkStatus();
}

}  // namespace

std::string encode(const FrameHead& head, const Body& body) { return encode_any(head, body); }
std::string encode(const FrameHead& head, const TransferBody& body) {
  return encode_any(head, body);
}
std::string encode(const FrameHead& head, const FormationBody& body) {
  return encode_any(head, body);
}

std::string encode(const FrameHead& head, const Recollection& remembered) {
  pb::Frame frame = frame_of(head);
  PutBody{frame}(remembered);
  return frame.SerializeAsString();
}

absl::StatusOr<Frame> decode(std::string_view bytes) {
  pb::Frame in;
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
      !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError("these bytes are no Raft frame");
  }
  Frame out;
  out.head.cluster_id = in.cluster_id();
  ASSIGN_OR_RETURN(out.head.from, voter_of(in.from()));
  ASSIGN_OR_RETURN(out.head.to, voter_of(in.to()));
  if (in.term() < 0 || in.term() == std::numeric_limits<int32_t>::max()) {
    return absl::InvalidArgumentError(absl::StrCat("term ", in.term(), " cannot be"));
  }
  out.head.term = Term{in.term()};
  out.head.boot = in.boot();
  out.head.request_id = in.request_id();
  out.head.session = in.session();
  RETURN_IF_ERROR(take_body(in, out));
  return out;
}

size_t payload_bytes(const Body& body) {
  const auto* append = std::get_if<AppendRequest>(&body);
  if (append == nullptr) return 0;
  size_t bytes = 0;
  for (const Entry& entry : append->entries) bytes += entry.payload.size();
  return bytes;
}

}  // namespace barnabas::raft
