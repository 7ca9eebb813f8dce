#include "common/net/resolver.h"

namespace barnabas {

void Resolver::resolve(const Endpoint& endpoint, Executor& executor, Done done) {
  if (auto numeric = numeric_address(endpoint)) {
    executor.post([done = std::move(done), address = *numeric]() mutable {
      done(std::vector<SocketAddress>{address});
    });
    return;
  }
  MutexLock lock(mutex_);
  if (thread_ == nullptr) thread_ = std::make_unique<LoopThread>("resolver");
  thread_->loop().post([endpoint, &executor, done = std::move(done)]() mutable {
    executor.post([done = std::move(done), found = look_up_addresses(endpoint)]() mutable {
      done(std::move(found));
    });
  });
}

}  // namespace barnabas
