// Two words that production code has with the simulator that may be running it.
//
//   if (!planted("raft: old terms committed by counting") && term != own) return;
//   reached("raft: a transfer was given up");
//
// planted(): is this known mistake to be made on purpose? A checker that has never seen the mistake
// that it is there for proves nothing, so the simulator plants each one and must catch it.
// reached(): a branch that the simulator's seeds must come through, or they prove less than they
// seem to; tests/simulation/marks.txt lists them.
//
// What stands here does nothing and says no: a daemon has no way to plant a mistake, because the
// switches are not linked into it. common/sim/probes.cc takes both names over in whatever
// links it. Each costs one call of an empty function, so neither belongs into a loop over records.

#pragma once

#include <string_view>

namespace barnabas {

bool planted(std::string_view mistake);
void reached(std::string_view branch);

}  // namespace barnabas
