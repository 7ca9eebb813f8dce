#include "raft/peer_links.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace barnabas::raft {
namespace {

constexpr Duration kFirstRedial = std::chrono::milliseconds(20);
// After a link that worked: soon, but no spinning against a peer that accepts and closes.
constexpr Duration kReconnect = std::chrono::milliseconds(2);
constexpr Duration kLastRedial = std::chrono::milliseconds(200);

}  // namespace

class PeerLinks::Dialled final : public LinkSink {
 public:
  Dialled(PeerLinks& links, ControllerId peer, const Endpoint& to, Channel channel)
      : links_(links), peer_(peer), to_(to), channel_(channel) {}
  ~Dialled() { links_.loop_.cancel(redial_); }

  void dial() {
    redial_ = 0;
    link_ = links_.transport_.dial(to_, channel_, links_.loop_, *this);
  }
  bool open() const { return open_; }
  void send(std::string frame) { link_->send({Buffer::own(std::move(frame))}); }

  void opened() override {
    open_ = true;
    backoff_ = kFirstRedial;
    if (channel_ == Channel::kRaft && links_.listener_ != nullptr) {
      links_.listener_->link_opened(peer_);
    }
  }
  // Only what could not be said otherwise is answered on the caller's own link.
  void frame(Buffer bytes) override {
    if (links_.listener_ != nullptr) links_.listener_->frame(channel_, bytes);
  }
  void closed(Close) override {
    const bool was_open = std::exchange(open_, false);
    link_.reset();
    redial_ = links_.loop_.after(was_open ? kReconnect : backoff_, [this] { dial(); });
    if (!was_open) backoff_ = std::min(backoff_ * 2, kLastRedial);
    if (was_open && channel_ == Channel::kRaft && links_.listener_ != nullptr) {
      links_.listener_->link_closed(peer_, false);
    }
  }

 private:
  PeerLinks& links_;
  const ControllerId peer_;
  const Endpoint to_;
  const Channel channel_;
  LinkPtr link_;
  bool open_ = false;
  Duration backoff_ = kFirstRedial;
  TimerId redial_ = 0;
};

class PeerLinks::Accepted final : public LinkSink {
 public:
  Accepted(PeerLinks& links, Channel channel, LinkPtr link)
      : links_(links), channel_(channel), link_(std::move(link)) {}

  void start() { link_->start(*this); }
  void opened() override {}
  void frame(Buffer bytes) override {
    if (links_.listener_ == nullptr) return;
    Listener::Heard heard = links_.listener_->frame(channel_, bytes);
    if (heard.from != kNoController) peer_ = heard.from;
    if (!heard.answer.empty()) link_->send({Buffer::own(std::move(heard.answer))});
  }
  void closed(Close) override {
    // `this` dies with the list's entry.
    PeerLinks& links = links_;
    const ControllerId peer = peer_;
    const bool tell = channel_ == Channel::kRaft && peer != kNoController;
    links.accepted_.remove_if([this](const auto& other) { return other.get() == this; });
    if (tell && links.listener_ != nullptr) links.listener_->link_closed(peer, true);
  }

 private:
  PeerLinks& links_;
  const Channel channel_;
  LinkPtr link_;
  ControllerId peer_ = kNoController;
};

PeerLinks::PeerLinks(Transport& transport, Executor& loop, Listener& listener)
    : transport_(transport), loop_(loop), listener_(&listener) {}

PeerLinks::~PeerLinks() = default;

void PeerLinks::reach(std::map<ControllerId, Endpoint> peers) {
  std::erase_if(peers_, [&](const auto& peer) {
    const auto wanted = peers.find(peer.first);
    return wanted == peers.end() || wanted->second != endpoints_.at(peer.first);
  });
  endpoints_ = std::move(peers);
  for (const auto& [id, endpoint] : endpoints_) {
    Peer& peer = peers_[id];
    if (peer.raft != nullptr) continue;
    peer.raft = std::make_unique<Dialled>(*this, id, endpoint, Channel::kRaft);
    peer.raft->dial();
  }
}

std::vector<ControllerId> PeerLinks::reached() const {
  std::vector<ControllerId> out;
  for (const auto& [id, peer] : peers_) out.push_back(id);
  return out;
}

void PeerLinks::accept(Channel channel, LinkPtr link) {
  accepted_.push_back(std::make_unique<Accepted>(*this, channel, std::move(link)));
  accepted_.back()->start();
}

bool PeerLinks::send(ControllerId to, Channel channel, std::string frame) {
  const auto found = peers_.find(to);
  if (found == peers_.end()) return false;
  Peer& peer = found->second;
  if (channel == Channel::kRaftBulk && peer.bulk == nullptr) {
    peer.bulk = std::make_unique<Dialled>(*this, to, endpoints_.at(to), Channel::kRaftBulk);
    peer.bulk->dial();
  }
  Dialled* way =
      channel == Channel::kRaftBulk && peer.bulk->open() ? peer.bulk.get() : peer.raft.get();
  if (!way->open()) return false;
  way->send(std::move(frame));
  return true;
}

void PeerLinks::stop() {
  peers_.clear();
  accepted_.clear();
}

}  // namespace barnabas::raft
