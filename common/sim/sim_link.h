// One end of a simulated connection, as a Link.

#pragma once

#include <memory>

#include "common/sim/sim_connection.h"
#include "common/transport.h"

namespace barnabas {

class SimLink final : public Link {
 public:
  SimLink(std::shared_ptr<SimConnection> connection, int side);
  ~SimLink() override;

  void start(LinkSink& sink) override;
  bool send(BufferChain frame) override;
  void mute(bool muted) override;
  void close() override;
  Endpoint local() const override { return side().address; }
  Endpoint peer() const override { return connection_->sides[1 - side_].address; }

 private:
  SimConnection::Side& side() const { return connection_->sides[side_]; }

  const std::shared_ptr<SimConnection> connection_;
  const int side_;
};

}  // namespace barnabas
