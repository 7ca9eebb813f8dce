// Which brokers are alive, by their heartbeats and by what their links say. Decides when to fence
// an incarnation; does not fence.
//
//   alive --link closed by the peer--> doubtful --refused--> fence now
//     |                                    |  '--accepted--> probed again; alive until the deadline
//     '----- silent for the session timeout'------------------------> fence
//
// When one is fenced for its silence, all that are detached and have been refused, or have hardly
// any time left, are fenced with it (see decide_fences). And nobody is fenced while another one is
// overdue, that is, should have been heard by now: it is waited until that one is heard, or both
// are fenced together, but not longer than a session timeout. Otherwise what the first has led
// could go to one that is dead already, and that nobody has missed yet.
//
// Several brokers refused within a short window look like one broken path between them and this
// controller (a firewall rule, a closed port range), not like so many deaths: from the second on
// only the deadline counts (S12). A new active controller knows nobody's last word: everybody gets
// a full session timeout, and those who do not attach promptly are probed.
//
// Pure: no timer, no link; time and events are passed in.

#pragma once

#include <map>
#include <optional>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/transport.h"
#include "controller/incarnation.h"

namespace barnabas::controller {

class Liveness {
 public:
  struct Options {
    Duration session_timeout = std::chrono::seconds(2);
    Duration attach_grace = std::chrono::milliseconds(200);
    Duration refusal_window = std::chrono::milliseconds(500);
    // Something still listens where a link has closed: a process that is being ended closes its
    // links and its port one after the other.
    Duration probe_again = std::chrono::milliseconds(50);
    // Silence that is more than the pause between two heartbeats.
    Duration overdue = std::chrono::milliseconds(500);
  };
  explicit Liveness(Options options) : options_(options) {}

  // This controller has become active; these may be in sync.
  void reset(const std::vector<Incarnation>& counted, Instant now);
  // A new incarnation, which keeps the place of the one before: it has to attach.
  void registered(Incarnation who, Instant now);
  // A link of this incarnation is there; a newer one replaces an older one.
  void attached(Incarnation who, Instant now);
  void heard(Incarnation who, Instant now);
  // Its last link was closed from the other side.
  void closed(Incarnation who, Instant now);
  // It is about to stop and says so: its end is no sign of a broken path.
  void stopping(Incarnation who);
  // It has been fenced.
  void fenced(Incarnation who);
  // The answer to a probe that due() asked for. True: fence it now.
  bool probed(Incarnation who, Probe result, Instant now);
  // This process itself stood still: nobody is to pay for that.
  void stalled(Duration time);

  struct Due {
    std::vector<Incarnation> probe;
    std::vector<Incarnation> fence;  // once each, until it is heard again
  };
  Due due(Instant now);
  // When due() has something to say next.
  std::optional<Instant> next() const;

  // When it was heard last; nothing: not since this controller is active, or not this incarnation.
  std::optional<Instant> last_heard(Incarnation who) const;
  bool is_attached(Incarnation who) const;

 private:
  struct Entry {
    BrokerEpoch epoch;
    bool attached = false;
    bool stopping = false;
    Instant since;  // when this controller began to expect it
    std::optional<Instant> heard;
    std::optional<Instant> deadline;  // nothing: fenced already
    std::optional<Instant> probe_at;
  };

  bool is_as_good_as_over(BrokerId broker, const Entry& entry, Instant now) const;
  // Of those that are overdue and not about to be fenced, the earliest end of patience.
  std::optional<Instant> missed_until(Instant now) const;
  Entry* find(Incarnation who);
  const Entry* find(Incarnation who) const;

  const Options options_;
  std::map<BrokerId, Entry> entries_;
  std::map<BrokerId, Instant> refused_;
  std::optional<Instant> postponed_;  // fences wait until then, or until somebody is heard
};

}  // namespace barnabas::controller
