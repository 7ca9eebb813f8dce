#include "cli/still_trying.h"

#include <unistd.h>

#include <string>

#include "cli/duration.h"

namespace barnabas::cli {

StillTrying::StillTrying(std::chrono::milliseconds every)
    : thread_([this, every] { speak(every); }) {}

StillTrying::~StillTrying() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void StillTrying::speak(std::chrono::milliseconds every) {
  std::unique_lock lock(mutex_);
  for (auto waited = every; !ended_.wait_for(lock, every, [this] { return end_; });
       waited += every) {
    const std::string word = "still trying after " + text_of(waited) + " ...\n";
    if (write(STDERR_FILENO, word.data(), word.size()) < 0) return;
  }
}

}  // namespace barnabas::cli
