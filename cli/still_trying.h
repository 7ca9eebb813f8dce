// A word on stderr while a verb takes longer than people wait without one.

#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace barnabas::cli {

class StillTrying {
 public:
  // Every `every`, until it is destroyed. Writes past the streams, which belong to the verb.
  explicit StillTrying(std::chrono::milliseconds every = std::chrono::milliseconds(2000));
  ~StillTrying();
  StillTrying(const StillTrying&) = delete;
  StillTrying& operator=(const StillTrying&) = delete;

 private:
  void speak(std::chrono::milliseconds every);

  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread thread_;
};

}  // namespace barnabas::cli
