// std::mutex with Clang's thread-safety annotations. (absl::Mutex hides races from the thread
// sanitizer; libstdc++'s own mutex carries no annotations.) clang-tidy runs the analysis.

#pragma once

#include <absl/base/thread_annotations.h>

#include <condition_variable>
#include <mutex>

// Abseil's containers define three of these names; ours, for both orders of inclusion.
#undef GUARDED_BY
#undef PT_GUARDED_BY
#undef NO_THREAD_SAFETY_ANALYSIS

#if defined(__clang__)
#define BARNABAS_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define BARNABAS_THREAD_ANNOTATION(x)
#endif

#define GUARDED_BY(x) BARNABAS_THREAD_ANNOTATION(guarded_by(x))
#define PT_GUARDED_BY(x) BARNABAS_THREAD_ANNOTATION(pt_guarded_by(x))
#define REQUIRES(...) BARNABAS_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) BARNABAS_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) BARNABAS_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RELEASE(...) BARNABAS_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS BARNABAS_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace barnabas {

class BARNABAS_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class BARNABAS_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  void wait(Mutex& mutex) REQUIRES(mutex) {
    std::unique_lock<std::mutex> held(mutex.mutex_, std::adopt_lock);
    condition_.wait(held);
    held.release();
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace barnabas
