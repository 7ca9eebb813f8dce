#include "common/net/grpc_queue.h"

#include <pthread.h>

#include <mutex>
#include <utility>

namespace barnabas {

GrpcQueue::GrpcQueue(std::unique_ptr<grpc::CompletionQueue> queue, const std::string& thread_name)
    : queue_(std::move(queue)) {
  thread_ = std::thread([this, thread_name] {
    ::pthread_setname_np(::pthread_self(), thread_name.c_str());
    run();
  });
}

void GrpcQueue::run() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) {
    const std::unique_ptr<Completion> completion(static_cast<Completion*>(tag));
    (*completion)(ok);
  }
}

void GrpcQueue::refuse() {
  const std::unique_lock lock(mutex_);
  shut_ = true;
}

void GrpcQueue::shut() {
  if (!thread_.joinable()) return;
  refuse();
  queue_->Shutdown();
  thread_.join();
}

}  // namespace barnabas
