// A completion queue of gRPC with the one thread that empties it.
//
// Operations are started through start(), which refuses after shut(): starting one on a queue that
// is shut down would abort the process, and links may still try while everything is going down.

#pragma once

#include <absl/functional/any_invocable.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <shared_mutex>
#include <string>
#include <thread>

namespace barnabas {

class GrpcQueue {
 public:
  // Runs on the queue's thread when the operation is over; it must only hand on.
  using Completion = absl::AnyInvocable<void(bool ok)>;

  GrpcQueue(std::unique_ptr<grpc::CompletionQueue> queue, const std::string& thread_name);
  ~GrpcQueue() { shut(); }

  grpc::CompletionQueue* get() { return queue_.get(); }

  // Calls `operation(tag)` unless the queue is shut (or about to be); then returns false.
  template <class Operation>
  bool start(Completion completion, Operation operation) {
    std::shared_lock lock(mutex_);
    if (shut_) return false;
    operation(static_cast<void*>(new Completion(std::move(completion))));
    return true;
  }

  // No operation starts after this. Those under way must be ended by their owners.
  void refuse();
  // Waits for the operations under way and joins the thread. Idempotent.
  void shut();

 private:
  void run();

  const std::unique_ptr<grpc::CompletionQueue> queue_;
  std::shared_mutex mutex_;
  bool shut_ = false;
  std::thread thread_;
};

}  // namespace barnabas
