// The links between this controller and the others. Each pair has a link of either direction and
// channel: what a node sends goes over the links that it has dialled, what it hears comes over
// those that it has accepted.
//
// Heartbeats and votes travel on kRaft and never wait behind bulk (P33). A lost link is dialled
// again at once, then after 20 ms, doubling up to 200 ms: a fresh cluster finds itself as soon as
// its last process listens.

#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/executor.h"
#include "common/ids.h"
#include "common/transport.h"

namespace barnabas::raft {

class PeerLinks {
 public:
  class Listener {
   public:
    virtual void link_opened(ControllerId peer) = 0;  // kRaft, dialled: sending works
    // A kRaft link of either direction, of which `peer` was at the other end, is gone.
    virtual void link_closed(ControllerId peer, bool accepted) = 0;
    struct Heard {
      ControllerId from = kNoController;  // gives its link a name; none: to be ignored
      std::string answer;  // over the same link; empty: none. For who cannot be reached otherwise
    };
    virtual Heard frame(Channel channel, const Buffer& bytes) = 0;

   protected:
    ~Listener() = default;
  };

  PeerLinks(Transport& transport, Executor& loop, Listener& listener);
  ~PeerLinks();

  // Dials whom it did not, drops who is not among them any more. Not from inside a link's event.
  void reach(std::map<ControllerId, Endpoint> peers);
  std::vector<ControllerId> reached() const;  // who is dialled, with success or without
  void accept(Channel channel, LinkPtr link);
  // False: there is no open link; the frame is dropped. A bulk frame takes kRaft while its own link
  // is still being dialled.
  bool send(ControllerId peer, Channel channel, std::string frame);
  // The listener hears nothing more, from now on.
  void detach() { listener_ = nullptr; }
  // Closes all links, for good: the node has stopped, and the others should know. Not from inside a
  // link's event.
  void stop();

 private:
  class Dialled;
  class Accepted;
  struct Peer {
    std::unique_ptr<Dialled> raft;
    std::unique_ptr<Dialled> bulk;  // dialled when first needed
  };

  Transport& transport_;
  Executor& loop_;
  std::map<ControllerId, Endpoint> endpoints_;
  Listener* listener_;
  std::map<ControllerId, Peer> peers_;
  std::list<std::unique_ptr<Accepted>> accepted_;
};

}  // namespace barnabas::raft
