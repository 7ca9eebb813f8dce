#include "common/random.h"

#include <bit>
#include <random>

namespace barnabas {
namespace {

uint64_t splitmix(uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

uint64_t fnv1a(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  return hash;
}

class Xoshiro final : public Random {
 public:
  explicit Xoshiro(uint64_t seed) : seed_(seed) {
    uint64_t state = seed;
    for (uint64_t& word : s_) word = splitmix(state);
  }
  uint64_t next() override {
    const uint64_t result = std::rotl(s_[1] * 5, 7) * 9;
    const uint64_t t = s_[1] << 17;
    s_[2] ^= s_[0];
    s_[3] ^= s_[1];
    s_[1] ^= s_[2];
    s_[0] ^= s_[3];
    s_[2] ^= t;
    s_[3] = std::rotl(s_[3], 45);
    return result;
  }
  std::unique_ptr<Random> fork(std::string_view name) override {
    uint64_t mixed = seed_ ^ fnv1a(name);
    return seeded_random(splitmix(mixed));
  }

 private:
  const uint64_t seed_;
  uint64_t s_[4];
};

}  // namespace

std::unique_ptr<Random> seeded_random(uint64_t seed) { return std::make_unique<Xoshiro>(seed); }

std::unique_ptr<Random> system_random() {
  std::random_device device;
  return seeded_random((uint64_t{device()} << 32) | device());
}

}  // namespace barnabas
