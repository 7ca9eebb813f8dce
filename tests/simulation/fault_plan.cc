#include "tests/simulation/fault_plan.h"

namespace barnabas::simulation {
namespace {

Duration up_to(Random& random, Duration most) {
  return Duration(1 + static_cast<int64_t>(random.below(static_cast<uint64_t>(most.count()))));
}

}  // namespace

std::vector<PlannedFault> plan_faults(const SwarmOptions& options) {
  std::vector<PlannedFault> plan;
  if (options.faults.empty()) return plan;
  const auto random = seeded_random(options.seed)->fork("fault plan");
  const Duration end = options.safety_phase + options.calm_phase;
  Duration at = options.between_faults;
  while (at < end) {
    PlannedFault fault;
    fault.number = static_cast<int>(plan.size()) + 1;
    fault.at = at;
    fault.kind = options.faults[random->below(options.faults.size())];
    fault.who = random->next();
    fault.other = random->next();
    fault.more = random->next();
    fault.length = up_to(*random, options.fault_length_max);
    plan.push_back(fault);
    const bool calm = at >= options.safety_phase;
    at += up_to(*random, 2 * (calm ? options.calm_between_faults : options.between_faults));
  }
  return plan;
}

}  // namespace barnabas::simulation
