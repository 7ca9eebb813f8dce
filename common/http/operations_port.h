// The port at which a daemon is watched: metrics for Prometheus, probes for whoever starts and
// stops processes.
//
//   GET /metrics          the small, stable set
//   GET /metrics/full     and a series per topic, partition, group   ?topic=NAME  ?group=NAME
//   GET /healthz/live     do the loops turn? If not for long, the process is to be killed
//   GET /healthz/ready    can it do its work now? From local facts only
//   GET /healthz/startup  is it through with starting? Until then live asks for less
//
// Why a look does not disturb what it looks at: all work is on this port's own thread. Each loop of
// the daemon gets one task, which notes when it ran, and on the first of them copies what only that
// loop may see. A loop that does not run its task in time is told apart, and the answer is made
// without it: a daemon that hangs still shows that it hangs.

#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "common/executor.h"
#include "common/http/health.h"
#include "common/metrics.h"
#include "common/transport.h"

namespace barnabas::http {

struct MetricsQuery {
  bool full = false;
  std::string topic;  // only this one's series; empty: all
  std::string group;
};

// A daemon, as it lets itself be looked at.
class Observed {
 public:
  struct Loop {
    std::string name;
    Executor* loop;
  };
  virtual ~Observed() = default;

  // Those that must turn. They must outlive the port. Any thread.
  virtual std::vector<Loop> loops() = 0;
  // On the first of loops(): copies what may be seen there only.
  virtual void look() = 0;
  // On the port's thread, after look() (unless the loop hangs: then what it copied last counts).
  virtual void collect(const MetricsQuery& query, Exposition& into) = 0;
  virtual Health ready() = 0;
  // On the port's thread; also while the first loop is busy with starting.
  virtual Health startup() = 0;
};

struct OperationsOptions {
  Duration scrape_limit = std::chrono::seconds(1);  // what a loop has for its task
  Duration live_limit = std::chrono::seconds(3);
};

// Leaves the address in `directory`/metrics.address, for tools on this machine: with port 0 nobody
// else knows it. The directory is made if it is not there.
absl::Status write_address(const std::string& directory, const Endpoint& endpoint);

class OperationsPort {
 public:
  static absl::StatusOr<std::unique_ptr<OperationsPort>> start(
      const Endpoint& at, std::shared_ptr<Observed> observed,
      const OperationsOptions& options = {});
  // Joins the thread. Before the loops of the daemon are destroyed.
  virtual ~OperationsPort() = default;
  virtual Endpoint endpoint() const = 0;
};

}  // namespace barnabas::http
