// Which addresses lie in the same network, and which guesses about them have been told already.

#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "common/mutex.h"

namespace barnabas::api {

// Whether both are addresses in numbers, of one family, and agree in their first `prefix` bits.
bool in_same_network(std::string_view one, std::string_view other, int prefix);
// "10.1.2.0/24": the network of an address; the text itself if it is none in numbers.
std::string network_of(std::string_view address, int prefix);

// Each pair is new once; at most some hundreds are remembered, for strangers choose the networks.
class GuessLog {
 public:
  bool is_new(const std::string& listener, const std::string& network);

 private:
  Mutex mutex_;
  std::set<std::pair<std::string, std::string>> told_ GUARDED_BY(mutex_);
};

}  // namespace barnabas::api
