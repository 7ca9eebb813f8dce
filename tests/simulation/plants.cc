#include "tests/simulation/plants.h"

namespace barnabas::simulation {
namespace {

// What needs none of the clients' coming and going, nor the calm.
#define PLAIN "churn=0,groups=0,risky=0,operations=none,calm_ms=0"

// Leaderships that move, by death and by sleep, over slow disks.
constexpr char kMoves[] =
    "faults=power-broker+kill-broker+power-all+pause-broker,between_faults_ms=300,"
    "sync_us=5000," PLAIN;
// Brokers that are gone and back before anybody has noticed.
constexpr char kBlinks[] =
    "faults=kill-broker+power-broker,between_faults_ms=250,fault_length_ms=60,sync_us=2000," PLAIN;
// Leaders that others believe dead.
constexpr char kCuts[] =
    "faults=isolate+partition+cut-one-way+pause-broker+break-links,between_faults_ms=300," PLAIN;
constexpr char kWipes[] =
    "faults=wipe-broker+kill-broker,between_faults_ms=400,fault_length_ms=600," PLAIN;
// Disks that fail once, and power cuts that show what was on them.
constexpr char kBadDisks[] =
    "faults=fail-syncs+power-broker+power-all,between_faults_ms=200,sync_us=3000," PLAIN;
// Disks that are behind, and power cuts.
constexpr char kSlowDisks[] =
    "faults=slow-disk+power-broker+power-all+hang-disk,between_faults_ms=300,sync_us=5000,"
    "min_isr=1," PLAIN;
// In-sync sets that shrink to one, whose machine loses its power.
constexpr char kThinSets[] =
    "faults=power-broker+kill-broker+thin-out+isolate,between_faults_ms=300,sync_us=5000,"
    "min_isr=2," PLAIN;
// Controllers that come and go while topics do.
constexpr char kControllers[] =
    "faults=kill-active+power-controller+partition+kill-controller+isolate,between_faults_ms=250,"
    "groups=0,risky=0,operations=none,calm_ms=0";

#undef PLAIN

}  // namespace

const std::vector<Plant> kPlants = {
    {"controller: a new incarnation keeps its leaderships", kBlinks},
    {"controller: elects in another decision than it fences", kBlinks},
    {"controller: elects outside the in-sync set", kMoves},
    {"controller: forgets what was asked before", kControllers},
    {"controller: gives producer ids out twice", kBlinks},
    {"controller: trusts a wiped directory", kWipes},
    {"partition: a duplicate is answered at once", kMoves},
    {"partition: a follower never hears that it diverges", kMoves},
    {"partition: admits by the end of the log", kSlowDisks},
    {"partition: answers when the leader has it", kMoves},
    {"partition: consumers read beyond the high watermark", kMoves},
    {"partition: counts what is not on disk", kMoves},
    {"partition: forgets its producers at a restart", kMoves},
    {"partition: remembers what producers wrote and truncation took", kMoves},
    {"partition: takes any sequence", kMoves},
    {"partition: the fastest replica is enough", kMoves},
    {"partition: the high watermark moves below min in sync", kThinSets},
    {"partition: truncates to the high watermark", kMoves},
    {"partition: trusts a proposed in-sync set", kCuts},
    {"storage: a failed sync counts", kBadDisks},
    {"storage: an old flush completion counts", kSlowDisks},
};

}  // namespace barnabas::simulation
