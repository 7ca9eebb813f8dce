// The random seam. Protocol code draws only from a Random that it was given: the daemons pass one
// seeded by the kernel, the simulator one made from the run's seed, so that a run can be repeated.

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace barnabas {

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;
  // A stream of its own, fixed by this stream's seed and `name` alone: a draw added in one
  // stream does not shift the others.
  virtual std::unique_ptr<Random> fork(std::string_view name) = 0;

  // Uniform in [0, below); `below` must not be 0.
  uint64_t below(uint64_t below) { return next() % below; }
  // True with probability `percent` / 100.
  bool chance(uint32_t percent) { return below(100) < percent; }
};

// xoshiro256** seeded through splitmix64. Not for secrets.
std::unique_ptr<Random> seeded_random(uint64_t seed);
// Seeded by the kernel; for the composition roots only.
std::unique_ptr<Random> system_random();

}  // namespace barnabas
