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
          ++last_request_};
}

VoterId NodeImpl::voter(ControllerId id) const {
  for (const VoterId& voter : storage_.record.founding.voters) {
    if (voter.id == id) return voter;
  }
  return {id, Uuid()};
}

void NodeImpl::send(const Message& message) {
  if (links_ == nullptr) return;
  VLOG(2) << describe(message);
  const Channel channel =
      payload_bytes(message.body) > kBulkBytes ? Channel::kRaftBulk : Channel::kRaft;
  std::string frame = encode(head_to(message.to, message.term), message.body);
  ++counted_->sent_messages;
  counted_->sent_bytes += static_cast<int64_t>(frame.size());
  links_->send(message.to.id, channel, std::move(frame));
}

void NodeImpl::link_opened(ControllerId peer) {
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
  introduce_timer_ = 0;
  if (formed()) return;
  FormationEffects effects;
  for (const Voter& peer : options_.peers) {
    if (peer.id != options_.self) formation_->reached(peer.id, effects);
  }
  run(std::move(effects));
  introduce_timer_ = loop_.after(kIntroduceEvery, [this] { introduce_again(); });
}

// F14: what is meant for another cluster or for an earlier owner of this address is dropped.
bool NodeImpl::is_for_us(const FrameHead& head) const {
  return formed() && head.cluster_id == storage_.record.founding.cluster_id &&
         head.to == VoterId{options_.self, options_.directory_id};
}

ControllerId NodeImpl::frame(Channel, const Buffer& bytes) {
  ++counted_->received_messages;
  counted_->received_bytes += static_cast<int64_t>(bytes.size());
  absl::StatusOr<Frame> frame = decode(bytes.view());
  if (!frame.ok()) {
    LOG_EVERY_N(WARNING, 100) << "dropped a Raft frame: " << frame.status();
    return kNoController;
  }
  const FrameHead& head = frame->head;
  if (head.to.id != options_.self) return kNoController;
  if (auto* formation = std::get_if<FormationBody>(&frame->body)) {
    const auto* said = std::get_if<Introduction>(formation);
    if (formed() && said != nullptr && said->state == FormationState::kFormed &&
        said->founding.cluster_id != storage_.record.founding.cluster_id) {
      LOG_EVERY_N(ERROR, 20) << "controller " << head.from.id << " belongs to cluster "
                             << said->founding.cluster_id << ", this node to "
                             << storage_.record.founding.cluster_id
                             << "; check controller.quorum.voters on both";
    }
    FormationEffects effects;
    formation_->received(head.from, *formation, effects);
    run(std::move(effects));
    return head.from.id;
  }
  if (!is_for_us(head) || core_ == nullptr) return head.from.id;
  if (auto* transfer = std::get_if<TransferBody>(&frame->body)) {
    received(head, *transfer);
  } else if (auto* body = std::get_if<Body>(&frame->body)) {
    feed(Received{Message{head.from, head.to, head.term, head.boot, std::move(*body)}});
  }
  return head.from.id;
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
    links_->send(peer, Channel::kRaft, encode(head_to({peer, Uuid()}, Term{0}), body));
  }
  if (effects.formed) {
    LOG(INFO) << "cluster " << storage_.record.founding.cluster_id << " is formed, with "
              << storage_.record.founding.voters.size() << " voters";
    start_core();
  }
}

}  // namespace barnabas::raft
