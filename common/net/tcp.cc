#include "common/net/tcp.h"

#include <glog/logging.h>

#include <utility>

#include "common/net/probe.h"
#include "common/net/resolver.h"
#include "common/net/tcp_link.h"
#include "common/net/tcp_listener.h"

namespace barnabas {
namespace {

EventLoop& event_loop(Executor& executor) {
  auto* loop = dynamic_cast<EventLoop*>(&executor);
  CHECK(loop != nullptr) << "the TCP transport works on EventLoops only";
  return *loop;
}

}  // namespace

struct TcpTransport::Shared {
  explicit Shared(TcpOptions o)
      : options(o),
        admission(std::make_shared<Admission>(o.max_connections, o.max_connections_per_ip)) {}
  const TcpOptions options;
  const std::shared_ptr<Admission> admission;
  Resolver resolver;
};

TcpTransport::TcpTransport(TcpOptions options) : shared_(std::make_unique<Shared>(options)) {}
TcpTransport::~TcpTransport() = default;

size_t TcpTransport::connections() const { return shared_->admission->count(); }

absl::StatusOr<std::unique_ptr<Listening>> TcpTransport::listen(const Endpoint& at,
                                                                std::vector<Channel> channels,
                                                                std::vector<Executor*> loops,
                                                                Accept accept) {
  CHECK(!loops.empty() && !channels.empty());
  std::vector<EventLoop*> event_loops;
  for (Executor* loop : loops) event_loops.push_back(&event_loop(*loop));
  return listen_tcp(at, channels.front(), std::move(event_loops), shared_->options,
                    shared_->admission, std::move(accept));
}

LinkPtr TcpTransport::dial(const Endpoint& to, Channel, Executor& executor, LinkSink& sink) {
  auto link = std::make_unique<TcpLink>(event_loop(executor), shared_->options, to, sink);
  if (const auto numeric = numeric_address(to)) {
    link->connect_to({*numeric});
    return link;
  }
  shared_->resolver.resolve(to, executor, [self = link->self()](Resolver::Addresses found) {
    if (*self == nullptr) return;
    if (found.ok()) {
      (*self)->connect_to(*std::move(found));
    } else {
      LOG(WARNING) << found.status().message();
      (*self)->fail(Close::kTimeout);
    }
  });
  return link;
}

void TcpTransport::probe(const Endpoint& to, Executor& executor, ProbeDone done) {
  EventLoop& loop = event_loop(executor);
  shared_->resolver.resolve(to, executor,
                            [&loop, timeout = shared_->options.probe_timeout,
                             done = std::move(done)](Resolver::Addresses found) mutable {
                              if (!found.ok()) return done(Probe::kUnknown);
                              probe_tcp(*std::move(found), loop, timeout, std::move(done));
                            });
}

}  // namespace barnabas
