// The node's side of the links: what is sent, what is heard, and the way to a cluster (S5).

#include <absl/strings/str_cat.h>
#include <glog/logging.h>

#include <algorithm>

#include "raft/describe.h"
#include "raft/node_impl.h"

namespace barnabas::raft {
namespace {

// Above this, entries would hold up heartbeats.
constexpr size_t kBulkBytes = size_t{64} << 10;
// Nodes that do not form a cluster yet tell each other again who they are.
constexpr Duration kIntroduceEvery = std::chrono::milliseconds(100);
// Whoever leads next must know of those who wait to be added.
constexpr Duration kObserverIntroducesEvery = std::chrono::milliseconds(500);
// Of those outside the configuration whom this node had something to tell.
constexpr size_t kSoughtLimit = 16;

}  // namespace

void NodeImpl::accept(Channel channel, LinkPtr link) {
  if (links_ != nullptr) links_->accept(channel, std::move(link));
}

FrameHead NodeImpl::head_to(const VoterId& to, Term term) {
  return {formed() ? storage_.record.founding.cluster_id : "",
          {options_.self, options_.directory_id},
          to,
          term,
          storage_.record.boot,
          ++last_request_,
          session_};
}

// Which directory is meant when a link speaks of a node id: two can share it for a while, and then
// it is the one that leads, or that spoke last.
VoterId NodeImpl::voter(ControllerId id) const {
  if (core_ != nullptr && core_->leader().has_value() && core_->leader()->id == id) {
    return *core_->leader();
  }
  const auto known = introduced_.find(id);
  if (known != introduced_.end()) return known->second.who;
  if (core_ == nullptr) return {id, Uuid()};
  for (const auto& [voter, endpoint] : core_->configuration().voters) {
    if (voter.id == id) return voter;
  }
  return {id, Uuid()};
}

std::string NodeImpl::introduction_to(ControllerId peer, Introduction introduction) {
  for (const Voter& self : options_.peers) {
    if (self.id == options_.self) introduction.endpoint = self.endpoint;
  }
  introduction.configuration =
      core_ != nullptr ? core_->configurations().latest() : heard_configuration_;
  return encode(head_to({peer, Uuid()}, Term{0}), FormationBody(std::move(introduction)));
}

void NodeImpl::send(const Message& message) {
  if (links_ == nullptr) return;
  VLOG(2) << describe(message);
  const Channel channel =
      payload_bytes(message.body) > kBulkBytes ? Channel::kRaftBulk : Channel::kRaft;
  std::string frame = encode(head_to(message.to, message.term), message.body);
  ++counted_->sent_messages;
  counted_->sent_bytes += static_cast<int64_t>(frame.size());
  // The leader and a candidate may be of a configuration that this log does not have yet.
  const bool sent = links_->send(message.to.id, channel, std::move(frame));
  if (!sent && sought_.size() < kSoughtLimit && sought_.insert(message.to.id).second) reach_soon();
}

// Before anything else on this link: it may be asked for its vote next.
void NodeImpl::tell_memories(ControllerId peer) {
  for (const auto& [voter, remembered] : acquaintances_.all()) {
    if (voter.id != peer) continue;
    links_->send(peer, Channel::kRaft, encode(head_to(voter, Term{0}), remembered));
  }
}

void NodeImpl::remember(const Message& message) {
  acquaintances_.spoke(message.from, message.term);
  if (core_->role() != Role::kLeader || message.term != core_->term()) return;
  if (const auto* reply = std::get_if<AppendReply>(&message.body)) {
    if (reply->accepted) acquaintances_.acknowledged(message.from, reply->match, message.term);
  } else if (const auto* beat = std::get_if<HeartbeatReply>(&message.body)) {
    acquaintances_.acknowledged(message.from, beat->match, message.term);
  }
}

void NodeImpl::link_opened(ControllerId peer) {
  tell_memories(peer);
  FormationEffects effects;
  formation_->reached(peer, effects);
  run(std::move(effects));
  if (core_ != nullptr) feed(LinkOpened{voter(peer)});
}

void NodeImpl::link_closed(ControllerId peer, bool accepted) {
  // What it said of itself came over the link that it had opened.
  if (!formed() && accepted) formation_->lost(peer);
  if (core_ != nullptr) feed(LinkClosed{voter(peer)});
}

void NodeImpl::introduce_again() {
  loop_.cancel(std::exchange(introduce_timer_, 0));
  // A voter of its own log that hears no leader may be none by the log of the others.
  const bool settled = formed() && is_voter() && core_->leader().has_value();
  if (links_ == nullptr || settled) return;
  FormationEffects effects;
  for (const ControllerId peer : links_->reached()) formation_->reached(peer, effects);
  run(std::move(effects));
  introduce_timer_ = loop_.after(formed() ? kObserverIntroducesEvery : kIntroduceEvery,
                                 [this] { introduce_again(); });
}

// F14: what is meant for another cluster or for an earlier owner of this address is dropped.
bool NodeImpl::is_for_us(const FrameHead& head) const {
  return formed() && head.cluster_id == storage_.record.founding.cluster_id &&
         head.to == VoterId{options_.self, options_.directory_id};
}

PeerLinks::Listener::Heard NodeImpl::frame(Channel, const Buffer& bytes) {
  ++counted_->received_messages;
  counted_->received_bytes += static_cast<int64_t>(bytes.size());
  absl::StatusOr<Frame> frame = decode(bytes.view());
  if (!frame.ok()) {
    LOG_EVERY_N(WARNING, 100) << "dropped a Raft frame: " << frame.status();
    return {};
  }
  const FrameHead& head = frame->head;
  if (head.to.id != options_.self) return {};
  if (const auto* remembered = std::get_if<Recollection>(&frame->body)) {
    if (head.to.directory != options_.directory_id) return {};
    const absl::Status wrong = contradiction(found_, head.from, *remembered);
    if (!wrong.ok()) storage_failed(wrong);
    return {};
  }
  if (!acquaintances_.heard(head.from, {head.boot, head.session})) {
    LOG_EVERY_N(WARNING, 20) << "controller " << head.from.id
                             << ": a frame of a process that is not the newest of its directory";
    return {kNoController, encode(head_to(head.from, Term{0}), *acquaintances_.of(head.from))};
  }
  if (auto* formation = std::get_if<FormationBody>(&frame->body)) {
    const auto* said = std::get_if<Introduction>(formation);
    if (formed() && said != nullptr && said->state == FormationState::kFormed &&
        said->founding.cluster_id != storage_.record.founding.cluster_id) {
      LOG_EVERY_N(ERROR, 20) << "controller " << head.from.id << " belongs to cluster "
                             << said->founding.cluster_id << ", this node to "
                             << storage_.record.founding.cluster_id
                             << "; check controller.quorum.voters on both";
    }
    Heard heard{head.from.id, {}};
    if (said != nullptr) {
      introduced(head.from, *said);
      // One that is no voter is not dialled, and learns over its own link where it is.
      const bool is_member = core_ != nullptr && core_->configuration().contains(head.from);
      if (formed() && !is_member) {
        heard.answer = introduction_to(head.from.id,
                                       {FormationState::kFormed, storage_.record.founding, {}, {}});
      }
    }
    FormationEffects effects;
    formation_->received(head.from, *formation, effects);
    run(std::move(effects));
    return heard;
  }
  if (!is_for_us(head) || core_ == nullptr) return {head.from.id, {}};
  if (auto* transfer = std::get_if<TransferBody>(&frame->body)) {
    received(head, *transfer);
  } else if (auto* body = std::get_if<Body>(&frame->body)) {
    Message message{head.from, head.to, head.term, head.boot, std::move(*body)};
    remember(message);
    feed(Received{std::move(message)});
  }
  return {head.from.id, {}};
}

void NodeImpl::run(FormationEffects effects) {
  if (effects.persist.has_value()) {
    storage_.record.formation = effects.persist->first;
    storage_.record.founding = effects.persist->second;
    ++formation_version_;
    record_changed_ = true;
    write_votes();
  }
  for (const auto& [peer, body] : effects.send) {
    if (links_ == nullptr) break;
    const auto* introduction = std::get_if<Introduction>(&body);
    links_->send(peer, Channel::kRaft,
                 introduction != nullptr ? introduction_to(peer, *introduction)
                                         : encode(head_to({peer, Uuid()}, Term{0}), body));
  }
  if (effects.formed) {
    LOG(INFO) << "cluster " << storage_.record.founding.cluster_id << " is formed, with "
              << storage_.record.founding.voters.size() << " voters";
    start_core();
    if (!is_voter()) {
      LOG(INFO) << "this directory (" << options_.directory_id << ") is none of them; barnabas "
                << "quorum add " << options_.self << " makes it a voter";
    }
    reach_soon();
  }
}

}  // namespace barnabas::raft
