#include "common/sim/probes.h"

#include <utility>

#include "common/probe.h"

namespace barnabas {
namespace {

struct Probes {
  std::string mistake;
  uint64_t moments = 0;
  std::map<std::string, uint64_t, std::less<>> branches;
};

Probes& probes() {
  static Probes probes;
  return probes;
}

}  // namespace

Planted::Planted(std::string mistake) {
  probes().mistake = std::move(mistake);
  probes().moments = 0;
}

Planted::~Planted() { probes().mistake.clear(); }

uint64_t Planted::moments() { return probes().moments; }

std::map<std::string, uint64_t, std::less<>> reached_branches() { return probes().branches; }

// In the place of what common/probe.cc does.
bool planted(std::string_view mistake) {
  if (probes().mistake.empty() || probes().mistake != mistake) return false;
  ++probes().moments;
  return true;
}

void reached(std::string_view branch) {
  auto& branches = probes().branches;
  const auto found = branches.find(branch);
  if (found != branches.end()) {
    ++found->second;
  } else {
    branches.emplace(branch, 1);
  }
}

}  // namespace barnabas
