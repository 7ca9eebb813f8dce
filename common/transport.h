// The transport seam: ordered, message-framed links between processes.
//
//   dial ----> [connecting] --opened()--> [open] --frame()*--> closed(why)
//                   \______________________________________________^
//
// All events of a link arrive on the executor that it was given, never from inside send() or
// close(). A frame is delivered whole or not at all; frames keep their order on one link. Nothing
// is said about frames sent before a link closed: they may or may not have arrived.
// Daemons: TCP with Kafka's 4-byte length for kKafka, kFetch and kReport, gRPC bidirectional
// streams for kRaft, kRaftBulk and kController. Simulator: common/sim/.

#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "common/buffer.h"
#include "common/executor.h"

namespace barnabas {

struct Endpoint {
  std::string host;
  uint16_t port = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};
std::string to_string(const Endpoint& endpoint);  // "host:port", "[v6]:port"
// "host:port"; an error names what is wrong with the text.
absl::StatusOr<Endpoint> parse_endpoint(std::string_view text);
inline std::ostream& operator<<(std::ostream& out, const Endpoint& endpoint) {
  return out << to_string(endpoint);
}

// Why a link ended. Only kRefused says that no process listens there; only kPeer says that an
// open link's other end is gone (process death included).
enum class Close { kPeer, kRefused, kTimeout, kLocal, kProtocol };
const char* to_string(Close why);

enum class Channel {
  kKafka,       // clients; Kafka frames
  kFetch,       // follower to leader; Kafka frames
  kReport,      // follower to leader, durable ends (S16); Kafka frames
  kRaft,        // controller to controller: votes, heartbeats, small appends
  kRaftBulk,    // controller to controller: large appends, snapshot chunks
  kController,  // broker to controller: one session (proto/controller.proto)
};

class LinkSink {
 public:
  virtual void opened() = 0;
  // One whole frame, without its length prefix. The buffer owns its bytes.
  virtual void frame(Buffer bytes) = 0;
  // Everything that was queued by send() has been handed to the kernel, after send() had
  // returned false.
  virtual void drained() {}
  // Last call. The link may be destroyed from inside.
  virtual void closed(Close why) = 0;

 protected:
  ~LinkSink() = default;
};

// Used on its executor's thread only. Destroying it closes it and ends all events.
class Link {
 public:
  virtual ~Link() = default;
  // For accepted links: events start to flow to `sink`. Dialled links have theirs from the start.
  virtual void start(LinkSink& sink) = 0;
  // Queues one frame, in order. False: more than the byte limit is queued now (the frame is
  // queued all the same); stop until drained(). On a closed link the frame is dropped.
  virtual bool send(BufferChain frame) = 0;
  // While muted no frame() is delivered and the kernel's buffers push back on the peer.
  virtual void mute(bool muted) = 0;
  // Sends what is queued, then closes; closed(kLocal) follows.
  virtual void close() = 0;
  virtual Endpoint local() const = 0;
  virtual Endpoint peer() const = 0;
};
using LinkPtr = std::unique_ptr<Link>;

class Listening {  // destroying it stops accepting; links live on
 public:
  virtual ~Listening() = default;
  virtual Endpoint endpoint() const = 0;  // with the real port where 0 was asked
};

enum class Probe { kRefused, kAccepted, kUnknown };

class Transport {
 public:
  virtual ~Transport() = default;

  // Called on the loop that the link is bound to.
  using Accept = absl::AnyInvocable<void(Channel, LinkPtr)>;
  // Listens at `at` for `channels` (all of one family: Kafka frames or gRPC). Accepted links are
  // spread over `loops` in turn. Errors name the address, and for a port in use its holder where
  // that can be found.
  virtual absl::StatusOr<std::unique_ptr<Listening>> listen(const Endpoint& at,
                                                            std::vector<Channel> channels,
                                                            std::vector<Executor*> loops,
                                                            Accept accept) = 0;

  // Starts to connect; `sink` hears of it on `loop` and must outlive the link.
  virtual LinkPtr dial(const Endpoint& to, Channel channel, Executor& loop, LinkSink& sink) = 0;

  // One connection attempt, bounded in time: is a process listening there (S12)?
  using ProbeDone = absl::AnyInvocable<void(Probe)>;
  virtual void probe(const Endpoint& to, Executor& loop, ProbeDone done) = 0;
};

}  // namespace barnabas
