// Plants what BARNABAS_PLANT names in a test that knows nothing of it, for as long as it runs, and
// says at its end how often the mistake had its moment (tests/rules).

#include <cstdio>
#include <cstdlib>

#include "common/sim/probes.h"

namespace barnabas {
namespace {

class PlantedByEnvironment {
 public:
  PlantedByEnvironment() {
    const char* mistake = std::getenv("BARNABAS_PLANT");
    if (mistake == nullptr) return;
    static const Planted planted(mistake);
    std::atexit([] {
      std::fprintf(stderr, "planted: had its moment %llu times\n",
                   static_cast<unsigned long long>(Planted::moments()));
    });
  }
};
const PlantedByEnvironment planted_by_environment;

}  // namespace
}  // namespace barnabas
