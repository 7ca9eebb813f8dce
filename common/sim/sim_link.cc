#include "common/sim/sim_link.h"

#include <utility>

#include "common/sim/sim_network.h"

namespace barnabas {

SimLink::SimLink(std::shared_ptr<SimConnection> connection, int side)
    : connection_(std::move(connection)), side_(side) {
  connection_->sides[side_].link = this;
}

SimLink::~SimLink() {
  SimConnection::Side& mine = side();
  mine.link = nullptr;
  mine.sink = nullptr;
  mine.open = false;
  const bool was_gone = std::exchange(mine.gone, true);
  if (connection_->network == nullptr) return;
  // A dead process closes nothing: its kernel has, or its machine is dark.
  if (!was_gone) connection_->network->transmit_end(connection_, side_);
  connection_->network->forget_if_over(connection_);
}

void SimLink::start(LinkSink& sink) {
  side().sink = &sink;
  if (connection_->network != nullptr) connection_->network->deliver_later(connection_, side_);
}

bool SimLink::send(BufferChain frame) {
  SimConnection::Side& mine = side();
  if (mine.gone || mine.sent_end || connection_->network == nullptr) return true;
  SimNetwork& network = *connection_->network;
  network.transmit(connection_, side_, flatten(frame));
  if (mine.unread_bytes > network.options().max_queued_bytes) mine.over_limit = true;
  return !mine.over_limit;
}

void SimLink::mute(bool muted) {
  side().muted = muted;
  if (!muted && connection_->network != nullptr) {
    connection_->network->deliver_later(connection_, side_);
  }
}

void SimLink::close() {
  SimConnection::Side& mine = side();
  if (mine.gone || mine.sent_end || connection_->network == nullptr) return;
  connection_->network->transmit_end(connection_, side_);
  connection_->network->close_side(connection_, side_, Close::kLocal);
}

}  // namespace barnabas
