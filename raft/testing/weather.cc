#include "raft/testing/weather.h"

#include <array>

namespace barnabas::raft::testing {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Weather draw_weather(Random& random) {
  Weather weather;
  constexpr std::array<size_t, 5> kSizes{3, 3, 3, 5, 1};
  weather.voters = kSizes[random.below(kSizes.size())];
  weather.network.min_delay = microseconds(50);
  weather.network.max_delay = microseconds(100 + random.below(random.chance(30) ? 50000 : 2000));
  weather.network.loss_percent = static_cast<uint32_t>(random.chance(50) ? random.below(31) : 0);
  weather.network.duplicate_percent = static_cast<uint32_t>(random.below(30));
  weather.network.slow_percent = static_cast<uint32_t>(random.below(10));
  weather.network.slow_delay = milliseconds(10 + random.below(3000));
  weather.slowest_sync = microseconds(500 + random.below(random.chance(30) ? 200000 : 8000));
  weather.crash_percent = static_cast<uint32_t>(random.below(30));
  weather.crash_in_step_per_10k = static_cast<uint32_t>(random.chance(60) ? random.below(15) : 0);
  weather.partition_percent = static_cast<uint32_t>(random.below(40));
  weather.false_close_percent = static_cast<uint32_t>(random.below(20));
  weather.flip_percent = static_cast<uint32_t>(random.chance(50) ? random.below(80) : 0);
  weather.unrest_every = random.chance(40) ? milliseconds(20 + random.below(60))
                                           : milliseconds(50 + random.below(400));
  weather.propose_every = milliseconds(2 + random.below(40));
  weather.snapshot_every = static_cast<int64_t>(5 + random.below(60));
  weather.spares = random.below(3);
  weather.wipe_percent = static_cast<uint32_t>(random.chance(50) ? random.below(20) : 0);
  weather.operator_every = random.chance(75)
                               ? milliseconds(30 + random.below(random.chance(50) ? 100 : 900))
                               : Duration{0};
  if (weather.operator_every.count() == 0) weather.wipe_percent = 0;
  return weather;
}

}  // namespace barnabas::raft::testing
