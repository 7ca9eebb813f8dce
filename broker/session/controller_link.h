// One link to one controller: bytes to messages and back. What does not decode closes it.

#pragma once

#include "common/transport.h"
#include "proto/session.pb.h"

namespace barnabas::broker {

class ControllerLink final : public LinkSink {
 public:
  class Owner {
   public:
    virtual void link_opened(ControllerLink& link) = 0;
    virtual void link_message(ControllerLink& link, const proto::ControllerMessage& message) = 0;
    // The last event. The link is not to be destroyed from inside an event; the owner posts that.
    virtual void link_closed(ControllerLink& link, Close why) = 0;

   protected:
    ~Owner() = default;
  };

  ControllerLink(Endpoint to, Transport& transport, Executor& loop, Owner& owner)
      : to_(std::move(to)),
        owner_(owner),
        link_(transport.dial(to_, Channel::kController, loop, *this)) {}

  const Endpoint& endpoint() const { return to_; }
  void send(const proto::BrokerMessage& message) {
    link_->send({Buffer::own(message.SerializeAsString())});
  }
  void close() { link_->close(); }
  // No event reaches the owner any more.
  void silence() { silent_ = true; }

  void opened() override {
    if (!silent_) owner_.link_opened(*this);
  }
  void frame(Buffer bytes) override {
    if (silent_) return;
    proto::ControllerMessage message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      silent_ = true;
      link_->close();
      return owner_.link_closed(*this, Close::kProtocol);
    }
    owner_.link_message(*this, message);
  }
  void closed(Close why) override {
    if (!silent_) owner_.link_closed(*this, why);
  }

 private:
  const Endpoint to_;
  Owner& owner_;
  bool silent_ = false;
  LinkPtr link_;
};

}  // namespace barnabas::broker
